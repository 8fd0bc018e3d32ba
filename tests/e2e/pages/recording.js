// The recording of mainnet, loaded into the benchmarks' wasm module.

import init, { Bench } from '/bench/dash_spv_bench.js';

async function bytes(name) {
  const response = await fetch(`/vectors/${name}`);
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** A benchmark that has read the recording. */
export async function recorded() {
  await init();
  const bench = new Bench();
  const manifest = await bytes('manifest.json');
  bench.file('manifest.json', manifest);
  const named = JSON.parse(new TextDecoder().decode(manifest)).map(({ file }) => file);
  for (const name of ['heights_2240504.json', ...named]) bench.file(name, await bytes(name));
  bench.load();
  return bench;
}
