// Milliseconds in Chrome to prove mainnet's recorded list and quorums, beside @noble/curves in the same page.
// Run by `cargo xtask bench masternodes`; the last line printed is the medians as JSON.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { browser, env, newPage, scope, staticServer } from './harness.mjs';

const { values } = parseArgs({
  options: { rounds: { type: 'string' }, 'short-runs': { type: 'string' }, batch: { type: 'string' } },
});
const [rounds, shortRuns, batch] = [values.rounds, values['short-runs'], values.batch].map(Number);

const modules = env('E2E_MODULES');
const built = join(env('E2E_OUT'), 'bench');

/** The JavaScript library as one module that a page can load. */
async function bundle() {
  const { build } = createRequire(join(modules, 'bench.cjs'))('esbuild');
  await build({
    stdin: { contents: "export { bls12_381 } from '@noble/curves/bls12-381.js';", resolveDir: modules },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    outfile: join(built, 'noble.js'),
    logLevel: 'warning',
  });
}

/** In the page: everything, `rounds` times; milliseconds by name, each a list. */
async function measure([rounds, shortRuns, batch]) {
  const { recorded } = await import('/recording.js');
  const { bls12_381 } = await import('/built/noble.js');
  const bench = await recorded();

  const times = {};
  const time = (name, by, what) => {
    const began = performance.now();
    const result = what();
    times[name] ??= [];
    times[name].push((performance.now() - began) / by);
    return result;
  };

  const { longSignatures: scheme } = bls12_381;
  const dst = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_';
  const noble = signed => {
    const [key, message, signature] = [signed.slice(0, 48), signed.slice(48, 80), signed.slice(80)];
    return scheme.verify(signature, scheme.hash(message, dst), key);
  };

  let [masternodes, quorums] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    masternodes = bench.fullList();
    time('qrinfo-lists', 1, () => bench.prove());
    quorums = time('qrinfo-members', 1, () => bench.members());
    time('qrinfo-signatures', 1, () => bench.verify());
    const signed = bench.signature();
    const other = signed.slice();
    other[50] ^= 1;
    if (noble(other)) throw new Error('the baseline takes any message');
    for (let run = 0; run < shortRuns; run++) {
      time('full-list', 1, () => bench.fullList());
      time('bls-alone', 1, () => bench.verifySignatures(1));
      time('bls-in-32', batch, () => bench.verifySignatures(batch));
      if (!time('noble-bls', 1, () => noble(signed))) throw new Error('the baseline refuses the signature');
    }
  }
  const steps = ['qrinfo-lists', 'qrinfo-members', 'qrinfo-signatures'];
  times.qrinfo = times[steps[0]].map((_, round) => steps.reduce((sum, step) => sum + times[step][round], 0));
  return { times, masternodes, quorums };
}

const median = values => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

const t = scope();
try {
  await bundle();
  const origin = await staticServer(t, {
    '/bench/': env('E2E_BENCH'),
    '/built/': built,
    '/vectors/': env('E2E_VECTORS'),
  });
  const page = await newPage(await browser(t), `${origin}/bench.html`);
  const { times, masternodes, quorums } = await page.evaluate(measure, [rounds, shortRuns, batch]);
  console.log(`${masternodes} masternodes, ${quorums} quorums`);
  const medians = Object.entries(times).map(([name, all]) => [name, median(all)]);
  console.log(JSON.stringify(Object.fromEntries(medians)));
} finally {
  await t.end();
}
