/** What the engine's host needs from its surroundings; tests give their own. */

import type { Between, WasmSource } from '../protocol.ts';
import type { Loaded } from './wasm.ts';

export interface Channel {
  onmessage: ((event: MessageEvent<Between>) => void) | null;
  postMessage(message: Between): void;
  close(): void;
}

/** The two forms of `navigator.locks.request` in use. */
export interface Locks {
  request(
    name: string,
    options: { signal?: AbortSignal; steal?: boolean },
    callback: () => Promise<void>,
  ): Promise<unknown>;
}

export interface Timing {
  /** A leader says that often that it lives. */
  beatMs: number;
  /** A leader that was silent for this long is replaced. */
  silenceMs: number;
  /** How long to wait for a leader's answer where there are no locks. */
  askMs: number;
  /** Before a tab that lost or failed to lead stands again. */
  standAgainMs: number;
  /** How long closing may take before it is given up. */
  closeMs: number;
  /** How long `open` waits for the engine's first state. */
  firstStateMs: number;
}

export const TIMING: Timing = {
  beatMs: 1_000,
  silenceMs: 15_000,
  askMs: 500,
  standAgainMs: 1_000,
  closeMs: 5_000,
  firstStateMs: 2_000,
};

export interface Env {
  /** A fresh instance of the wasm module at each call. */
  load(source: WasmSource | null): Promise<Loaded>;
  /** Missing on insecure origins. */
  locks: Locks | undefined;
  channel(name: string): Channel | undefined;
  /** Starts a worker of this same script. */
  nested: (() => Worker) | undefined;
  /** Monotonic milliseconds. */
  now(): number;
  /** A name for this engine that no other tab has. */
  id: string;
  timing: Timing;
}
