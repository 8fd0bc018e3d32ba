/**
 * The tab that leads: owns the engine and its store, answers its own page and the followers, and says every second
 * that it lives. Followers are forgotten when they were silent for `silenceMs`, so that a page of many reloads leaves
 * none behind; their number is bounded all the same.
 */

import { isTrap, toWire } from '../errors.ts';
import type { Between, Outcome, WireEvent, WireState } from '../protocol.ts';
import type { Post, Surroundings } from './role.ts';
import type { WasmClient, WasmHost } from './wasm.ts';

const MAX_FOLLOWERS = 256;

export class Leader implements Post {
  readonly kind = 'leader';
  readonly #at: Surroundings;
  readonly #followers = new Map<string, { seen: number; log: boolean }>();
  /** The engine's own call ids, by the caller's. */
  readonly #calls = new Map<string, number>();
  #nextCall = 1;
  #client: WasmClient | null = null;
  #state: WireState | null = null;
  #firstState: (() => void) | null = null;
  #beat: ReturnType<typeof setInterval> | null = null;
  #stopped = false;
  #abandon: ((cause: unknown) => void) | null = null;

  constructor(at: Surroundings) {
    this.#at = at;
  }

  /** Rejects when the engine cannot open, or when the office was lost meanwhile. */
  async open(): Promise<void> {
    this.#sayAlive();
    this.#beat = setInterval(() => this.#sayAlive(), this.#at.env.timing.beatMs);
    const abandoned = new Promise<never>((_, reject) => {
      this.#abandon = reject;
    });
    await Promise.race([this.#start(), abandoned]);
    if (this.#state) this.#at.ready('leader', this.#state);
    this.#introduce();
  }

  async #start(): Promise<void> {
    const { api, module } = await this.#at.load();
    const first = new Promise<void>(resolve => {
      this.#firstState = resolve;
    });
    const client = await api.Client.open(this.#at.options, this.#host(module));
    if (this.#stopped) {
      await client.close();
      return;
    }
    this.#client = client;
    if (this.#at.paused) await client.call(this.#nextCall++, 'pause', []);
    await Promise.race([first, new Promise(resolve => setTimeout(resolve, this.#at.env.timing.firstStateMs))]);
    this.#state ??= INITIAL;
  }

  #host(module: WebAssembly.Module): WasmHost {
    const live = <A extends unknown[]>(f: (...args: A) => void) => {
      return (...args: A): void => {
        if (!this.#stopped) f(...args);
      };
    };
    return {
      event: live(event => this.#event(event)),
      log: live(record => {
        this.#at.toPage({ t: 'log', record });
        for (const follower of this.#followers.values()) {
          if (!follower.log) continue;
          this.#tell({ t: 'log', leader: this.#at.env.id, record });
          break;
        }
      }),
      computeWorker: () => (this.#stopped ? null : this.#at.computeWorker(module)),
      superseded: live(() => this.#at.superseded()),
      crashed: live(message => this.#crash(message)),
    };
  }

  #event(event: WireEvent): void {
    if (event.type === 'state') {
      this.#state = event.state;
      this.#firstState?.();
      // Until `ready`, the page has no state to change.
      if (!this.#client) return;
    }
    this.#at.toPage({ t: 'event', event });
    if (this.#followers.size > 0) this.#tell({ t: 'event', leader: this.#at.env.id, event });
  }

  #crash(message: string): void {
    this.drop();
    this.#at.crashed(message);
  }

  drop(): void {
    this.#silence();
    this.#stopped = true;
    this.#client = null;
  }

  call(id: number, method: string, args: unknown[]): void {
    void this.#run('', id, method, args);
  }

  cancel(id: number): void {
    this.#cancel('', id);
  }

  async #run(from: string, id: number, method: string, args: unknown[]): Promise<void> {
    // Before `open` is done the host keeps its page's calls and followers know no leader.
    if (!this.#client || !this.#state) return;
    const key = `${from} ${id}`;
    if (this.#calls.has(key)) return;
    const own = this.#nextCall++;
    this.#calls.set(key, own);
    let outcome: Outcome;
    try {
      outcome = { ok: true, value: await this.#client.call(own, method, args) };
      if (method === 'pause' || method === 'resume') this.#setPaused(method === 'pause');
    } catch (thrown) {
      if (isTrap(thrown)) return this.#crash(thrown.message);
      outcome = { ok: false, error: toWire(thrown) };
    }
    this.#calls.delete(key);
    // After a change of leaders the next one answers.
    if (this.#stopped) return;
    if (from) this.#tell({ t: 'reply', to: from, id, outcome });
    else this.#at.reply(id, outcome);
  }

  #cancel(from: string, id: number): void {
    const own = this.#calls.get(`${from} ${id}`);
    if (own !== undefined) this.#client?.cancel(own);
  }

  #setPaused(paused: boolean): void {
    this.#at.paused = paused;
    this.#at.toPage({ t: 'paused', paused });
    this.#sayAlive();
  }

  hear(message: Between): void {
    switch (message.t) {
      case 'hello':
        if (this.#followers.size >= MAX_FOLLOWERS && !this.#followers.has(message.from)) return;
        if (!this.#followers.has(message.from) && this.#client && this.#state) this.#introduce();
        this.#followers.set(message.from, { seen: this.#at.env.now(), log: message.log });
        return;
      case 'bye':
        this.#followers.delete(message.from);
        return;
      case 'who':
        this.#sayAlive();
        return;
      case 'call':
        void this.#run(message.from, message.id, message.method, message.args);
        return;
      case 'cancel':
        this.#cancel(message.from, message.id);
        return;
    }
  }

  #introduce(): void {
    if (this.#stopped || !this.#state) return;
    const { env, options, paused } = this.#at;
    this.#tell({ t: 'lead', leader: env.id, state: this.#state, options, paused });
  }

  #sayAlive(): void {
    const { env, paused } = this.#at;
    this.#tell({ t: 'beat', leader: env.id, paused });
    const now = env.now();
    for (const [id, follower] of this.#followers) {
      if (now - follower.seen > env.timing.silenceMs) this.#followers.delete(id);
    }
  }

  #tell(message: Between): void {
    if (!this.#stopped) this.#at.channel?.postMessage(message);
  }

  #silence(): void {
    if (this.#beat !== null) clearInterval(this.#beat);
    this.#beat = null;
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#silence();
    this.#stopped = true;
    this.#abandon?.(new Error('no longer the leader'));
    const client = this.#client;
    this.#client = null;
    if (!client) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise(resolve => {
      timer = setTimeout(resolve, this.#at.env.timing.closeMs);
    });
    await Promise.race([client.close().catch(() => undefined), patience]);
    clearTimeout(timer);
  }
}

const WAITING = { status: 'waiting' as const, completed: 0, total: 0, perSecond: 0, etaMs: null };

/** Shown when the engine has said nothing yet. */
const INITIAL: WireState = {
  phase: 'idle',
  network: 'connecting',
  tip: { height: 0, hash: '0'.repeat(64), time: 0 },
  chainlocked: null,
  targetHeight: 0,
  peers: 0,
  progress: 0,
  etaMs: null,
  phases: { headers: WAITING, masternodes: WAITING, 'filter-headers': WAITING, filters: WAITING, blocks: WAITING },
  degraded: [],
  persistent: false,
};
