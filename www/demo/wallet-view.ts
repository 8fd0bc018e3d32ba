/** Draws watches, balances and history; knows no client itself. */

import type { Balance, Finality, SyncState, TxRecord } from 'dash-spv-wasm';
import { byId, make, show } from './dom.ts';
import { change, count, dash, dateTime, ends } from './format.ts';

/** What the page calls a watch. */
export interface Label {
  kind: string;
  text: string;
}

const FINALITY: Record<Finality, { word: string; mark: string; title: string }> = {
  seen: { word: 'seen', mark: 'warn', title: 'Heard of, in no block: it may never be in one' },
  instantlocked: { word: 'InstantSend', mark: 'accent', title: 'Locked by InstantSend: the lock was verified' },
  mined: { word: 'mined', mark: '', title: 'In a block that is not final yet' },
  chainlocked: { word: 'ChainLock', mark: 'good', title: 'In a block that a verified ChainLock made final' },
};

/** Special transactions, by Dash Core's type numbers. */
const TYPES: Record<number, string> = {
  1: 'masternode registration',
  2: 'masternode service update',
  3: 'masternode update',
  4: 'masternode revocation',
  5: 'coinbase',
  6: 'quorum commitment',
  7: 'fork signal',
  8: 'asset lock',
  9: 'asset unlock',
};

/** How far the wallet's history is complete. */
export function drawWalletState(state: SyncState): void {
  const { phase, phases, degraded, tip } = state;
  const { status } = phases.filters;
  byId('wallet').dataset.status = status;
  const isDegraded = degraded.includes('filters') && status !== 'off';
  byId('wallet-hint').toggleAttribute('data-degraded', isDegraded);
  const searched = phase === 'synced' ? `complete up to ${count(tip.height)}` : 'still searching';
  show(
    'wallet-hint',
    status === 'off'
      ? 'filters are off: nothing is searched'
      : isDegraded
        ? 'filters cannot be proven just now'
        : searched,
  );
}

export function drawWatches(
  watches: { id: string; label: Label | null }[],
  selected: string | null,
  on: { select(id: string): void; remove(id: string): void },
): void {
  const item = (id: string, label: Label | null) => {
    const select = make(
      'button',
      { type: 'button', 'aria-pressed': String(id === selected) },
      make('code', {}, label ? ends(label.text, 16, 6) : ends(id)),
      make('small', {}, label?.kind ?? 'watch'),
    );
    const remove = make('button', { type: 'button', class: 'remove', 'aria-label': 'End this watch' }, '×');
    select.addEventListener('click', () => on.select(id));
    remove.addEventListener('click', () => on.remove(id));
    const attributes = { 'data-id': id, 'data-kind': label?.kind ?? '' };
    return make('li', id === selected ? { ...attributes, 'data-selected': '' } : attributes, select, remove);
  };
  byId('watches').replaceChildren(...watches.map(({ id, label }) => item(id, label)));
  byId('no-watches').hidden = watches.length > 0;
  byId('watch-shown').hidden = selected === null;
}

/** `null` while it is not known. */
export function drawBalance(balance: Balance | null): void {
  for (const field of ['total', 'chainlocked', 'instantlocked', 'mined', 'pending', 'immature'] as const) {
    const duffs = balance?.[field];
    show(`wallet-balance-${field}`, duffs === undefined ? '–' : dash(duffs), duffs === undefined ? '' : String(duffs));
  }
}

export function drawAddress(address: string | null, isNext: boolean): void {
  byId('receive').hidden = address === null;
  show('receive-title', isNext ? 'Next receiving address' : 'Address');
  show('wallet-address', address ?? '', address ?? '');
}

export function drawHistory(records: TxRecord[], hasMore: boolean): void {
  const body = byId('wallet-history').querySelector('tbody');
  body?.replaceChildren(...records.map(row));
  byId('wallet-history').hidden = records.length === 0;
  byId('no-history').hidden = records.length > 0;
  byId('wallet-more').hidden = !hasMore;
}

function row({ txid, delta, finality, block, conflictsWith, type }: TxRecord): HTMLElement {
  const { word, mark, title } = FINALITY[finality];
  const id = make('td', {}, make('code', { title: txid }, ends(txid)));
  if (type !== 0) id.append(' ', make('span', { class: 'badge' }, TYPES[type] ?? `type ${type}`));
  if (conflictsWith.length > 0) id.append(' ', make('span', { class: 'badge bad' }, 'conflict'));
  const data = {
    'data-txid': txid,
    'data-finality': finality,
    'data-delta': String(delta),
    'data-type': String(type),
    'data-height': String(block?.height ?? ''),
  };
  return make(
    'tr',
    conflictsWith.length > 0 ? { ...data, 'data-conflicts': conflictsWith.join(' ') } : data,
    id,
    block
      ? make('td', {}, dateTime(block.time), make('small', {}, `block ${count(block.height)}`))
      : make('td', {}, 'in no block'),
    make('td', {}, make('span', { class: `badge ${mark}`, title }, word)),
    make('td', { class: `num ${delta < 0n ? 'out' : 'in'}` }, change(delta)),
  );
}

/** Says beside a form what was wrong with it, or nothing more (null). */
export function inlineError(id: string, text: string | null): void {
  const line = byId(id);
  line.hidden = text === null;
  line.textContent = text ?? '';
}

/** Why something did not work. Beside a form it is clear which argument an error is about. */
export function reason(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message.replace(/^option `[^`]*`: /, '') : String(thrown);
}
