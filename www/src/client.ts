/** `SpvClient`: the contract over a session. Holds the current snapshot and hands on events; everything else is asked. */

import type {
  Birthday,
  Broadcast,
  Bytes,
  Cancel,
  Header,
  Hex,
  Masternode,
  Metrics,
  PeerInfo,
  PhaseTransition,
  Quorums,
  SpvClient,
  SpvEvent,
  SyncState,
  Tip,
  TxRecord,
  Watch,
  WatchTarget,
} from './api.d.ts';
import { aborted, closed, type SpvError } from './errors.ts';
import { Emitter } from './events.ts';
import { checkSignal, type Opening } from './options.ts';
import type { Role, WireEvent, WireState } from './protocol.ts';
import {
  reviveEvent,
  reviveHeader,
  reviveLog,
  reviveMasternodes,
  reviveMetrics,
  revivePeers,
  reviveQuorums,
  reviveState,
  reviveTransitions,
} from './revive.ts';
import { Session, type Setup, type Sink } from './session.ts';
import { Wallet } from './wallet.ts';

/** Events of one opening that are kept for its listeners. */
const MAX_EARLY = 1_000;

type Type = SpvEvent['type'];
type Of<K extends Type> = Extract<SpvEvent, { type: K }>;

export class Client implements SpvClient {
  readonly #session: Session;
  readonly #emitter = new Emitter();
  readonly quorums: Quorums;
  readonly #wallet: Wallet;
  #state: SyncState | null = null;
  #wire: WireState | null = null;
  #role: Role = 'follower';
  /** The snapshot's text, to tell whether anything in it changed. */
  #text = '';
  #over: SpvError | null = null;
  /** Events that came before anybody could listen. */
  #early: Exclude<WireEvent, { type: 'state' }>[] | null = [];

