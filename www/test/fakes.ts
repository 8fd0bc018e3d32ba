/** Stand-ins for what only a browser has: the wasm client, locks, channels and workers, all within one process. */

import type { Channel, Env, Locks, Timing } from '../src/engine/env.ts';
import { isInit, type Served, serve } from '../src/engine/serve.ts';
import type { WasmApi, WasmHost } from '../src/engine/wasm.ts';
import type { Link } from '../src/link.ts';
import type { Between, EngineInit, PlainOptions, ToPage, WireState } from '../src/protocol.ts';
import { TAG } from '../src/protocol.ts';
import type { Pulse } from '../src/watchdog.ts';

export const TIMING: Timing = {
  beatMs: 20,
  silenceMs: 200,
  askMs: 30,
  standAgainMs: 20,
  closeMs: 200,
  firstStateMs: 50,
};
export const PULSE: Pulse = { pingMs: 20, deadMs: 60, now: () => performance.now() };

export function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}

/** Waits for something to become so. */
export async function until(condition: () => boolean, what = 'the condition', ms = 3_000): Promise<void> {
  const end = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await sleep(2);
  }
}

const waiting = { status: 'waiting' as const, completed: 0, total: 0, perSecond: 0, etaMs: null };

export function wireState(changes: Partial<WireState> = {}): WireState {
  return {
    phase: 'idle',
    network: 'connecting',
    tip: { height: 0, hash: '00', time: 0 },
    chainlocked: null,
    targetHeight: 0,
    peers: 0,
    progress: 0,
    etaMs: null,
    phases: { headers: waiting, masternodes: waiting, 'filter-headers': waiting, filters: waiting, blocks: waiting },
    degraded: [],
    persistent: true,
    ...changes,
  };
}

/** One origin: its locks, its channels, and the clients that were opened on it. */
export class Origin {
  secure = true;
  /** Engines that opened, oldest first. */
  readonly engines: FakeEngine[] = [];
  /** Set to make the next `Client.open` fail. */
  refuse: unknown = null;
  destroyed = 0;
  /** What new engines answer. */
  answer: Answer = method => `${method}!`;
  readonly #holders = new Map<string, { release(): void; reject(cause: unknown): void; owner: string }>();
  readonly #lines = new Map<string, (() => void)[]>();
  readonly #channels = new Map<string, Set<FakeChannel>>();
  #workers = 0;

