// A worker in the engine's place: it has filters searched by the client's own pool, with as many compute workers as it is
// told, each of which runs the package's own script. Answers with what was found, how many filters there were, and the
// milliseconds of each round.

import init, { FilterSearch } from '/bench/dash_spv_bench.js';

/** Rounds before those that count, in which the browser compiles. */
const WARM_UP = 2;

/** What the pool asks of its surroundings; `started` has a promise for each compute worker. */
function host(module, started) {
  return {
    event() {},
    log() {},
    superseded() {},
    crashed(message) {
      throw new Error(message);
    },
    computeWorker() {
      const worker = new Worker('/npm/worker.js', { type: 'module' });
      started.push(
        new Promise((resolve, reject) => {
          worker.addEventListener('message', resolve, { once: true });
          worker.addEventListener('error', event => reject(new Error(event.message)), { once: true });
        }),
      );
      worker.postMessage({ tag: 'dash-spv-wasm', role: 'compute', module });
      return worker;
    },
  };
}

async function measure({ seed, workers, rounds }) {
  await init();
  const module = await WebAssembly.compileStreaming(fetch('/npm/dash_spv_wasm_bg.wasm'));
  const started = [];
  const search = new FilterSearch(seed, host(module, started), workers);
  await Promise.all(started);
  if (started.length !== workers) throw new Error(`${started.length} compute workers instead of ${workers}`);
  const times = [];
  let found;
  for (let round = 0; round < WARM_UP + rounds; round++) {
    const began = performance.now();
    found = await search.run();
    if (round >= WARM_UP) times.push(performance.now() - began);
  }
  return { found: [...found], filters: search.filters(), times };
}

addEventListener('message', ({ data }) => {
  measure(data).then(
    result => postMessage({ result }),
    error => postMessage({ error: String(error) }),
  );
});
