/** The wallet's part of the page: asks the client about what is watched, when something about it can have changed. */

import type { SpvClient, Watch, WatchTarget } from 'dash-spv-wasm';
import { byId } from './dom.ts';
import { ends } from './format.ts';
import type { Labels } from './labels.ts';
import { note } from './log.ts';
import {
  drawAddress,
  drawBalance,
  drawHistory,
  drawWalletState,
  drawWatches,
  inlineError,
  reason,
} from './wallet-view.ts';

/** Rows of history that are shown at first, and that are added at a time. */
const ROWS = 10;
/** The wallet is not asked more often than this. */
const PAUSE_MS = 300;

export class WalletPanel {
  readonly #labels: Labels;
  #client: SpvClient | null = null;
  #watches: Watch[] = [];
  #selected: Watch | null = null;
  #rows = ROWS;
  #refreshing = false;
  #refreshAgain = false;

  constructor(labels: Labels, faucet: boolean) {
    this.#labels = labels;
    byId('faucet').hidden = !faucet;
    byId('watch-form').addEventListener('submit', event => {
      event.preventDefault();
      void this.#add();
    });
    byId('wallet-more').addEventListener('click', () => {
      this.#rows += ROWS;
      this.#refresh();
    });
    byId('wallet-copy').addEventListener('click', () => {
      void navigator.clipboard?.writeText(byId('wallet-address').dataset.value ?? '');
    });
    byId('faucet').addEventListener('click', () => void this.#faucet());
  }

  attach(client: SpvClient): void {
    this.#client = client;
    byId<HTMLButtonElement>('watch-add').disabled = false;
    client.subscribe(() => drawWalletState(client.state));
    drawWalletState(client.state);
    client.addEventListener('tx', ({ detail: { tx, watches } }) => {
      note('info', 'transaction', { txid: tx.txid, finality: tx.finality, delta: String(tx.delta) });
      if (this.#selected && watches.includes(this.#selected.id)) this.#refresh();
    });
    // Coins ripen and become final with blocks; a search that is over may have found some.
    for (const type of ['tip', 'chainlock', 'reorg', 'phase'] as const) {
      client.addEventListener(type, () => this.#refresh());
    }
    void this.load();
  }

  detach(): void {
    this.#client = null;
    this.#watches = [];
    byId<HTMLButtonElement>('watch-add').disabled = true;
    this.#select(null);
    inlineError('watch-error', null);
  }

  /** The watches there are: another tab may have others. */
  async load(): Promise<void> {
    const client = this.#client;
    if (!client) return;
    try {
      const watches = await client.watches();
      if (this.#client !== client) return;
      this.#watches = watches;
      this.#select(watches.find(watch => watch === this.#selected) ?? watches.at(-1) ?? null);
    } catch (thrown) {
      note('debug', 'no watches', { error: String(thrown) });
    }
  }

  async #add(): Promise<void> {
    const client = this.#client;
    const input = byId<HTMLInputElement>('watch-input');
    const text = input.value.trim();
    if (!client || text === '') return;
    const button = byId<HTMLButtonElement>('watch-add');
    button.disabled = true;
    inlineError('watch-error', null);
    try {
      const target = targetOf(text);
      const watch = await client.watch(target);
      this.#labels.set(watch.id, labelOf(target));
      input.value = '';
      if (!this.#watches.includes(watch)) this.#watches = [...this.#watches, watch];
      this.#select(watch);
    } catch (thrown) {
      inlineError('watch-error', reason(thrown));
    }
    button.disabled = this.#client === null;
  }

  async #remove(id: string): Promise<void> {
    const watch = this.#watches.find(watch => watch.id === id);
    if (!watch) return;
    try {
      await watch.remove();
      this.#labels.delete(id);
      this.#watches = this.#watches.filter(other => other !== watch);
      this.#select(this.#selected === watch ? (this.#watches.at(-1) ?? null) : this.#selected);
    } catch (thrown) {
      inlineError('watch-error', reason(thrown));
    }
  }

  #select(watch: Watch | null): void {
    if (watch !== this.#selected) {
      this.#rows = ROWS;
      drawBalance(null);
      drawAddress(null, false);
      drawHistory([], false);
      inlineError('wallet-error', null);
    }
    this.#selected = watch;
    const watches = this.#watches.map(({ id }) => ({ id, label: this.#labels.get(id) }));
    drawWatches(watches, watch?.id ?? null, {
      select: id => this.#select(this.#watches.find(watch => watch.id === id) ?? null),
      remove: id => void this.#remove(id),
    });
    this.#refresh();
  }

  #refresh(): void {
    if (this.#refreshing) {
      this.#refreshAgain = true;
      return;
    }
    if (!this.#selected) return;
    this.#refreshing = true;
    void this.#show(this.#selected).finally(() => {
      setTimeout(() => {
        this.#refreshing = false;
        const again = this.#refreshAgain;
        this.#refreshAgain = false;
        if (again) this.#refresh();
      }, PAUSE_MS);
    });
  }

  async #show(watch: Watch): Promise<void> {
    const rows = this.#rows;
    try {
      const [balance, history, next] = await Promise.all([
        watch.balance(),
        watch.history({ limit: rows + 1 }),
        // Only branches of keys have one.
        watch.nextAddress().catch(() => null),
      ]);
      if (this.#selected !== watch) return;
      drawBalance(balance);
      drawHistory(history.slice(0, rows), history.length > rows);
      const label = this.#labels.get(watch.id);
      drawAddress(next ?? (label?.kind === 'address' ? label.text : null), next !== null);
      inlineError('wallet-error', null);
    } catch (thrown) {
      if (this.#selected === watch) inlineError('wallet-error', reason(thrown));
    }
  }

  async #faucet(): Promise<void> {
    const button = byId<HTMLButtonElement>('faucet');
    const address = byId('wallet-address').dataset.value;
    if (!address) return;
    button.disabled = true;
    inlineError('wallet-error', null);
    try {
      const response = await fetch('./faucet', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ address }),
      });
      if (response.status === 501) button.hidden = true;
      if (!response.ok) throw new Error(`the faucet says: ${await response.text()}`);
      const { txid } = (await response.json()) as { txid: string };
      note('info', 'the faucet paid', { txid, address });
    } catch (thrown) {
      inlineError('wallet-error', reason(thrown));
    }
    button.disabled = false;
  }
}

/** What somebody typed: a descriptor has brackets, an extended key says what it is. */
export function targetOf(text: string): WatchTarget {
  if (text.includes('(')) return { descriptor: text };
  if (/^(.pub|drk)/i.test(text)) return { xpub: text };
  return { address: text };
}

/** An address is shown whole; of keys only the ends are kept. */
function labelOf(target: WatchTarget): { kind: string; text: string } {
  if ('address' in target) return { kind: 'address', text: target.address };
  if ('xpub' in target) return { kind: 'xpub', text: ends(target.xpub, 12, 6) };
  if ('descriptor' in target) return { kind: 'descriptor', text: ends(target.descriptor, 14, 8) };
  return { kind: 'script', text: '' };
}