  private constructor(opening: Opening, setup: Setup) {
    const { sink } = opening;
    const quiet: Sink = {
      state: (state, role) => {
        this.#show(state, role);
        this.#wallet.refresh();
      },
      role: role => {
        if (this.#wire) this.#show(this.#wire, role);
        this.#wallet.refresh();
      },
      event: event => this.#hear(event),
      log: record => sink?.(reviveLog(record)),
      warning: error => this.#emitter.emit({ type: 'warning', error }),
      over: error => this.#end(error),
    };
    const session = new Session(setup, quiet);
    this.#session = session;
    this.#wallet = new Wallet(
      (method, args, signal) => session.call(method, args, signal),
      error => {
        if (!this.#over) this.#emitter.emit({ type: 'warning', error });
      },
    );
    this.quorums = Object.freeze({
      get platformActivationHeight() {
        return session.platformActivationHeight;
      },
      publicKey: async (type: number, hash: Hex, height: number, o: Cancel = {}) =>
        (await session.call('quorums.publicKey', [type, hash, height], checkSignal(o))) as Uint8Array,
      list: async () => reviveQuorums(await session.call('quorums.list', [])),
    });
  }

  static async open(opening: Opening, setup: Setup): Promise<Client> {
    const client = new Client(opening, setup);
    await client.#session.open(opening.signal);
    // After the caller had its turn to listen.
    setTimeout(() => {
      const early = client.#early ?? [];
      client.#early = null;
      for (const event of early) client.#emit(event);
    });
    return client;
  }

  get state(): SyncState {
    if (!this.#state) throw closed();
    return this.#state;
  }

  #show(wire: WireState, role: Role): void {
    const text = JSON.stringify([wire, role]);
    if (text === this.#text) return;
    this.#text = text;
    this.#wire = wire;
    this.#role = role;
    this.#state = reviveState(wire, role);
    this.#emitter.emit({ type: 'state', state: this.#state });
  }

  #hear(event: WireEvent): void {
    if (event.type === 'state') return this.#show(event.state, this.#role);
    if (event.type === 'broadcast') this.#wallet.hear(event.broadcast);
    if (!this.#early) this.#emit(event);
    else if (this.#early.length < MAX_EARLY) this.#early.push(event);
  }

  #emit(event: Exclude<WireEvent, { type: 'state' }>): void {
    this.#emitter.emit(reviveEvent(event));
  }

  #end(error: SpvError): void {
    this.#over = error;
    if (this.#state && error.code === 'storage') {
      this.#emitter.emit({ type: 'storage', persistent: false, cause: error });
    }
    for (const reject of this.#waiting) reject(error);
    this.#waiting.clear();
    this.#wallet.end(error);
    this.#emitter.end();
  }

  readonly #waiting = new Set<(error: SpvError) => void>();

  subscribe(onChange: () => void): () => void {
    return this.#emitter.subscribe(onChange);
  }

  addEventListener<K extends Type>(type: K, listener: (event: CustomEvent<Of<K>>) => void, o?: Cancel): void {
    this.#emitter.addEventListener(type, listener, o);
  }

  removeEventListener<K extends Type>(type: K, listener: (event: CustomEvent<Of<K>>) => void): void {
    this.#emitter.removeEventListener(type, listener);
  }

  events<K extends Type = Type>(o: { types?: readonly K[] } & Cancel = {}): AsyncIterable<Of<K | 'lagged'>> {
    const loop = this.#emitter.loop(o.types, o.signal);
    if (this.#over) loop.end();
    return loop as AsyncIterable<SpvEvent> as AsyncIterable<Of<K | 'lagged'>>;
  }

  async synced(o: Cancel = {}): Promise<Tip> {
    const signal = checkSignal(o);
    if (this.#over) throw this.#over;
    if (signal?.aborted) throw aborted(signal);
    if (this.state.phase === 'synced') return this.state.tip;
    return new Promise<Tip>((resolve, reject) => {
      const done = () => {
        signal?.removeEventListener('abort', abort);
        this.#waiting.delete(fail);
        unsubscribe();
      };
      const fail = (error: SpvError) => {
        done();
        reject(error);
      };
      const abort = () => fail(aborted(signal as AbortSignal));
      const unsubscribe = this.subscribe(() => {
        if (this.state.phase !== 'synced') return;
        done();
        resolve(this.state.tip);
      });
      this.#waiting.add(fail);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  async pause(): Promise<void> {
    await this.#session.call('pause', []);
  }

  async resume(): Promise<void> {
    await this.#session.call('resume', []);
  }

  async close(): Promise<void> {
    const closing = this.#session.close();
    if (!this.#over) this.#end(closed());
    await closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async header(at: number | Hex, o: Cancel = {}): Promise<Header | null> {
    return reviveHeader(await this.#session.call('header', [at], checkSignal(o)));
  }

  async peers(): Promise<PeerInfo[]> {
    return revivePeers(await this.#session.call('peers', []));
  }

  async metrics(): Promise<Metrics> {
    return reviveMetrics(await this.#session.call('metrics', []));
  }

  async transitions(): Promise<PhaseTransition[]> {
    return reviveTransitions(await this.#session.call('transitions', []));
  }

  watch(what: WatchTarget | WatchTarget[], o?: { birthday?: Birthday } & Cancel): Promise<Watch> {
    return this.#wallet.watch(what, o);
  }

  watches(): Promise<Watch[]> {
    return this.#wallet.watches();
  }

  broadcast(rawTx: Bytes | Hex, o?: Cancel): Promise<Broadcast> {
    return this.#wallet.broadcast(rawTx, o);
  }

  broadcasts(): Promise<Broadcast[]> {
    return this.#wallet.broadcasts();
  }

  transaction(txid: Hex, o?: Cancel): Promise<TxRecord | null> {
    return this.#wallet.transaction(txid, o);
  }

  async masternodes(): Promise<Masternode[]> {
    return reviveMasternodes(await this.#session.call('masternodes', []));
  }
}
