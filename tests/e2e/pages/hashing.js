// A worker that hashes headers by the client's X11 and by `dash-pow`, in turn: answers with what was compared beforehand,
// how many hashes a round has, and the milliseconds of each round. Whatever differs is an error.

import init, { X11Rounds } from '/bench/dash_spv_bench.js';

/** Rounds before those that count, in which the browser compiles. */
const WARM_UP = 5;

async function bytes(file) {
  const response = await fetch(`/vectors/${file}`);
  if (!response.ok) throw new Error(`${file}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function measure({ seed, rounds, vectors, headers }) {
  await init();
  const hashing = new X11Rounds(seed);
  const checked = { vectors: hashing.checkVectors(await bytes(vectors)), headers: 0 };
  for (const file of headers) checked.headers += hashing.checkHeaders(await bytes(file));
  checked.random = hashing.checkRandom();

  const ways = { ours: [], reference: [], oneByOne: [] };
  const expected = String(hashing.reference());
  for (let round = 0; round < WARM_UP + rounds; round++) {
    for (const [way, times] of Object.entries(ways)) {
      const began = performance.now();
      const sum = hashing[way]();
      const took = performance.now() - began;
      if (String(sum) !== expected) throw new Error(`round ${round}: ${way} hashes to something else`);
      if (round >= WARM_UP) times.push(took);
    }
  }
  return { checked, count: hashing.count(), times: ways };
}

addEventListener('message', ({ data }) => {
  measure(data).then(
    result => postMessage({ result }),
    error => postMessage({ error: String(error) }),
  );
});
