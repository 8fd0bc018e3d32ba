/**
 * The engine's host: one per client, in its worker (or on the page, for `worker: 'none'`). It runs for leader, is one
 * or follows one, and keeps its page's calls until they are answered, so that a change of leaders loses none.
 * Changes of role run one after the other; the newest wish holds.
 */

import { spvError, toWire } from '../errors.ts';
import type { Between, EngineInit, Outcome, Role, ToEngine, ToPage, WireState } from '../protocol.ts';
import { ComputeWorkers } from './compute.ts';
import { Election } from './election.ts';
import type { Channel, Env } from './env.ts';
import { Follower } from './follower.ts';
import { Leader } from './leader.ts';
import type { Post, Surroundings } from './role.ts';
import type { Loaded } from './wasm.ts';

/** A call that so many leaders did not answer may be what ended them. */
const MAX_LEADERS = 3;

interface Call {
  method: string;
  args: unknown[];
  leaders: number;
}

type Send = (message: ToPage, transfer?: Transferable[]) => void;

export class Host {
  readonly #env: Env;
  readonly #init: EngineInit;
  readonly #send: Send;
  readonly #compute: ComputeWorkers;
  readonly #inflight = new Map<number, Call>();
  #channel: Channel | undefined;
  #election: Election | null = null;
  #role: Post | null = null;
  #ready = false;
  #opened = false;
  #ended = false;
  #paused: boolean;
  #platformActivationHeight = 0;
  #turn: Promise<void> = Promise.resolve();
  #spare: Loaded | null = null;
  #again: ReturnType<typeof setTimeout> | null = null;

