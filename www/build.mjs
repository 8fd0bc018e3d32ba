/**
 * Builds the npm package and the demo page.
 *
 *   node build.mjs --wasm DIR --out DIR [--demo DIR] [--version X.Y.Z]
 *
 * DIR of --wasm holds what `wasm-bindgen --target web` wrote: dash_spv_wasm.js and dash_spv_wasm_bg.wasm.
 */

import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const WASM = 'dash_spv_wasm_bg.wasm';

const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['es2022'],
  legalComments: 'none',
  logLevel: 'warning',
};

/**
 * wasm-bindgen keeps its instance in variables of its module, one for good. Wrapped in a function, each call gives
 * bindings of their own, so that an instance that trapped can be replaced without replacing its thread.
 */
function glue(wasmDir) {
  return {
    name: 'glue',
    setup(plugin) {
      plugin.onResolve({ filter: /^dash-spv-wasm-glue$/ }, ({ path }) => ({ path, namespace: 'glue' }));
      plugin.onLoad({ filter: /.*/, namespace: 'glue' }, async () => {
        const entry = join(wasmDir, 'dash_spv_wasm.js');
        const { outputFiles } = await build({
          entryPoints: [entry],
          bundle: true,
          format: 'cjs',
          write: false,
          logLevel: 'error',
          // The bindings' own way to find the wasm; ours is in worker.ts.
          define: { 'import.meta.url': '""' },
        });
        const code = outputFiles[0].text;
        return {
          contents: `export function bindings() { const module = { exports: {} };\n${code}\nreturn module.exports; }`,
          loader: 'js',
          watchFiles: [entry],
        };
      });
    },
  };
}

/** The demo imports the package as a page without a bundler does. */
const packageBeside = {
  name: 'package-beside',
  setup(plugin) {
    plugin.onResolve({ filter: /^dash-spv-wasm$/ }, () => ({ path: './index.js', external: true }));
  },
};

export async function buildPackage({ wasm, out, version }) {
  await mkdir(out, { recursive: true });
  await build({
    ...common,
    entryPoints: ['src/index.ts'],
    outfile: join(out, 'index.js'),
    external: ['./worker.js'],
    define: { PACKAGE_VERSION: JSON.stringify(version) },
  });
  await build({ ...common, entryPoints: ['src/worker.ts'], outfile: join(out, 'worker.js'), plugins: [glue(wasm)] });
  const declarations = await readFile(join(here, 'src/api.d.ts'), 'utf8');
  // `AsyncDisposable` is in no default library yet.
  await writeFile(join(out, 'index.d.ts'), `/// <reference lib="esnext.disposable" />\n${declarations}`);
  await copyFile(join(wasm, WASM), join(out, WASM));
  const manifest = {
    name: 'dash-spv-wasm',
    version,
    description: 'A Dash light client for web pages that proves everything it reports',
    license: 'MIT OR Apache-2.0',
    keywords: ['dash', 'spv', 'light-client', 'wasm', 'wallet'],
    type: 'module',
    main: './index.js',
    types: './index.d.ts',
    exports: {
      '.': { types: './index.d.ts', default: './index.js' },
      './worker': './worker.js',
      './wasm': `./${WASM}`,
      './package.json': './package.json',
    },
    files: ['index.js', 'index.d.ts', 'worker.js', WASM, 'README.md', 'LICENSE-MIT', 'LICENSE-APACHE'],
    // The worker's script starts itself.
    sideEffects: ['./worker.js'],
  };
  await writeFile(join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

export async function buildDemo({ from, demo }) {
  await mkdir(demo, { recursive: true });
  await build({ ...common, entryPoints: ['demo/demo.ts'], outfile: join(demo, 'demo.js'), plugins: [packageBeside] });
  await build({ ...common, entryPoints: ['demo/demo.css'], outfile: join(demo, 'demo.css') });
  await copyFile(join(here, 'demo/index.html'), join(demo, 'index.html'));
  if (resolve(from) === resolve(demo)) return;
  for (const file of ['index.js', 'worker.js', WASM]) await copyFile(join(from, file), join(demo, file));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      wasm: { type: 'string' },
      out: { type: 'string' },
      demo: { type: 'string' },
      version: { type: 'string', default: '0.0.0' },
    },
  });
  if (!values.wasm || !values.out) {
    console.error('usage: node build.mjs --wasm DIR --out DIR [--demo DIR] [--version X.Y.Z]');
    process.exit(2);
  }
  await buildPackage({ wasm: resolve(values.wasm), out: resolve(values.out), version: values.version });
  if (values.demo) await buildDemo({ from: resolve(values.out), demo: resolve(values.demo) });
}
