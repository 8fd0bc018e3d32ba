/** The package's entry: `open`, `destroy`, `version`, and the types of the contract. */

import type { Network, OpenOptions, SpvClient } from './api.d.ts';
import { Client } from './client.ts';
import { aborted, fromWire, SpvError, spvError } from './errors.ts';
import { hereLink, type Link, packagedWorker, startWorker, workerLink } from './link.ts';
import { checkOptions, type Opening, wasmSource } from './options.ts';
import { type DestroyInit, type Outcome, TAG, type ToPage } from './protocol.ts';
import type { Setup } from './session.ts';

export type * from './api.d.ts';
export { SpvError };

declare const PACKAGE_VERSION: string;

/** How the last client was opened: `destroy` has no options of its own for where the script and the wasm come from. */
let last: Pick<Opening, 'worker' | 'wasm'> = { worker: 'auto', wasm: undefined };

export async function open(options: OpenOptions): Promise<SpvClient> {
  const opening = checkOptions(options);
  const { signal, worker, plain, given } = opening;
  if (signal?.aborted) throw aborted(signal);
  const wasm = await wasmSource(opening.wasm);
  last = { worker, wasm: wasm && 'module' in wasm ? wasm.module : opening.wasm };
  const setup: Setup = {
    link: () => linkFor(worker),
    compute: computeFor(worker),
    init: { tag: TAG, role: 'engine', wasm, options: plain, given, nested: worker === 'auto', paused: false },
  };
  return Client.open(opening, setup);
}

export function version(): string {
  return PACKAGE_VERSION;
}

export async function destroy(options: { network?: Network; namespace?: string }): Promise<void> {
  const { network = 'mainnet', namespace = 'default' } = options;
  if (typeof namespace !== 'string') throw spvError('bad-input', 'option `namespace`: must be a string', 'namespace');
  const wasm = await wasmSource(last.wasm);
  const link = linkFor(last.worker);
  const init: DestroyInit = { tag: TAG, role: 'destroy', wasm, network, namespace };
  try {
    const outcome = await new Promise<Outcome>((resolve, reject) => {
      link.listen(
        message => resolve(message as ToPage | Outcome as Outcome),
        message => reject(spvError('worker-crashed', `the worker broke: ${message}`)),
      );
      link.post(init);
    });
    if (!outcome.ok) throw fromWire(outcome.error);
  } finally {
    link.terminate();
  }
}

function linkFor(worker: Opening['worker']): Link {
  if (worker === 'none') return hereLink();
  return workerLink(startWorker(worker === 'auto' ? packagedWorker : () => worker('engine')));
}

function computeFor(worker: Opening['worker']): (() => Worker) | null {
  if (typeof worker === 'function') return () => worker('compute');
  return typeof Worker === 'function' ? packagedWorker : null;
}
