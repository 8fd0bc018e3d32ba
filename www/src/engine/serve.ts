/** What a worker does with its first message: be an engine, compute, or delete a store. */

import { toWire } from '../errors.ts';
import type { DestroyInit, EngineInit, Init, Outcome, ToEngine } from '../protocol.ts';
import { TAG } from '../protocol.ts';
import { type Port, serveCompute } from './compute.ts';
import { Election } from './election.ts';
import type { Env } from './env.ts';
import { Host } from './host.ts';
import type { Loaded } from './wasm.ts';

export interface Served {
  /** Ends at once; for a host on the page's own thread, which cannot be terminated otherwise. */
  kill(): void;
}

export function isInit(data: unknown): data is Init {
  return typeof data === 'object' && data !== null && (data as Partial<Init>).tag === TAG;
}

export function serve(
  port: Port,
  init: Init,
  env: Env,
  instantiate: (module: WebAssembly.Module) => Loaded['api'],
): Served {
  switch (init.role) {
    case 'engine':
      return serveEngine(port, init, env);
    case 'compute':
      serveCompute(init.port ?? port, () => instantiate(init.module));
      return { kill() {} };
    case 'destroy':
      void destroy(init, env).then(outcome => port.postMessage(outcome));
      return { kill() {} };
  }
}

function serveEngine(port: Port, init: EngineInit, env: Env): Served {
  const host = new Host(env, init, (message, transfer) => port.postMessage(message, transfer));
  port.onmessage = event => host.receive(event.data as ToEngine);
  void host.start();
  return { kill: () => host.kill() };
}

/** Asks every client of the store to let go of it, then deletes it under the leader's lock. */
async function destroy(init: DestroyInit, env: Env): Promise<Outcome> {
  try {
    const { api } = await env.load(init.wasm);
    const name = api.store_name(init.network, init.namespace);
    const channel = env.channel(name);
    channel?.postMessage({ t: 'destroy' });
    try {
      await exclusively(env, name, () => api.destroy(init.network, init.namespace));
    } finally {
      channel?.close();
    }
    return { ok: true, value: undefined };
  } catch (thrown) {
    return { ok: false, error: toWire(thrown) };
  }
}

function exclusively(env: Env, name: string, work: () => Promise<void>): Promise<void> {
  const { locks } = env;
  if (!locks) return work();
  return new Promise((resolve, reject) => {
    const election = new Election(locks, name, {
      won: () => {
        clearTimeout(patience);
        work()
          .then(resolve, reject)
          .finally(() => election.resign());
      },
      lost: () => undefined,
      failed: reject,
    });
    // A leader that hangs does not let go by itself.
    const patience = setTimeout(() => election.steal(), env.timing.closeMs);
    election.stand();
  });
}
