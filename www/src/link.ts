/** The page's way to an engine: a worker, or the same script on the page's own thread. */

import { spvError } from './errors.ts';
import type { Init, ToEngine, ToPage } from './protocol.ts';

export interface Link {
  post(message: Init | ToEngine, transfer?: Transferable[]): void;
  listen(onMessage: (message: ToPage) => void, onError: (message: string) => void): void;
  terminate(): void;
}

/** Written out, so that bundlers find the worker. */
export function packagedWorker(): Worker {
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
}

export function startWorker(make: () => Worker): Worker {
  try {
    return make();
  } catch (cause) {
    throw spvError('unsupported', `a worker cannot be started here: ${String(cause)}`);
  }
}

export function workerLink(worker: Worker): Link {
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    listen(onMessage, onError) {
      worker.addEventListener('message', event => onMessage((event as MessageEvent<ToPage>).data));
      worker.addEventListener('messageerror', () => onError('a message of the worker could not be read'));
      worker.addEventListener('error', event => {
        event.preventDefault?.();
        onError((event as ErrorEvent).message || 'the worker failed');
      });
    },
    terminate: () => worker.terminate(),
  };
}

interface Script {
  serveHere(port: MessagePort, init: Init): { kill(): void };
}

/** Through a MessageChannel all the same, so that both ways behave alike. */
export function hereLink(script: () => Promise<Script> = packagedScript): Link {
  const { port1, port2 } = new MessageChannel();
  let onError: (message: string) => void = () => undefined;
  let served: { kill(): void } | null = null;
  let terminated = false;
  return {
    post(message, transfer = []) {
      if (!('tag' in message)) return port1.postMessage(message, transfer);
      script().then(
        ({ serveHere }) => {
          if (!terminated) served = serveHere(port2, message);
        },
        (cause: unknown) => onError(`the engine's script cannot be loaded: ${String(cause)}`),
      );
    },
    listen(onMessage, onFailure) {
      onError = onFailure;
      port1.onmessage = event => onMessage(event.data as ToPage);
    },
    terminate() {
      terminated = true;
      served?.kill();
      port1.close();
    },
  };
}

async function packagedScript(): Promise<Script> {
  return (await import('./worker.js')) as unknown as Script;
}
