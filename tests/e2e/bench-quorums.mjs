// Milliseconds in Chrome to verify both signatures of every quorum that mainnet's recording proves: in batches, and one by
// one by the same library. Run by `cargo xtask bench quorums`; the last line printed is the medians as JSON.

import { parseArgs } from 'node:util';
import { browser, env, newPage, scope, staticServer } from './harness.mjs';

const { values } = parseArgs({ options: { rounds: { type: 'string' } } });

/** In the page: by turns, so that whatever else the machine does falls on both. */
async function measure(rounds) {
  const { recorded } = await import('/recording.js');
  const bench = await recorded();
  bench.fullList();
  bench.prove();
  const quorums = bench.members();
  const times = { batches: [], 'one-by-one': [] };
  const time = (name, what) => {
    const began = performance.now();
    what();
    times[name].push(performance.now() - began);
  };
  for (let round = 0; round < rounds; round++) {
    time('batches', () => bench.verify());
    time('one-by-one', () => bench.verifyOneByOne());
  }
  return { quorums, times };
}

const median = values => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

const t = scope();
try {
  const origin = await staticServer(t, { '/bench/': env('E2E_BENCH'), '/vectors/': env('E2E_VECTORS') });
  const page = await newPage(await browser(t), `${origin}/bench.html`);
  const { quorums, times } = await page.evaluate(measure, Number(values.rounds));
  const medians = Object.entries(times).map(([name, all]) => [name, median(all)]);
  console.log(JSON.stringify({ quorums, ...Object.fromEntries(medians) }));
} finally {
  await t.end();
}
