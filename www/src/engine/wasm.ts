/** What the wasm module exports, as this side sees it. */

import type { PlainOptions, WireEvent, WireLog } from '../protocol.ts';

/** What the engine asks of its surroundings. */
export interface WasmHost {
  event(event: WireEvent): void;
  log(record: WireLog): void;
  /** A worker that runs `compute`, or null where none can be had. Its first message is `{ready: true}`. */
  computeWorker(): ComputeEndpoint | null;
  /** The store's epoch moved on: another tab leads. */
  superseded(): void;
  /** The panic hook. */
  crashed(message: string): void;
}

/** Looks like a Worker to the wasm side, which uses these four properties only. */
export interface ComputeEndpoint {
  onmessage: ((event: { data: unknown }) => void) | null;
  onerror: ((event: { message: string }) => void) | null;
  postMessage(message: unknown, transfer?: Transferable[]): void;
  terminate(): void;
}

export interface WasmClient {
  call(id: number, method: string, args: unknown[]): Promise<unknown>;
  cancel(id: number): void;
  close(): Promise<void>;
}

export interface WasmApi {
  Client: { open(options: PlainOptions, host: WasmHost): Promise<WasmClient> };
  destroy(network: unknown, namespace: string): Promise<void>;
  store_name(network: unknown, namespace: string): string;
  /** From which height Platform's blocks can be there. */
  platform_activation_height(network: unknown): number;
  /** Refuses bad options, and names their store. */
  check_options(options: PlainOptions): string;
  compute(work: Uint8Array): Uint8Array;
}

/** A fresh instance and the module it was made of, which compute workers get. */
export interface Loaded {
  api: WasmApi;
  module: WebAssembly.Module;
}
