// Filters in Chrome: searched through the client's compute pool, and a fresh watch over a whole chain, from the bridge to
// IndexedDB. Run by `cargo xtask bench filters`; the last line printed is what was measured, as JSON.

import { parseArgs } from 'node:util';
import { key } from './coins.mjs';
import { browser, env, newPage, scope, simnet, staticServer } from './harness.mjs';
import { measuringPage } from './unwatched.mjs';

const options = Object.fromEntries(
  ['seed', 'rounds', 'height', 'crowd', 'watch-rounds'].map(name => [name, { type: 'string' }]),
);
const { values } = parseArgs({ options });
const [seed, rounds, height, crowd, watchRounds] = Object.keys(options).map(name => Number(values[name]));

/** Addresses that are watched, and how many of them are paid. */
const ADDRESSES = 1_000;
const PAID = 10;
const DUFFS = 100_000_000;

const median = numbers => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** In the page: a search in a worker of its own. */
const search = asked =>
  new Promise((resolve, reject) => {
    const worker = new Worker('/matching.js', { type: 'module' });
    worker.onerror = event => reject(new Error(event.message));
    worker.onmessage = ({ data: { result, error } }) => {
      worker.terminate();
      if (error) reject(new Error(error));
      else resolve(result);
    };
    worker.postMessage(asked);
  });

/** Filters a second in the fastest round with so many compute workers, and the filters that match. */
async function matching(workers) {
  const t = scope();
  try {
    const origin = await staticServer(t, { '/bench/': env('E2E_BENCH') });
    const page = await newPage(await browser(t), `${origin}/bench.html`);
    const { found, filters, times } = await page.evaluate(search, { seed, workers, rounds });
    return { found, perSecond: (filters * 1000) / Math.min(...times) };
  } finally {
    await t.end();
  }
}

/** In the page: from nothing to a synced client, with the addresses watched, if there are any. */
async function follow([options, addresses]) {
  const began = performance.now();
  await window.openClient('client', options);
  const { client } = window.clients;
  const targets = addresses.map(address => ({ address }));
  const watch = targets.length > 0 ? await client.watch(targets, { birthday: 'genesis' }) : null;
  let fastest = 0;
  const looking = setInterval(async () => {
    const { filtersPerSecond } = await client.metrics();
    fastest = Math.max(fastest, filtersPerSecond);
  }, 250);
  const { height } = await client.synced();
  const ms = performance.now() - began;
  clearInterval(looking);
  const { bytesIn, wasmHeapBytes } = await client.metrics();
  const phases = (await client.transitions()).map(({ from, durationMs }) => `${from} ${Math.round(durationMs)} ms`);
  const total = watch ? String((await watch.balance()).total) : '0';
  return { height, ms, bytesIn, memory: wasmHeapBytes, fastest, phases, total, degraded: client.state.degraded };
}

/** One sync from nothing in a fresh profile. */
async function fresh(net, addresses) {
  const t = scope();
  try {
    const { gate, page } = await measuringPage(t, net);
    const options = {
      network: net.network,
      bridges: [gate.url],
      peers: { target: net.peers.length },
      birthday: 'genesis',
      computeWorkers: 1,
      phases: { masternodes: false, filters: addresses.length > 0 },
    };
    const run = await page.evaluate(follow, [options, addresses]);
    const expected = addresses.length > 0 ? PAID * DUFFS : 0;
    if (run.total !== String(expected)) throw new Error(`a balance of ${run.total} instead of ${expected}`);
    if (run.height < height) throw new Error(`synced to height ${run.height} only`);
    const figures = `${Math.round(run.ms)} ms, ${run.bytesIn} bytes, ${run.memory} bytes of memory`;
    const rate = run.fastest > 0 ? `, up to ${Math.round(run.fastest)} filters/s` : '';
    console.log(`${addresses.length} addresses: ${figures}${rate}; ${run.phases.join(', ')}`);
    return run;
  } finally {
    await t.end();
  }
}

/** A fresh watch over a chain, beside a sync of its headers alone. */
async function watching() {
  const t = scope();
  try {
    const net = await simnet(t, { peers: 3, height, args: ['--crowd', `${crowd}`] });
    const addresses = Array.from({ length: ADDRESSES }, () => key().address);
    for (const address of addresses.slice(0, PAID)) {
      await net.pay(address, DUFFS);
      await net.mine(1);
    }
    // Made beforehand, so that the simulator's work does not count.
    const { blocks, bytes } = await net.filters();
    console.log(`${blocks} blocks, ${bytes} bytes of filters`);
    const [plain, watched] = [[], []];
    for (let round = 0; round < watchRounds; round++) {
      plain.push(await fresh(net, []));
      watched.push(await fresh(net, addresses));
    }
    if (watched.some(run => run.fastest === 0)) throw new Error('filters were searched and the metrics deny it');
    const middle = (runs, field) => median(runs.map(run => run[field]));
    return {
      seconds: middle(watched, 'ms') / 1000,
      headerSeconds: middle(plain, 'ms') / 1000,
      bytes: middle(watched, 'bytesIn') - middle(plain, 'bytesIn'),
      filterBytes: bytes,
      memory: Math.max(...watched.map(run => run.memory)),
    };
  } finally {
    await t.end();
  }
}

const [none, one] = [await matching(0), await matching(1)];
if (String(none.found) !== String(one.found)) throw new Error('a compute worker finds other filters');
console.log(`${Math.round(none.perSecond)} filters/s without, ${Math.round(one.perSecond)} with a compute worker`);
const measured = { found: none.found, perSecond: [none.perSecond, one.perSecond], watch: await watching() };
console.log(JSON.stringify(measured));
