/**
 * The messages between a page and its engine worker, between the engine and its compute workers, and between the
 * engines of several tabs. Times are milliseconds since 1970 here, amounts decimal digits, errors `WireError`s; the page
 * revives them all.
 */

import type { BroadcastStage, LogRecord, Network, SpvError as SpvErrorType, SpvEvent, SyncState } from './api.d.ts';
import type { WireError } from './errors.ts';

/** Marks the first message to a worker, so that a worker of somebody else's that imports our module is left alone. */
export const TAG = 'dash-spv-wasm';

/** A type as it crosses: dates as milliseconds, amounts as text, errors as data. */
export type Wire<T> = T extends Date
  ? number
  : T extends bigint
    ? string
    : T extends SpvErrorType
      ? WireError
      : T extends Uint8Array
        ? T
        : T extends readonly (infer U)[]
          ? Wire<U>[]
          : T extends object
            ? { [K in keyof T]: Wire<T[K]> }
            : T;

export type Role = SyncState['role'];
/** The engine does not know whether its tab leads: the host adds the role. */
export type WireState = Omit<Wire<SyncState>, 'role'>;
/** A broadcast and how far it is. */
export interface WireBroadcast {
  txid: string;
  stage: BroadcastStage | null;
  peers: number;
  rejected?: WireError | null;
}
export type WireEvent =
  | { type: 'state'; state: WireState }
  | { type: 'broadcast'; broadcast: WireBroadcast }
  | Wire<Exclude<SpvEvent, { type: 'state' | 'lagged' | 'broadcast' }>>;
export type WireLog = Wire<LogRecord>;

export type PlainBirthday = 'now' | 'genesis' | { time: number } | { height: number };

/** `OpenOptions` without functions, signals and class instances. Values are checked by the engine. */
export interface PlainOptions {
  network?: Network;
  bridges: { url: string; plain: boolean }[];
  birthday?: PlainBirthday;
  computeWorkers: number;
  log?: { level: string };
  [other: string]: unknown;
}

export type WasmSource = { url: string } | { module: WebAssembly.Module };

export interface EngineInit {
  tag: typeof TAG;
  role: 'engine';
  wasm: WasmSource | null;
  options: PlainOptions;
  /** The options that the application itself gave: only those can differ from a leader's. */
  given: string[];
  /** Whether compute workers may be started by the engine's worker itself. */
  nested: boolean;
  /** Start paused: the client was, before its worker broke. */
  paused: boolean;
}
export interface ComputeInit {
  tag: typeof TAG;
  role: 'compute';
  module: WebAssembly.Module;
  /** Where to serve, when the worker belongs to the page and not to the engine. */
  port?: MessagePort;
}
export interface DestroyInit {
  tag: typeof TAG;
  role: 'destroy';
  wasm: WasmSource | null;
  network: unknown;
  namespace: string;
}
export type Init = EngineInit | ComputeInit | DestroyInit;

export type Outcome = { ok: true; value: unknown } | { ok: false; error: WireError };

export type ToEngine =
  | { t: 'call'; id: number; method: string; args: unknown[] }
  | { t: 'cancel'; id: number }
  | { t: 'ping'; n: number }
  | { t: 'close' }
  /** A compute worker of the page's broke or could not be made. */
  | { t: 'compute-error'; n: number; message: string };

export type ToPage =
  /** The store is open, or a leader answered. Sent once. */
  | { t: 'opened'; state: WireState; role: Role; platformActivationHeight: number }
  /** Opening failed, or the engine cannot go on. */
  | { t: 'failed'; error: WireError }
  | { t: 'reply'; id: number; outcome: Outcome }
  | { t: 'event'; event: WireEvent }
  | { t: 'log'; record: WireLog }
  | { t: 'role'; role: Role }
  | { t: 'paused'; paused: boolean }
  | { t: 'pong'; n: number }
  /** The wasm instance broke: the worker must be replaced. */
  | { t: 'crashed'; message: string }
  /** The store was deleted by `destroy`, here or in another tab. */
  | { t: 'gone' }
  | { t: 'closed' }
  /** The page shall start a compute worker and hand it the port. */
  | { t: 'compute'; n: number; module: WebAssembly.Module; port: MessagePort }
  | { t: 'compute-stop'; n: number };

/** Between tabs, on the BroadcastChannel named like the store. */
export type Between =
  /** A follower is here, wants to know the leader, and repeats this to stay known. */
  | { t: 'hello'; from: string; log: boolean }
  | { t: 'bye'; from: string }
  /** A leader is ready, or answers a `hello`. */
  | { t: 'lead'; leader: string; state: WireState; options: PlainOptions; paused: boolean }
  | { t: 'beat'; leader: string; paused: boolean }
  | { t: 'event'; leader: string; event: WireEvent }
  | { t: 'log'; leader: string; record: WireLog }
  | { t: 'call'; from: string; id: number; method: string; args: unknown[] }
  | { t: 'cancel'; from: string; id: number }
  | { t: 'reply'; to: string; id: number; outcome: Outcome }
  /** Is anybody leading? Where there are no Web Locks. */
  | { t: 'who'; from: string }
  | { t: 'destroy' };

/** The part of Worker and MessagePort that both ends of a link use. */
export interface Endpoint {
  postMessage(message: unknown, transfer?: Transferable[]): void;
}
