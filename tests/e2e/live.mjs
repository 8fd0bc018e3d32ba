// The demo page against a real node, through the bridge. Run by `cargo xtask live`; prints what was seen.

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bridge, browser, env, newPage, scope } from './harness.mjs';

const { values } = parseArgs({
  options: { network: { type: 'string' }, peer: { type: 'string', multiple: true }, timeout: { type: 'string' } },
});

const t = scope();
let seen = false;
try {
  const gate = await bridge(t, { network: values.network, peers: values.peer, serve: env('E2E_DEMO') });
  const url = `${gate.url}/?network=${values.network}&peers=${values.peer.length}&log=debug`;
  const page = await newPage(await browser(t), url);
  const began = Date.now();
  const report = await page
    .waitForFunction(() => window.client, null, { timeout: 60_000 })
    .then(() =>
      page.evaluate(async ms => {
        const { client } = window;
        const outcome = await client.synced({ signal: AbortSignal.timeout(ms) }).then(
          () => 'synced',
          error => `${error.code}: ${error.message}`,
        );
        const [peers, transitions, metrics] = [
          await client.peers(),
          await client.transitions(),
          await client.metrics(),
        ];
        return { outcome, state: client.state, peers, transitions, metrics };
      }, Number(values.timeout) * 1_000),
    );
  await page.screenshot({ path: join(env('E2E_OUT'), 'live.png'), fullPage: true });
  seen = report.outcome === 'synced';
  const { outcome, state, peers, transitions, metrics } = report;
  console.log(`\n${outcome} after ${((Date.now() - began) / 1_000).toFixed(1)} s`);
  console.log(`tip       ${state.tip.height} ${state.tip.hash} (${state.tip.time.toISOString()})`);
  console.log(`state     ${state.phase}, ${state.network}, target ${state.targetHeight}, degraded: ${state.degraded}`);
  for (const { from, to, reason, height, durationMs } of transitions) {
    console.log(`phase     ${from} -> ${to} at ${height} after ${Math.round(durationMs)} ms: ${reason}`);
  }
  for (const { address, userAgent, protocol, height, rttMs, score } of peers) {
    console.log(
      `peer      ${address} ${userAgent} protocol ${protocol} height ${height} rtt ${rttMs} ms score ${score}`,
    );
  }
  console.log(`requests  ${JSON.stringify(metrics.requests)}, ${metrics.bytesIn} bytes in`);
} finally {
  await t.end();
}
if (!seen) process.exitCode = 1;