  locks(owner: string): Locks {
    return {
      request: (name, options, callback) => {
        return new Promise((resolve, reject) => {
          const grant = () => {
            const release = () => {
              if (this.#holders.get(name) !== holder) return;
              this.#holders.delete(name);
              this.#lines.get(name)?.shift()?.();
            };
            const holder = { release, reject, owner };
            this.#holders.set(name, holder);
            callback().then(() => {
              resolve(undefined);
              release();
            }, reject);
          };
          const line = this.#lines.get(name) ?? [];
          this.#lines.set(name, line);
          if (options.steal) {
            this.#holders.get(name)?.reject(new DOMException('stolen', 'AbortError'));
            this.#holders.delete(name);
            queueMicrotask(grant);
            return;
          }
          options.signal?.addEventListener('abort', () => {
            const at = line.indexOf(grant);
            if (at >= 0) line.splice(at, 1);
            reject(new DOMException('aborted', 'AbortError'));
          });
          if (this.#holders.has(name)) line.push(grant);
          else queueMicrotask(() => (this.#holders.has(name) ? line.push(grant) : grant()));
        });
      },
    };
  }

  /** What the browser does when a worker ends. */
  releaseAll(owner: string): void {
    for (const holder of [...this.#holders.values()]) if (holder.owner === owner) holder.release();
  }

  channel(name: string): FakeChannel {
    const peers = this.#channels.get(name) ?? new Set();
    this.#channels.set(name, peers);
    return new FakeChannel(peers);
  }

  /** A worker of this origin that the page speaks to. */
  worker(): FakeWorker {
    this.#workers += 1;
    return new FakeWorker(this, `worker-${String(this.#workers).padStart(4, '0')}`);
  }
}

class FakeChannel implements Channel {
  onmessage: ((event: MessageEvent<Between>) => void) | null = null;
  readonly #peers: Set<FakeChannel>;

  constructor(peers: Set<FakeChannel>) {
    this.#peers = peers;
    peers.add(this);
  }

  postMessage(message: Between): void {
    const data = structuredClone(message);
    for (const peer of this.#peers) {
      if (peer !== this) setTimeout(() => this.#peers.has(peer) && peer.onmessage?.({ data } as MessageEvent<Between>));
    }
  }

  close(): void {
    this.#peers.delete(this);
  }
}

type Answer = (method: string, args: unknown[]) => unknown;

export class FakeEngine {
  readonly options: PlainOptions;
  readonly host: WasmHost;
  readonly calls: string[] = [];
  readonly asked: { method: string; args: unknown[] }[] = [];
  readonly cancelled: number[] = [];
  closed = false;
  /** Overrides what calls are answered with. */
  answer: Answer = method => `${method}!`;

  constructor(options: PlainOptions, host: WasmHost) {
    this.options = options;
    this.host = host;
  }

  state(changes: Partial<WireState>): void {
    this.host.event({ type: 'state', state: wireState(changes) });
  }

  async call(_id: number, method: string, args: unknown[]): Promise<unknown> {
    this.calls.push(method);
    this.asked.push({ method, args });
    return this.answer(method, args);
  }

  cancel(id: number): void {
    this.cancelled.push(id);
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

/** Never answered: what a call to an engine that hangs gets. */
export const NEVER = new Promise<never>(() => undefined);

export class FakeWorker {
  readonly origin: Origin;
  readonly id: string;
  /** As if killed from outside: nothing is delivered any more, and nobody is told. */
  dead = false;
  /** As if it hung: alive, holding its lock, and silent. */
  frozen = false;
  readonly #listeners = new Map<string, ((event: { data?: unknown; message?: string }) => void)[]>();
  #served: Served | null = null;
  #port: { onmessage: ((event: MessageEvent) => void) | null; postMessage(message: unknown): void };

  constructor(origin: Origin, id: string) {
    this.origin = origin;
    this.id = id;
    this.#port = { onmessage: null, postMessage: message => this.#toPage(message) };
  }

  #env(): Env {
    const { origin, id } = this;
    const module = { exports: [] } as unknown as WebAssembly.Module;
    const api: WasmApi = {
      Client: {
        open: async (options, host) => {
          if (origin.refuse) {
            const thrown = origin.refuse;
            origin.refuse = null;
            throw thrown;
          }
          const engine = new FakeEngine(options, host);
          engine.answer = origin.answer;
          origin.engines.push(engine);
          setTimeout(() => engine.state({}));
          return engine;
        },
      },
      destroy: async () => {
        origin.destroyed += 1;
      },
      store_name: storeName,
      platform_activation_height: network => (network === 'testnet' ? 1_090_319 : 2_132_092),
      check_options: ({ network, namespace }) => storeName(network ?? 'mainnet', String(namespace ?? 'default')),
      compute: work => work,
    };
    const channel = (name: string): Channel => {
      const real = origin.channel(name);
      const worker = this;
      return {
        set onmessage(listener: Channel['onmessage']) {
          real.onmessage = event => {
            if (!worker.dead && !worker.frozen) listener?.(event);
          };
        },
        postMessage: message => {
          if (!worker.dead && !worker.frozen) real.postMessage(message);
        },
        close: () => real.close(),
      } as Channel;
    };
    return {
      load: async () => ({ api, module }),
      locks: origin.secure ? origin.locks(id) : undefined,
      channel,
      nested: undefined,
      now: () => performance.now(),
      id,
      timing: TIMING,
    };
  }

  postMessage(message: unknown): void {
    const data = structuredClone(message);
    setTimeout(() => {
      if (this.dead || this.frozen) return;
      if (isInit(data)) {
        this.#served = serve(this.#port as never, data, this.#env(), () => {
          throw new Error('no compute here');
        });
      } else this.#port.onmessage?.({ data } as MessageEvent);
    });
  }

  #toPage(message: unknown): void {
    if (this.dead || this.frozen) return;
    const data = structuredClone(message);
    setTimeout(() => this.#fire('message', { data }));
  }

  addEventListener(type: string, listener: (event: { data?: unknown; message?: string }) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  #fire(type: string, event: { data?: unknown; message?: string }): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }

  /** An uncaught error in the worker. */
  fail(message: string): void {
    this.#fire('error', { message });
  }

  kill(): void {
    this.dead = true;
    this.#served?.kill();
    this.origin.releaseAll(this.id);
  }

  terminate(): void {
    this.kill();
  }
}

export function asWorker(worker: FakeWorker): Worker {
  return worker as unknown as Worker;
}

/** An end that a test plays by hand. */
export class ScriptedLink implements Link {
  readonly posted: { t?: string; id?: number; method?: string; tag?: string }[] = [];
  terminated = false;
  #onMessage: (message: ToPage) => void = () => undefined;
  #onError: (message: string) => void = () => undefined;

  post(message: object): void {
    this.posted.push(message);
  }

  listen(onMessage: (message: ToPage) => void, onError: (message: string) => void): void {
    this.#onMessage = onMessage;
    this.#onError = onError;
  }

  terminate(): void {
    this.terminated = true;
  }

  say(message: ToPage): void {
    this.#onMessage(message);
  }

  fail(message: string): void {
    this.#onError(message);
  }

  get callsSent(): string[] {
    return this.posted.filter(({ t }) => t === 'call').map(({ method }) => method ?? '');
  }
}

export function engineInit(): EngineInit {
  return {
    tag: TAG,
    role: 'engine',
    wasm: null,
    options: { bridges: [], computeWorkers: 0 },
    given: [],
    nested: false,
    paused: false,
  };
}

function storeName(network: unknown, namespace: string): string {
  if (network === 'nonet') throw { code: 'bad-input', message: 'option `network`: unknown', retryable: false };
  return `dash-spv-wasm/${JSON.stringify(network)}/${namespace}`;
}
