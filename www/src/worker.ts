/**
 * The worker's script: the engine's host and the compute workers are the same file, told apart by their first message.
 * The page imports it too, for `worker: 'none'`. It starts nothing by itself but in a worker of ours.
 */

import { bindings } from 'dash-spv-wasm-glue';
import type { Port } from './engine/compute.ts';
import { type Channel, type Env, type Locks, TIMING } from './engine/env.ts';
import { isInit, type Served, serve } from './engine/serve.ts';
import type { Loaded } from './engine/wasm.ts';
import { spvError } from './errors.ts';
import type { Init, WasmSource } from './protocol.ts';

function instantiate(module: WebAssembly.Module): Loaded['api'] {
  const fresh = bindings();
  fresh.initSync({ module });
  return fresh;
}

async function load(source: WasmSource | null): Promise<Loaded> {
  const module = await compile(source);
  const api = bindings();
  // On a page, some browsers refuse to do this synchronously.
  await api.default({ module_or_path: module });
  return { api, module };
}

async function compile(source: WasmSource | null): Promise<WebAssembly.Module> {
  if (typeof WebAssembly !== 'object') throw spvError('unsupported', 'there is no WebAssembly here');
  if (source && 'module' in source) return source.module;
  const url = source ? new URL(source.url) : new URL('./dash_spv_wasm_bg.wasm', import.meta.url);
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw spvError('worker-crashed', `the wasm file cannot be loaded: ${String(cause)}`, url.href);
  }
  if (!response.ok) throw spvError('worker-crashed', `the wasm file answers ${response.status}`, url.href);
  try {
    // Servers that do not know the type are common.
    if (response.headers.get('content-type') !== 'application/wasm') {
      return await WebAssembly.compile(await response.arrayBuffer());
    }
    return await WebAssembly.compileStreaming(response);
  } catch (cause) {
    throw spvError('unsupported', `the wasm file does not compile here: ${String(cause)}`, url.href);
  }
}

const inWorker =
  typeof (globalThis as { DedicatedWorkerGlobalScope?: unknown }).DedicatedWorkerGlobalScope !== 'undefined';

function environment(): Env {
  return {
    load,
    locks: (navigator as { locks?: Locks }).locks,
    channel: name => (typeof BroadcastChannel === 'function' ? (new BroadcastChannel(name) as Channel) : undefined),
    // By its own address, whatever a bundler made of it.
    nested:
      inWorker && typeof Worker === 'function' ? () => new Worker(self.location.href, { type: 'module' }) : undefined,
    now: () => performance.now(),
    id: Array.from(crypto.getRandomValues(new Uint32Array(4)), part => part.toString(36)).join('-'),
    timing: TIMING,
  };
}

/** Runs on the page's own thread. */
export function serveHere(port: Port, init: Init): Served {
  return serve(port, init, environment(), instantiate);
}

if (inWorker) {
  const port = globalThis as unknown as Port & EventTarget;
  const first = (event: Event) => {
    const { data } = event as MessageEvent<unknown>;
    if (!isInit(data)) return;
    port.removeEventListener('message', first);
    const served = serve(port, data, environment(), instantiate);
    // A trap in a task of the engine's own reaches nobody else. The page sees uncaught errors as the worker's `error`.
    port.addEventListener('unhandledrejection', rejected => {
      const { reason } = rejected as PromiseRejectionEvent;
      if (data.role !== 'engine' || !(reason instanceof WebAssembly.RuntimeError)) return;
      served.kill();
      port.postMessage({ t: 'crashed', message: String(reason) });
    });
  };
  port.addEventListener('message', first);
}
