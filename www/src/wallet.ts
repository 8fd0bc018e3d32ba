/**
 * The wallet's part of a client: arguments made plain, and the handles, of which there is one for each id. There are as
 * many as the application asked for; one that was removed or stopped is let go of.
 */

import type {
  Birthday,
  Broadcast as BroadcastContract,
  Bytes,
  Cancel,
  Hex,
  TxRecord,
  Watch as WatchContract,
  WatchTarget,
} from './api.d.ts';
import { Broadcast } from './broadcast.ts';
import { badArgument, type SpvError, spvError } from './errors.ts';
import { checkSignal, isRecord, plainBirthday } from './options.ts';
import type { WireBroadcast } from './protocol.ts';
import { reviveTransaction } from './revive.ts';
import { Watch } from './watch.ts';

/** No transaction is larger, and no script in one. */
const MAX_BYTES = 1_000_000;

type Call = (method: string, args: unknown[], signal?: AbortSignal) => Promise<unknown>;

export class Wallet {
  readonly #call: Call;
  readonly #warn: (error: SpvError) => void;
  readonly #watches = new Map<string, Watch>();
  readonly #broadcasts = new Map<Hex, Broadcast>();
  /** What was heard while an answer about broadcasts is under way: it is newer than the answer, or the same. */
  readonly #heard = new Set<Map<Hex, WireBroadcast>>();
  #refreshing = false;
  #refreshAgain = false;

  constructor(call: Call, warn: (error: SpvError) => void) {
    this.#call = call;
    this.#warn = warn;
  }

  async watch(what: WatchTarget | WatchTarget[], o: { birthday?: Birthday } & Cancel = {}): Promise<WatchContract> {
    const { birthday } = o;
    const args = [plainTargets(what), birthday === undefined ? undefined : plainBirthday('birthday', birthday)];
    return this.#watch(await this.#call('watch', args, checkSignal(o)));
  }

  async watches(): Promise<WatchContract[]> {
    return ((await this.#call('watches', [])) as unknown[]).map(wire => this.#watch(wire));
  }

  #watch(wire: unknown): Watch {
    const { id } = wire as { id: string };
    const known = this.#watches.get(id);
    if (known) return known;
    const watch = new Watch(id, {
      call: this.#call,
      removed: gone => {
        if (this.#watches.get(id) === gone) this.#watches.delete(id);
      },
    });
    this.#watches.set(id, watch);
    return watch;
  }

  async broadcast(rawTx: Bytes | Hex, o: Cancel = {}): Promise<BroadcastContract> {
    const args = [plainTransaction(rawTx)];
    const signal = checkSignal(o);
    const [broadcast] = await this.#ask(async () => [await this.#call('broadcast', args, signal)]);
    return broadcast as Broadcast;
  }

  broadcasts(): Promise<BroadcastContract[]> {
    return this.#ask(async () => (await this.#call('broadcasts', [])) as unknown[]);
  }

  /** Handles for an answer about broadcasts. */
  async #ask(answer: () => Promise<unknown[]>): Promise<Broadcast[]> {
    const heard = new Map<Hex, WireBroadcast>();
    this.#heard.add(heard);
    try {
      const wires = (await answer()) as WireBroadcast[];
      // An answer can be overtaken by an event that came after it: both leave the engine in one turn.
      return wires.map(wire => this.#broadcast(heard.get(wire.txid) ?? wire));
    } finally {
      this.#heard.delete(heard);
    }
  }

  #broadcast(wire: WireBroadcast): Broadcast {
    let broadcast = this.#broadcasts.get(wire.txid);
    if (!broadcast || (broadcast.isOver && !wire.rejected)) {
      broadcast = new Broadcast(wire.txid, stopped => this.#stop(stopped));
      this.#broadcasts.set(wire.txid, broadcast);
    }
    broadcast.hear(wire);
    return broadcast;
  }

  #stop(broadcast: Broadcast): void {
    const { txid } = broadcast;
    if (this.#broadcasts.get(txid) === broadcast) this.#broadcasts.delete(txid);
    this.#call('broadcast.stop', [txid]).catch(this.#warn);
  }

  async transaction(txid: Hex, o: Cancel = {}): Promise<TxRecord | null> {
    return reviveTransaction(await this.#call('transaction', [txid], checkSignal(o)));
  }

  /** A `broadcast` event. */
  hear(wire: WireBroadcast): void {
    for (const heard of this.#heard) heard.set(wire.txid, wire);
    this.#broadcasts.get(wire.txid)?.hear(wire);
  }

  /** Another engine answers now, after a crash or a change of leaders: events may have been missed. */
  refresh(): void {
    for (const heard of this.#heard) heard.clear();
    if (this.#refreshing) {
      this.#refreshAgain = true;
      return;
    }
    const live = [...this.#broadcasts.values()].filter(({ isLive }) => isLive);
    if (live.length === 0) return;
    this.#refreshing = true;
    this.#refresh(live)
      // What ended the call ends the client, or comes with a further change of engines.
      .catch(() => undefined)
      .finally(() => {
        this.#refreshing = false;
        if (!this.#refreshAgain) return;
        this.#refreshAgain = false;
        this.refresh();
      });
  }

  async #refresh(live: Broadcast[]): Promise<void> {
    const kept = new Set(await this.broadcasts());
    for (const broadcast of live) {
      if (kept.has(broadcast) || this.#broadcasts.get(broadcast.txid) !== broadcast) continue;
      this.#broadcasts.delete(broadcast.txid);
      broadcast.end(spvError('not-found', `the broadcast of ${broadcast.txid} is not kept any more`));
    }
  }

  /** Nothing works any more. */
  end(error: SpvError): void {
    for (const broadcast of this.#broadcasts.values()) broadcast.end(error);
  }
}

/** Targets as plain data, with scripts as hexadecimal digits; everything else is checked by the engine. */
function plainTargets(what: unknown): unknown {
  const plain = Array.isArray(what) ? what.map(plainTarget) : plainTarget(what);
  try {
    return structuredClone(plain);
  } catch {
    // The cause may repeat what was given, which may be secret.
    throw badArgument('target', 'must be plain data');
  }
}

function plainTarget(target: unknown): unknown {
  if (!isRecord(target) || !isBytes(target.script)) return target;
  return { ...target, script: hex('target.script', target.script) };
}

function plainTransaction(rawTx: unknown): string {
  if (isBytes(rawTx)) return hex('rawTx', rawTx);
  if (typeof rawTx !== 'string') throw badArgument('rawTx', 'must be bytes or hexadecimal digits');
  if (rawTx.length > 2 * MAX_BYTES) throw badArgument('rawTx', `must have at most ${MAX_BYTES} bytes`);
  return rawTx;
}

/** Also bytes of another realm's, as of a frame. */
function isBytes(value: unknown): value is Uint8Array {
  return Object.prototype.toString.call(value) === '[object Uint8Array]';
}

function hex(name: string, bytes: Uint8Array): string {
  if (bytes.length > MAX_BYTES) throw badArgument(name, `must have at most ${MAX_BYTES} bytes`);
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}
