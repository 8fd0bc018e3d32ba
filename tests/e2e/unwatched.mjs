// A browser for what is measured. Playwright has Chrome report all that pages and their workers send and receive, every byte
// in base64, which takes a tenth of the engine's thread while headers stream in. Here Chrome is told to evaluate and to
// load, over the pipe of its DevTools protocol, and reports nothing else.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bridge, CHROME_FLAGS, env, staticServer, until } from './harness.mjs';

/** Chrome with an empty profile on disk, and how to send it a command: `(method, params, session) => result`. */
async function chrome(t) {
  const profile = await mkdtemp(join(tmpdir(), 'dash-bench-'));
  const args = [...CHROME_FLAGS, '--headless', '--remote-debugging-pipe', `--user-data-dir=${profile}`, 'about:blank'];
  // Commands go in at 3 and answers come out at 4, each ended by a zero.
  const child = spawn(env('E2E_CHROME'), args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const [, , , input, output] = child.stdio;
  const waiting = new Map();
  const ended = new Promise(resolve => {
    child.once('error', resolve);
    child.once('close', resolve);
  });
  ended.then(() => {
    for (const { reject } of waiting.values()) reject(new Error('the browser ended'));
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  });

  let rest = '';
  output.setEncoding('utf8').on('data', data => {
    const messages = (rest + data).split('\0');
    rest = messages.pop();
    for (const { id, result, error } of messages.map(JSON.parse)) {
      const asked = waiting.get(id);
      waiting.delete(id);
      if (error) asked?.reject(new Error(error.message));
      else asked?.resolve(result);
    }
  });
  let last = 0;
  return (method, params = {}, sessionId = undefined) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, { resolve, reject });
      input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
}

/**
 * A page at this address in a browser of its own, once it says that it is ready. `evaluate` calls a function in it with
 * one plain argument, waits for what it promises, and answers plain data; `reload` waits until the page is ready again.
 */
export async function unwatchedPage(t, url) {
  const send = await chrome(t);
  const { targetId } = await send('Target.createTarget', { url });
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
  const run = async expression => {
    const how = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails: thrown } = await send('Runtime.evaluate', how, sessionId);
    if (thrown) throw new Error(thrown.exception?.description ?? thrown.text);
    return result.value;
  };
  // While a page gives way to another there is none to ask.
  const ready = () => until('the page is ready', () => run('window.ready').catch(() => false));
  await ready();
  return {
    evaluate: (what, argument) => run(`(${what})(${JSON.stringify(argument) ?? ''})`),
    reload: async () => {
      await run('window.ready = false');
      await send('Page.reload', {}, sessionId);
      await ready();
    },
  };
}

/** That page of the package, and a bridge that holds nothing back. */
export async function measuringPage(t, net) {
  const origin = await staticServer(t);
  const gate = await bridge(t, {
    network: net.network,
    peers: net.peers,
    origins: [origin],
    args: ['--max-down-rate', '0', '--max-new-per-minute', '100000'],
  });
  return { gate, page: await unwatchedPage(t, `${origin}/plain.html`) };
}
