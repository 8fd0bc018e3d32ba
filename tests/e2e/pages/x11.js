// A worker that measures how fast X11 alone is here: headers per second through the exported `compute`, in batches of
// the size that the client uses. Posts the rate, then has nothing more to do.

import init, { compute } from '/wasm/dash_spv_wasm.js';

const BATCH = 2_000;
const HEADER = 80;
const WARM_UP_MS = 500;
const MEASURED_MS = 2_000;

// The encoding of work for compute workers: kind 1, then headers to hash.
const work = new Uint8Array(1 + BATCH * HEADER);
work[0] = 1;
const view = new DataView(work.buffer);
let nonce = 0;

function hashFor(ms) {
  const began = performance.now();
  let hashed = 0;
  while (performance.now() - began < ms) {
    for (let i = 0; i < BATCH; i++) view.setUint32(1 + i * HEADER + 76, nonce++, true);
    compute(work);
    hashed += BATCH;
  }
  return (hashed * 1000) / (performance.now() - began);
}

await init();
hashFor(WARM_UP_MS);
postMessage(hashFor(MEASURED_MS));