  constructor(env: Env, init: EngineInit, send: Send) {
    this.#env = env;
    this.#init = init;
    this.#send = send;
    this.#paused = init.paused;
    this.#compute = new ComputeWorkers(init.nested ? env.nested : undefined, (message, transfer) =>
      this.#post(message, transfer),
    );
  }

  async start(): Promise<void> {
    try {
      this.#spare = await this.#env.load(this.#init.wasm);
      const { api } = this.#spare;
      const name = api.check_options(this.#init.options);
      this.#platformActivationHeight = api.platform_activation_height(this.#init.options.network);
      if (this.#ended) return;
      this.#channel = this.#env.channel(name);
      if (this.#channel) this.#channel.onmessage = event => this.#hear(event.data);
      if (this.#env.locks) this.#run(this.#env.locks, name);
      else await this.#leadAlone();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #run(locks: NonNullable<Env['locks']>, name: string): void {
    this.#election = new Election(locks, name, {
      won: () => this.#take(() => this.#lead()),
      lost: () => this.#stepDown(),
      failed: cause => this.#fail(spvError('unsupported', `no lock can be had here: ${String(cause)}`)),
    });
    this.#election.stand();
    // Mostly the lock is granted within a few milliseconds, and following would end at once.
    this.#take(async () => {
      if (!this.#election?.leads && !this.#role) this.#follow();
    });
  }

  /** Where there are no locks, the first client leads, and a second one is refused. */
  async #leadAlone(): Promise<void> {
    const channel = this.#channel;
    if (channel) {
      const taken = await new Promise<boolean>(resolve => {
        const { id, timing } = this.#env;
        channel.onmessage = ({ data }) => {
          // Of two that ask at once, the one with the lower name leads.
          if (data.t === 'beat' || (data.t === 'who' && data.from < id)) resolve(true);
          else if (data.t === 'who') channel.postMessage({ t: 'who', from: id });
        };
        setTimeout(() => resolve(false), timing.askMs);
        channel.postMessage({ t: 'who', from: id });
      });
      if (taken) {
        throw spvError('unsupported', 'another client of this store is open, and sharing one needs a secure origin');
      }
      channel.onmessage = event => this.#hear(event.data);
    }
    this.#take(() => this.#lead());
  }

  #take(turn: () => Promise<void>): void {
    this.#turn = this.#turn
      .then(() => (this.#ended ? undefined : turn()))
      .catch((thrown: unknown) => this.#fail(thrown));
  }

  async #lead(): Promise<void> {
    if (this.#election && !this.#election.leads) return;
    await this.#leave();
    const leader = new Leader(this.#surroundings());
    this.#role = leader;
    try {
      await leader.open();
    } catch (thrown) {
      await leader.stop();
      this.#role = null;
      if (this.#ended) return;
      const lost = this.#election !== null && !this.#election.leads;
      this.#election?.resign();
      // The first failure is the caller's to see; later ones are tried again, here or by another tab.
      if (!lost && (!this.#opened || !this.#election)) throw thrown;
      if (!lost) this.#post({ t: 'event', event: { type: 'warning', error: toWire(thrown) } });
      this.#follow();
      this.#standAgain();
    }
  }

  #follow(): void {
    this.#ready = false;
    const follower = new Follower(this.#surroundings(), () => this.#election?.steal());
    this.#role = follower;
    if (this.#opened) this.#post({ t: 'role', role: 'follower' });
    follower.start();
  }

  async #leave(): Promise<void> {
    const role = this.#role;
    this.#role = null;
    this.#ready = false;
    await role?.stop();
  }

  /** The lock was stolen, or the store has a newer writer: whatever the engine still wants, it leads no more. */
  #stepDown(): void {
    const role = this.#role;
    this.#ready = false;
    // Ends an `open` that still runs, so that the turn after it comes.
    const stopped = role?.kind === 'leader' ? role.stop() : undefined;
    this.#take(async () => {
      await stopped;
      this.#election?.resign();
      if (!this.#election) throw spvError('storage', 'another client has taken over the store');
      if (this.#role?.kind !== 'follower') this.#follow();
      this.#standAgain();
    });
  }

  #standAgain(): void {
    if (this.#again !== null) clearTimeout(this.#again);
    this.#again = setTimeout(() => {
      this.#again = null;
      if (!this.#ended) this.#election?.stand();
    }, this.#env.timing.standAgainMs);
  }

  #surroundings(): Surroundings {
    const host = this;
    const { options, given } = this.#init;
    return {
      env: this.#env,
      channel: this.#channel,
      options,
      given,
      get paused() {
        return host.#paused;
      },
      set paused(paused) {
        host.#paused = paused;
      },
      toPage: message => this.#post(message),
      ready: (role, state) => this.#roleReady(role, state),
      reply: (id, outcome) => this.#reply(id, outcome),
      load: async () => {
        const spare = this.#spare;
        this.#spare = null;
        return spare ?? this.#env.load(this.#init.wasm);
      },
      computeWorker: module => this.#compute.start(module),
      superseded: () => this.#stepDown(),
      crashed: message => {
        this.kill();
        this.#send({ t: 'crashed', message });
      },
    };
  }

  #roleReady(role: Role, state: WireState): void {
    this.#ready = true;
    if (this.#opened) {
      this.#post({ t: 'role', role });
      this.#post({ t: 'event', event: { type: 'state', state } });
    } else {
      this.#opened = true;
      const platformActivationHeight = this.#platformActivationHeight;
      this.#post({ t: 'opened', state, role, platformActivationHeight });
    }
    for (const id of [...this.#inflight.keys()]) this.#dispatch(id);
  }

  #dispatch(id: number): void {
    const call = this.#inflight.get(id);
    if (!call || !this.#ready) return;
    if (call.leaders === MAX_LEADERS) {
      const message = `${MAX_LEADERS} leading tabs ended over the call`;
      this.#reply(id, { ok: false, error: toWire(spvError('worker-crashed', message)) });
      return;
    }
    call.leaders += 1;
    this.#role?.call(id, call.method, call.args);
  }

  #reply(id: number, outcome: Outcome): void {
    if (this.#inflight.delete(id)) this.#post({ t: 'reply', id, outcome });
  }

  #hear(message: Between): void {
    if (this.#ended) return;
    if (message.t === 'destroy') {
      this.#post({ t: 'gone' });
      void this.#end();
      return;
    }
    this.#role?.hear(message);
  }

  /** From the page. */
  receive(message: ToEngine): void {
    switch (message.t) {
      case 'ping':
        this.#post({ t: 'pong', n: message.n });
        return;
      case 'call':
        this.#inflight.set(message.id, { method: message.method, args: message.args, leaders: 0 });
        this.#dispatch(message.id);
        return;
      case 'cancel':
        if (this.#inflight.delete(message.id) && this.#ready) this.#role?.cancel(message.id);
        return;
      case 'compute-error':
        this.#compute.failed(message.n, message.message);
        return;
      case 'close':
        void this.#end().then(() => this.#send({ t: 'closed' }));
        return;
    }
  }

  async #end(): Promise<void> {
    const role = this.#role;
    this.#ended = true;
    this.#ready = false;
    this.#role = null;
    if (this.#again !== null) clearTimeout(this.#again);
    await role?.stop();
    // Only now: the next leader finds the store closed.
    this.#election?.resign();
    this.#channel?.close();
    this.#channel = undefined;
  }

  /** Ends at once, without entering the engine again. */
  kill(): void {
    this.#ended = true;
    this.#ready = false;
    this.#role?.drop();
    this.#role = null;
    if (this.#again !== null) clearTimeout(this.#again);
    this.#election?.resign();
    this.#channel?.close();
    this.#channel = undefined;
  }

  #post(message: ToPage, transfer?: Transferable[]): void {
    if (!this.#ended || message.t === 'pong') this.#send(message, transfer);
  }

  #fail(thrown: unknown): void {
    if (this.#ended) return;
    this.#post({ t: 'failed', error: toWire(thrown) });
    void this.#end();
  }
}
