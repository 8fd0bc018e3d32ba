// Headers per second in Chrome, from the bridge to IndexedDB, beside the plain X11 rate of one worker in the same page.
// Run by `cargo xtask bench headers`; the last line printed is the figures as JSON.

import { parseArgs } from 'node:util';
import { measuringPage, scope, simnet } from './harness.mjs';

const { values } = parseArgs({
  options: { short: { type: 'string' }, long: { type: 'string' }, rounds: { type: 'string' } },
});
const [short, long, rounds] = [values.short, values.long, values.rounds].map(Number);

/** The run whose ratio is the median. */
const middle = runs => runs.sort((a, b) => a.rate / a.x11 - b.rate / b.x11)[Math.floor(runs.length / 2)];

/**
 * One sync from nothing in a fresh profile: headers per second of the header phase, which lasts from the first peer's
 * handshake until all is proven, stored and confirmed, and X11 hashes per second of one worker before it.
 */
async function once(net, computeWorkers) {
  const t = scope();
  try {
    const { gate, page } = await measuringPage(t, net);
    const x11 = await page.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const worker = new Worker('/x11.js', { type: 'module' });
          worker.onmessage = ({ data }) => {
            worker.terminate();
            resolve(data);
          };
          worker.onerror = event => reject(new Error(event.message));
        }),
    );
    const sync = await page.evaluate(
      async ([options]) => {
        const began = performance.now();
        await window.openClient('client', options);
        const { client } = window.clients;
        const tip = await client.synced();
        const total = performance.now() - began;
        const phase = (await client.transitions()).find(({ from, to }) => from === 'headers' && to === 'synced');
        return { height: tip.height, ms: phase.durationMs, total };
      },
      [
        {
          network: net.network,
          bridges: [gate.url],
          peers: { target: net.peers.length },
          computeWorkers,
          phases: { masternodes: false },
        },
      ],
    );
    return { x11, rate: (sync.height * 1000) / sync.ms, ...sync };
  } finally {
    await t.end();
  }
}

async function measure(name, height, computeWorkers, times) {
  const t = scope();
  try {
    const net = await simnet(t, { peers: 3, height });
    const runs = [];
    for (let round = 0; round < times; round++) {
      const run = await once(net, computeWorkers);
      const [rate, x11, ms, total] = [run.rate, run.x11, run.ms, run.total].map(Math.round);
      console.log(`${name}: ${rate} headers/s beside ${x11} hashes/s; ${ms} ms, ${total} ms with open()`);
      runs.push(run);
    }
    const { rate: value, x11: baseline } = middle(runs);
    return { name, value, unit: 'headers/s', baseline, ratio: value / baseline };
  } finally {
    await t.end();
  }
}

const none = await measure(`chrome-idb-${short}-0-workers`, short, 0, rounds);
const one = await measure(`chrome-idb-${short}-1-worker`, short, 1, rounds);
const far = await measure(`chrome-idb-${long}-1-worker`, long, 1, 1);
const kept = {
  name: `chrome-idb-${long}-to-${short}`,
  value: far.value,
  unit: 'headers/s',
  baseline: one.value,
  ratio: far.value / one.value,
};
console.log(JSON.stringify([none, one, far, kept]));
