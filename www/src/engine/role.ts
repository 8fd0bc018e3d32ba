/** What a leader and a follower share: they answer their page's calls and hear the other tabs. */

import type { Between, Outcome, PlainOptions, Role, ToPage, WireState } from '../protocol.ts';
import type { Channel, Env } from './env.ts';
import type { Loaded, WasmHost } from './wasm.ts';

export interface Post {
  readonly kind: Role;
  call(id: number, method: string, args: unknown[]): void;
  cancel(id: number): void;
  hear(message: Between): void;
  /** Ends the role. Must not throw; a leader has closed its store afterwards. */
  stop(): Promise<void>;
  /** Ends the role at once, without entering the engine. */
  drop(): void;
}

/** What a role asks of the host that it belongs to. */
export interface Surroundings {
  readonly env: Env;
  readonly channel: Channel | undefined;
  readonly options: PlainOptions;
  readonly given: readonly string[];
  /** Kept here, so that it outlives a change of roles. */
  paused: boolean;
  toPage(message: ToPage): void;
  /** The role can answer calls: `opened` goes out if it is the first, calls in flight are sent. */
  ready(role: Role, state: WireState): void;
  reply(id: number, outcome: Outcome): void;
  load(): Promise<Loaded>;
  computeWorker: (module: WebAssembly.Module) => ReturnType<WasmHost['computeWorker']>;
  superseded(): void;
  crashed(message: string): void;
}
