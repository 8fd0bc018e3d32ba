/** The box that sends a raw transaction, and the stages that what was sent has reached. */

import type { Broadcast, BroadcastStage, SpvClient } from 'dash-spv-wasm';
import { SpvError } from 'dash-spv-wasm';
import { byId, make } from './dom.ts';
import { ends } from './format.ts';
import { note } from './log.ts';
import { inlineError, reason } from './wallet-view.ts';

const STAGES: [BroadcastStage, string][] = [
  ['sent', 'sent'],
  ['echoed', 'echoed'],
  ['instantlocked', 'InstantSend'],
  ['mined', 'mined'],
  ['chainlocked', 'ChainLock'],
];
/** Reached stages that say more than that they were reached. */
const MARKS: Partial<Record<BroadcastStage, string>> = { chainlocked: 'good' };

/** What is shown of a broadcast. */
export interface Shown {
  stage: BroadcastStage | null;
  peers: number;
  error: string | null;
  /** Whether it can be stopped. */
  live: boolean;
}

export class BroadcastPanel {
  #client: SpvClient | null = null;
  readonly #followed = new Set<Broadcast>();

  constructor() {
    byId('broadcast-form').addEventListener('submit', event => {
      event.preventDefault();
      void this.#send();
    });
  }

  attach(client: SpvClient): void {
    this.#client = client;
    byId<HTMLButtonElement>('broadcast-send').disabled = false;
    void this.load();
  }

  detach(): void {
    this.#client = null;
    this.#followed.clear();
    byId<HTMLButtonElement>('broadcast-send').disabled = true;
    byId('broadcasts').replaceChildren();
    inlineError('broadcast-error', null);
  }

  /** The broadcasts that are kept. */
  async load(): Promise<void> {
    const client = this.#client;
    if (!client) return;
    try {
      const broadcasts = await client.broadcasts();
      if (this.#client === client) for (const broadcast of broadcasts) void this.#follow(broadcast);
    } catch (thrown) {
      note('debug', 'no broadcasts', { error: String(thrown) });
    }
  }

  async #send(): Promise<void> {
    const client = this.#client;
    const area = byId<HTMLTextAreaElement>('broadcast-raw');
    const raw = area.value.replace(/\s+/g, '');
    if (!client || raw === '') return;
    const button = byId<HTMLButtonElement>('broadcast-send');
    button.disabled = true;
    inlineError('broadcast-error', null);
    try {
      const broadcast = await client.broadcast(raw);
      area.value = '';
      note('info', 'broadcasting', { txid: broadcast.txid });
      void this.#follow(broadcast);
    } catch (thrown) {
      inlineError('broadcast-error', reason(thrown));
    }
    button.disabled = this.#client === null;
  }

  /** Shows a broadcast until its end. */
  async #follow(broadcast: Broadcast): Promise<void> {
    if (this.#followed.has(broadcast)) return;
    this.#followed.add(broadcast);
    const { txid } = broadcast;
    const shown: Shown = { stage: null, peers: 0, error: null, live: true };
    const draw = () => {
      if (this.#followed.has(broadcast)) drawBroadcast(txid, shown, () => broadcast.stop());
    };
    draw();
    for await (const { stage, peers } of broadcast) {
      Object.assign(shown, { stage, peers });
      draw();
    }
    shown.live = false;
    try {
      await broadcast.until('chainlocked');
    } catch (thrown) {
      shown.error = thrown instanceof SpvError && thrown.code === 'aborted' ? 'stopped' : reason(thrown);
    }
    draw();
  }
}

/** One line for each transaction, the newest first. */
export function drawBroadcast(txid: string, { stage, peers, error, live }: Shown, onStop: () => void): void {
  const list = byId('broadcasts');
  const reached = STAGES.findIndex(([name]) => name === stage);
  const steps = STAGES.map(([name, word], at) => {
    const mark = at <= reached ? (MARKS[name] ?? 'accent') : '';
    return make('li', {}, make('span', { class: `badge ${mark}`, 'data-step': name }, word));
  });
  const data = { 'data-txid': txid, 'data-stage': stage ?? '', 'data-peers': String(peers) };
  const line = make(
    'li',
    error === null ? data : { ...data, 'data-error': error },
    make('code', { title: txid }, ends(txid)),
    make('ol', { class: 'badges', 'aria-label': 'Stages' }, ...steps),
    make('span', { class: 'peers' }, peers === 1 ? '1 peer' : `${peers} peers`),
  );
  if (live) {
    const stop = make('button', { type: 'button', class: 'stop', title: 'Send it no longer' }, 'Stop');
    stop.addEventListener('click', onStop);
    line.append(stop);
  }
  if (error !== null) line.append(make('p', { class: 'error' }, error));
  const old = [...list.children].find(item => (item as HTMLElement).dataset.txid === txid);
  if (old) old.replaceWith(line);
  else list.prepend(line);
}
