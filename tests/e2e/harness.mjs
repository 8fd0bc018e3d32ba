// What the end-to-end tests share: the simulated network and the bridge as programs, a plain static server, and Chrome.
// Where the programs and the built files lie comes from the environment, which `cargo xtask test e2e` sets.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { createServer as createSocketServer } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { createInterface } from 'node:readline';
import { test as nodeTest } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** A variable that `cargo xtask` sets. */
export function env(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests with \`cargo xtask test e2e\``);
  return value;
}

const { chromium } = createRequire(join(env('E2E_MODULES'), 'harness.cjs'))('playwright-core');

/** A test that may take two minutes. */
export const test = (name, body) => nodeTest(name, { timeout: 120_000 }, body);

/** The largest number of headers that one message brings, and so that a reload may cost. */
export const BATCH = 8_000;

/** How Chrome is started wherever it is. */
export const CHROME_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Stands in for a test's context in scripts: collects what is to be ended, and ends it. */
export function scope() {
  const ends = [];
  return {
    after: end => ends.push(end),
    end: async () => {
      for (const end of ends.reverse()) await end();
    },
  };
}

/** Starts a program; what it says on stderr is kept and shown when it ends by itself. */
function start(program, args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stopping = false;
  let stderr = '';
  child.stderr.on('data', data => {
    stderr = (stderr + data).slice(-20_000);
  });
  const ended = new Promise(resolve => child.once('close', resolve));
  ended.then(code => {
    if (!stopping) console.error(`${program} ended with ${code}\n${stderr}`);
  });
  const stop = async () => {
    stopping = true;
    child.kill('SIGKILL');
    await ended;
  };
  return { child, ended, stop, stderr: () => stderr };
}

/** A simulated network of TCP peers. */
export async function simnet(
  t,
  { peers = 3, height = 50_000, seed = 1, network = 'regtest', intervalMs = 0, args = [] } = {},
) {
  const program = start(env('E2E_SIMNET'), [
    '--peers',
    `${peers}`,
    '--height',
    `${height}`,
    '--seed',
    `${seed}`,
    '--network',
    network,
    '--interval-ms',
    `${intervalMs}`,
    '--control',
    '127.0.0.1:0',
    ...args,
  ]);
  t.after(program.stop);
  const lines = createInterface({ input: program.child.stdout })[Symbol.asyncIterator]();
  const first = await Promise.race([lines.next(), program.ended.then(() => ({ value: undefined }))]);
  if (!first.value) throw new Error(`dash-simnet did not start: ${program.stderr()}`);
  const ready = JSON.parse(first.value);
  const control = async (method, path) => {
    const response = await fetch(`${ready.control}${path}`, { method });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    const text = await response.text();
    return text ? JSON.parse(text) : null;
  };
  return {
    network,
    /** The option `network` of a client. */
    option: ready.option,
    /** The blocks that were asked for as checkpoints: heights and hashes. */
    checkpoints: ready.checkpoints.map(({ height, hash }) => ({ height, hash })),
    peers: ready.peers,
    /** `empty`: leave out the payments that wait. */
    mine: (blocks, { empty = false } = {}) => control('POST', `/mine?blocks=${blocks}&empty=${empty}`),
    /** What is ChainLocked must not be replaced: switch locking off before it is mined. */
    reorg: (depth, blocks, { empty = false } = {}) =>
      control('POST', `/reorg?depth=${depth}&blocks=${blocks}&empty=${empty}`),
    tip: () => control('GET', '/tip'),
    /** What is true as of the tip: masternodes by number, quorums with their keys and members. */
    facts: () => control('GET', '/facts'),
    /** Has the filters of all blocks made: how many there are, and how many bytes they take. */
    filters: () => control('GET', '/filters'),
    /** How many messages of each command the peers have had. */
    served: () => control('GET', '/served'),
    /** Has a payment made and locked by InstantSend at once, and answers its txid. */
    lock: () => control('POST', '/lock'),
    /**
     * Pays an address or a script in hex, and answers `{ txid }`. With masternodes it is locked within two seconds; the
     * next block holds it.
     */
    pay: (to, duffs) => control('POST', `/pay?to=${encodeURIComponent(to)}&duffs=${duffs}`),
    /** What became of the transactions that clients sent: `{ txid, refused, locked, height }` each. */
    submissions: () => control('GET', '/submissions'),
    /** Whether masternodes lock blocks and payments from now on. */
    locking: on => control('POST', `/locking/${on ? 'on' : 'off'}`),
    stop: program.stop,
  };
}

