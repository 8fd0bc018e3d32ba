// Hashes per second in Chrome, in one worker of one page: by the client's X11 and by `dash-pow`, both built for SIMD, in
// alternating rounds. Run by `cargo xtask bench x11`; the last line printed is what was measured, as JSON.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { browser, env, newPage, scope, staticServer } from './harness.mjs';

const { values } = parseArgs({ options: { seed: { type: 'string' }, rounds: { type: 'string' } } });
const [seed, rounds] = [values.seed, values.rounds].map(Number);

const median = numbers => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** In the page: everything, in a worker of its own. */
const hash = asked =>
  new Promise((resolve, reject) => {
    const worker = new Worker('/hashing.js', { type: 'module' });
    worker.onerror = event => reject(new Error(event.message));
    worker.onmessage = ({ data: { result, error } }) => {
      worker.terminate();
      if (error) reject(new Error(error));
      else resolve(result);
    };
    worker.postMessage(asked);
  });

const t = scope();
try {
  const vectors = env('E2E_VECTORS');
  const recorded = JSON.parse(await readFile(join(vectors, 'index.json'), 'utf8'));
  const origin = await staticServer(t, { '/bench/': env('E2E_BENCH'), '/vectors/': vectors });
  const page = await newPage(await browser(t), `${origin}/bench.html`);
  const asked = { seed, rounds, vectors: 'x11.json', headers: recorded.map(({ file }) => file) };
  const { checked, count, times } = await page.evaluate(hash, asked);
  console.log(
    `as dash-pow has it: ${checked.vectors} vectors and ${checked.random} random inputs (seed ${seed}) in batches of ` +
      `1 to 8 each, ${checked.headers} recorded headers`,
  );
  const medians = Object.entries(times).map(([way, all]) => [way, (count * 1000) / median(all)]);
  console.log(JSON.stringify(Object.fromEntries(medians)));
} finally {
  await t.end();
}
