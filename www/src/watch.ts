/** `Watch`: the contract over a watch's id. It holds nothing of the wallet; every answer is the engine's. */

import type { Balance, Birthday, Cancel, Hex, TxRecord, Utxo, Watch as WatchContract } from './api.d.ts';
import { SpvError } from './errors.ts';
import { checkSignal, plainBirthday } from './options.ts';
import { reviveBalance, reviveTransactions, reviveUtxos } from './revive.ts';

/** What a handle asks of its client. */
export interface WatchCalls {
  call(method: string, args: unknown[], signal?: AbortSignal): Promise<unknown>;
  /** The watch is no more: the same targets get a new handle. */
  removed(watch: Watch): void;
}

export class Watch implements WatchContract {
  readonly id: string;
  readonly #calls: WatchCalls;
  #removal: Promise<void> | null = null;

  constructor(id: string, calls: WatchCalls) {
    this.id = id;
    this.#calls = calls;
  }

  async balance(): Promise<Balance> {
    return reviveBalance(await this.#calls.call('watch.balance', [this.id]));
  }

  async utxos(): Promise<Utxo[]> {
    return reviveUtxos(await this.#calls.call('watch.utxos', [this.id]));
  }

  async history({ before, limit }: { before?: Hex; limit?: number } = {}): Promise<TxRecord[]> {
    return reviveTransactions(await this.#calls.call('watch.history', [this.id, before, limit]));
  }

  async nextAddress(): Promise<string> {
    return (await this.#calls.call('watch.nextAddress', [this.id])) as string;
  }

  async rescan(from: Birthday, o: Cancel = {}): Promise<void> {
    await this.#calls.call('watch.rescan', [this.id, plainBirthday('from', from)], checkSignal(o));
  }

  /** Removing twice is removing once; one that failed can be tried again. */
  remove(): Promise<void> {
    this.#removal ??= this.#remove();
    return this.#removal;
  }

  async #remove(): Promise<void> {
    try {
      await this.#calls.call('watch.remove', [this.id]);
    } catch (thrown) {
      this.#removal = null;
      throw thrown;
    }
    this.#calls.removed(this);
  }

  /** Removes the watch. With a client that is closed there is nothing left to do. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.remove();
    } catch (thrown) {
      if (!(thrown instanceof SpvError && thrown.code === 'closed')) throw thrown;
    }
  }
}
