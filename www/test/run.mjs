/** Bundles each test and runs them all: `node --test` of Node 20 reads no TypeScript. */

import { spawnSync } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '../dist/test');
const tests = (await readdir(here)).filter(name => name.endsWith('.test.ts'));
await rm(out, { recursive: true, force: true });
await build({
  entryPoints: tests.map(name => join(here, name)),
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  external: ['./worker.js'],
  platform: 'node',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
});
const files = tests.map(name => join(out, name.replace('.ts', '.mjs')));
// A whole file takes seconds: one that hangs is a failure, not a wait.
const { status } = spawnSync(process.execPath, ['--enable-source-maps', '--test', '--test-timeout=120000', ...files], {
  stdio: 'inherit',
  env: { ...process.env, WWW: join(here, '..') },
});
process.exit(status ?? 1);