/** A port that nobody listens on just now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createSocketServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** The bridge, restricted to these peers. `serve`: a folder to serve beside it. */
export async function bridge(t, { network = 'regtest', peers, serve, origins = [], port, args = [] }) {
  port ??= await freePort();
  const url = `http://127.0.0.1:${port}`;
  const program = start(env('E2E_BRIDGE'), [
    '--network',
    network,
    '--listen',
    `127.0.0.1:${port}`,
    '--allow-private',
    ...peers.flatMap(peer => ['--peer', peer]),
    ...(serve ? ['--serve', serve] : []),
    ...[url, ...origins].flatMap(origin => ['--allow-origin', origin]),
    ...args,
  ]);
  t.after(program.stop);
  await until('the bridge answers', () =>
    fetch(`${url}/healthz`).then(
      r => r.ok,
      () => false,
    ),
  );
  return { url, port, stop: program.stop };
}

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm', '.css': 'text/css' };

/**
 * A plain static server: `/npm/` is the built package, `/wasm/` what it was made of, `others` further folders by their
 * paths, all else `tests/e2e/pages`.
 */
export async function staticServer(t, others = {}) {
  const roots = {
    ...others,
    '/npm/': env('E2E_PACKAGE'),
    '/wasm/': env('E2E_WASM'),
    '/': fileURLToPath(new URL('pages', import.meta.url)),
  };
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://localhost').pathname);
    const [prefix, root] = Object.entries(roots).find(([prefix]) => path.startsWith(prefix));
    const file = join(root, path.slice(prefix.length));
    try {
      const body = await readFile(file);
      response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** A browser of its own with an empty profile on disk: an incognito window would keep IndexedDB in memory. */
export async function browser(t, options = {}) {
  const profile = await mkdtemp(join(tmpdir(), 'dash-e2e-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: env('E2E_CHROME'),
    headless: true,
    args: CHROME_FLAGS,
    viewport: { width: 1280, height: 900 },
    ...options,
  });
  t.after(async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  return context;
}

/** A new page at this address, with what it complains about on our stderr. */
export async function newPage(context, url) {
  const page = await context.newPage();
  page.on('pageerror', error => console.error(`page: ${error}`));
  await page.goto(url);
  return page;
}

/** A new page on which `openClient` of pages/plain.html is ready. */
export async function plainPage(context, origin) {
  const page = await newPage(context, `${origin}/plain.html`);
  await page.waitForFunction(() => window.ready);
  return page;
}

/** Waits until `check` returns something true, and returns that. */
export async function until(what, check, ms = 60_000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${ms} ms in vain until ${what}`);
    await sleep(50);
  }
}

/** Simulated network, bridge, static server and browser in one: what most tests begin with. */
export async function world(t, options = {}) {
  const net = await simnet(t, options);
  const origin = await staticServer(t);
  const gate = await bridge(t, { network: net.network, peers: net.peers, origins: [origin] });
  const context = await browser(t);
  // A chain of headers alone has no lists that could be proven.
  const phases = { masternodes: options.args?.includes('--masternodes') ?? false };
  return {
    net,
    origin,
    gate,
    context,
    options: { network: net.network, bridges: [gate.url], peers: { target: net.peers.length }, phases },
  };
}
