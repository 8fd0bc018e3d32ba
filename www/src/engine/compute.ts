/**
 * Compute workers: further instances of the wasm module that do one job at a time each. The engine's side prefers a
 * worker of its own worker; where that fails (or a page makes its workers itself) the page starts one and the two
 * speak through a port. Jobs given meanwhile wait in the endpoint, as many as the engine has in flight.
 */

import { type ComputeInit, TAG, type ToPage } from '../protocol.ts';
import type { ComputeEndpoint, Loaded } from './wasm.ts';

/** A job's bytes are the first `length` of the buffer; so are a reply's. */
interface Job {
  job: number;
  length: number;
  work: ArrayBuffer;
}

export interface Port {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown, transfer?: Transferable[]): void;
}

/** The worker's side. A job that broke its instance is reported, and the next one gets a fresh one. */
export function serveCompute(port: Port, fresh: () => Loaded['api']): void {
  let api = fresh();
  port.onmessage = event => {
    const { job, length, work } = event.data as Job;
    try {
      const bytes = api.compute(new Uint8Array(work, 0, length));
      const reply = back(bytes, work);
      port.postMessage({ job, length: bytes.byteLength, reply }, [reply]);
    } catch (thrown) {
      port.postMessage({ job, error: String(thrown) });
      api = fresh();
    }
  };
  port.postMessage({ ready: true });
}

/** The bytes in the buffer that brought the work, which serves again, or in one of their own where they do not fit. */
function back(bytes: Uint8Array, work: ArrayBuffer): ArrayBuffer {
  // A view into the wasm memory must not be transferred.
  if (bytes.byteLength > work.byteLength) return bytes.slice().buffer as ArrayBuffer;
  new Uint8Array(work).set(bytes);
  return work;
}

export class ComputeWorkers {
  readonly #nested: (() => Worker) | undefined;
  readonly #toPage: (message: ToPage, transfer?: Transferable[]) => void;
  readonly #pages = new Map<number, Handle>();
  #next = 1;

  constructor(nested: (() => Worker) | undefined, toPage: (message: ToPage, transfer?: Transferable[]) => void) {
    this.#nested = nested;
    this.#toPage = toPage;
  }

  start(module: WebAssembly.Module): ComputeEndpoint {
    const handle = new Handle();
    if (this.#nested) this.#startNested(this.#nested, handle, module);
    else this.#askPage(handle, module);
    return handle;
  }

  #startNested(nested: () => Worker, handle: Handle, module: WebAssembly.Module): void {
    let worker: Worker;
    try {
      worker = nested();
    } catch {
      this.#askPage(handle, module);
      return;
    }
    let ready = false;
    worker.onmessage = event => {
      ready = true;
      handle.receive(event.data);
    };
    worker.onerror = event => {
      event.preventDefault();
      if (ready) return handle.fail(event.message);
      worker.terminate();
      this.#askPage(handle, module);
    };
    const init: ComputeInit = { tag: TAG, role: 'compute', module };
    worker.postMessage(init);
    handle.connect(
      (message, transfer) => worker.postMessage(message, transfer),
      () => worker.terminate(),
    );
  }

  #askPage(handle: Handle, module: WebAssembly.Module): void {
    if (handle.terminated) return;
    const n = this.#next++;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = event => handle.receive(event.data);
    this.#pages.set(n, handle);
    handle.connect(
      (message, transfer) => port1.postMessage(message, transfer),
      () => {
        this.#pages.delete(n);
        port1.close();
        this.#toPage({ t: 'compute-stop', n });
      },
    );
    this.#toPage({ t: 'compute', n, module, port: port2 }, [port2]);
  }

  /** A worker of the page's broke. */
  failed(n: number, message: string): void {
    this.#pages.get(n)?.fail(message);
  }
}

type Send = (message: unknown, transfer: Transferable[]) => void;

class Handle implements ComputeEndpoint {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: ((event: { message: string }) => void) | null = null;
  terminated = false;
  #send: Send | null = null;
  #end: (() => void) | null = null;
  #ready = false;
  readonly #waiting: [unknown, Transferable[]][] = [];

  connect(send: Send, end: () => void): void {
    this.#send = send;
    this.#end = end;
  }

  receive(data: unknown): void {
    if (this.terminated) return;
    this.#ready = true;
    this.onmessage?.({ data });
    for (const [message, transfer] of this.#waiting.splice(0)) this.#send?.(message, transfer);
  }

  fail(message: string): void {
    if (!this.terminated) this.onerror?.({ message });
  }

  postMessage(message: unknown, transfer: Transferable[] = []): void {
    if (this.terminated) return;
    // Jobs wait until the worker has shown that it runs, so that none is lost in one that never does.
    if (this.#ready) this.#send?.(message, transfer);
    else this.#waiting.push([message, transfer]);
  }

  terminate(): void {
    if (this.terminated) return;
    this.terminated = true;
    this.#waiting.length = 0;
    this.#end?.();
  }
}
