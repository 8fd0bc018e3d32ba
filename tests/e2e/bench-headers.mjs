// Headers per second in Chrome, from the bridge to IndexedDB, beside the plain X11 rate of workers in the same page,
// and how long a client takes to open on what it stored. Run by `cargo xtask bench headers`; the last line printed is what
// was measured, as JSON.

import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { coresLeft } from './cpu.mjs';
import { browser, env, newPage, scope, simnet, staticServer } from './harness.mjs';
import { measuringPage } from './unwatched.mjs';

const names = ['short', 'long', 'rounds', 'opens'];
const { values } = parseArgs({ options: Object.fromEntries(names.map(name => [name, { type: 'string' }])) });
const [short, long, rounds, opens] = names.map(name => Number(values[name]));

/** Headers from one checkpoint to the next, as on mainnet. */
const STEP = 28_800;

const median = numbers => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** In the page: X11 hashes per second of so many workers at once, each. */
async function x11(workers) {
  const hash = () =>
    new Promise((resolve, reject) => {
      const worker = new Worker('/x11.js', { type: 'module' });
      worker.onmessage = ({ data }) => {
        worker.terminate();
        resolve(data);
      };
      worker.onerror = event => reject(new Error(event.message));
    });
  const rates = await Promise.all(Array.from({ length: workers }, hash));
  return rates.reduce((sum, rate) => sum + rate) / workers;
}

/**
 * In the page: from nothing to the tip. The header phase lasts from the first peer's handshake until all is proven,
 * stored and confirmed.
 */
async function sync([options]) {
  const began = performance.now();
  await window.openClient('client', options, 'error');
  const { client } = window.clients;
  const tip = await client.synced();
  const total = performance.now() - began;
  const phase = (await client.transitions()).find(({ from, to }) => from === 'headers' && to === 'synced');
  const { wasmHeapBytes, storageBytes } = await client.metrics();
  return { height: tip.height, ms: phase.durationMs, total, memory: wasmHeapBytes, storage: storageBytes };
}

/** In the page: milliseconds until the state says what is stored. */
async function reopen([options, height]) {
  const began = performance.now();
  await window.openClient('client', options, 'error');
  const { client } = window.clients;
  const knows = () => client.state.tip !== null && client.state.tip.height >= height;
  if (!knows()) {
    await new Promise(resolve => {
      const end = client.subscribe(() => {
        if (!knows()) return;
        end();
        resolve();
      });
    });
  }
  return performance.now() - began;
}

/** One sync in a fresh profile, between two looks at the plain rate, and after it so many visits to what it stored. */
async function once(net, name, computeWorkers, visits) {
  const t = scope();
  try {
    const { gate, page } = await measuringPage(t, net);
    const options = {
      network: { regtest: { checkpoints: net.checkpoints } },
      bridges: [gate.url],
      peers: { target: net.peers.length },
      computeWorkers,
      phases: { masternodes: false, filters: false },
    };
    const alone = await page.evaluate(x11, 1);
    const before = await page.evaluate(x11, availableParallelism());
    const ended = await coresLeft();
    const run = await page.evaluate(sync, [options]);
    const { left, used } = await ended();
    // Machines do not run at the same speed all the time.
    const hashes = (before + (await page.evaluate(x11, availableParallelism()))) / 2;
    const rate = (run.height * 1000) / run.ms;
    const figures = [
      `${Math.round(rate)} headers/s beside ${Math.round(hashes)} hashes/s a core, ${Math.round(alone)} on one alone`,
      `${left.toFixed(2)} cores were left and ${used.toFixed(2)} used`,
      `${Math.round(run.ms)} ms, ${Math.round(run.total)} ms with open()`,
      `${(run.memory / 2 ** 20).toFixed(1)} MiB of wasm memory`,
      `${(run.storage / run.height).toFixed(1)} bytes stored a header`,
    ];
    console.log(`${name}: ${figures.join('; ')}`);
    const times = [];
    for (let visit = 0; visit < visits; visit++) {
      await page.reload();
      times.push(await page.evaluate(reopen, [options, run.height]));
    }
    if (visits > 0) console.log(`${name}: opened in ${times.map(Math.round).join(', ')} ms`);
    return { rate, x11: hashes, alone, left, used, memory: run.memory, storage: run.storage, opened: times };
  } finally {
    await t.end();
  }
}

/** The run whose ratio is the median. */
function middle(runs) {
  const ratio = ({ rate, x11, left }) => rate / (x11 * left);
  return runs.toSorted((a, b) => ratio(a) - ratio(b))[Math.floor(runs.length / 2)];
}

async function measure(height, computeWorkers, times, visits = 0) {
  const t = scope();
  try {
    const checkpoints = Array.from({ length: Math.floor(height / STEP) }, (_, at) => `${(at + 1) * STEP}`);
    const args = checkpoints.flatMap(at => ['--checkpoint', at]);
    const net = await simnet(t, { peers: 3, height, args });
    const runs = [];
    for (let round = 0; round < times; round++) {
      const name = `${height} headers, ${computeWorkers} compute workers`;
      runs.push(await once(net, name, computeWorkers, visits));
    }
    const { opened, ...run } = middle(runs);
    return visits > 0 ? { ...run, opened: median(opened) } : run;
  } finally {
    await t.end();
  }
}

/** In the page: microseconds a header that all rules take, but for its hash. */
async function rules([file, firstHeight]) {
  const { default: init, HeaderRules } = await import('/bench/dash_spv_bench.js');
  await init();
  const raw = new Uint8Array(await (await fetch(`/vectors/${file}`)).arrayBuffer());
  const headers = new HeaderRules(raw, firstHeight);
  const times = [];
  for (let round = 0; round < 50; round++) {
    const began = performance.now();
    const count = headers.accept();
    times.push(((performance.now() - began) * 1000) / count);
  }
  return times.sort((a, b) => a - b)[times.length / 2];
}

async function measureRules() {
  const t = scope();
  try {
    const origin = await staticServer(t, { '/bench/': env('E2E_BENCH'), '/vectors/': env('E2E_VECTORS') });
    const page = await newPage(await browser(t), `${origin}/bench.html`);
    const us = await page.evaluate(rules, ['mainnet_1886799_1891798.bin', 1_886_799]);
    console.log(`mainnet's rules: ${us.toFixed(2)} us a header`);
    return us;
  } finally {
    await t.end();
  }
}

const measured = {
  rules: await measureRules(),
  none: await measure(short, 0, rounds),
  one: await measure(short, 1, rounds),
  far: await measure(long, 1, rounds, opens),
};
console.log(JSON.stringify(measured));
