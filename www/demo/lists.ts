/** Draws masternodes, quorums and locks; knows no client itself. */

import type { Masternode, Metrics, Quorum, SyncState, Tip } from 'dash-spv-wasm';
import { byId, make, show } from './dom.ts';
import { count, timeOfDay } from './format.ts';

const MAX_LOCKS = 6;

/** Dash Core's names. */
const TYPES: Record<number, string> = {
  1: '50_60',
  2: '400_60',
  3: '400_85',
  4: '100_67',
  5: '60_75',
  6: '25_67',
  100: 'test',
  101: 'devnet',
  102: 'test_v17',
  103: 'test_dip0024',
  104: 'test_instantsend',
  105: 'devnet_dip0024',
  106: 'test_platform',
  107: 'devnet_platform',
};

/** The ChainLocked tip beside the tip, and what does not hold of lists and locks. */
export function drawLocked(state: SyncState): void {
  const { chainlocked, tip, degraded } = state;
  const element = byId('chainlocked');
  element.toggleAttribute('data-locked', chainlocked !== null);
  element.dataset.value = chainlocked ? String(chainlocked.height) : '';
  element.dataset.hash = chainlocked?.hash ?? '';
  element.title = chainlocked ? `ChainLocked: ${chainlocked.hash}` : '';
  const { status } = state.phases.masternodes;
  show('chainlocked-height', chainlocked ? count(chainlocked.height) : '');
  show('chainlocked-gap', status === 'off' ? 'ChainLocks are off' : gap(chainlocked, tip));
  byId('lists').dataset.status = status;
  const hint = byId('lists-hint');
  const missing = [
    degraded.includes('chainlocks') && 'ChainLocks',
    degraded.includes('instantsend') && 'InstantSend locks',
  ].filter(word => word !== false);
  hint.toggleAttribute('data-degraded', missing.length > 0);
  const text =
    status === 'off'
      ? 'switched off: no lock can be verified'
      : missing.length > 0
        ? `degraded: ${missing.join(' and ')} cannot be verified just now`
        : '';
  show('lists-hint', text);
}

function gap(chainlocked: Tip | null, tip: Tip): string {
  if (!chainlocked) return 'no ChainLock verified yet';
  const blocks = tip.height - chainlocked.height;
  if (blocks <= 0) return 'the tip is ChainLocked';
  return `ChainLocked, ${count(blocks)} ${blocks === 1 ? 'block' : 'blocks'} below`;
}

export function drawRequests({ quorumRequests: { waiting, inFlight, processed, failed } }: Metrics): void {
  show('requests-in-flight', count(inFlight), inFlight);
  const rest = [`${count(processed)} done`];
  if (waiting > 0) rest.unshift(`${count(waiting)} waiting`);
  if (failed > 0) rest.push(`${count(failed)} failed`);
  show('requests-rest', rest.join(' · '));
  Object.assign(byId('requests-rest').dataset, { waiting, processed, failed });
}

/** `null` while there is no list. */
export function drawMasternodes(list: Masternode[] | null): void {
  const figure = (id: string, of: (list: Masternode[]) => number) =>
    list ? show(id, count(of(list)), of(list)) : show(id, '–', '');
  figure('mn-all', all => all.length);
  figure('mn-valid', all => all.filter(({ valid }) => valid).length);
  figure('mn-evo', all => all.filter(({ type }) => type === 'evo').length);
}

interface Row {
  type: number;
  verified: number;
  anchored: number;
  unverified: number;
  last: number | null;
}

/** One row for each type. Whatever is listed is tied to a header by the merkle roots. */
export function drawQuorums(quorums: Quorum[] | null): void {
  const rows = new Map<number, Row>();
  for (const { type, verified, members, height } of quorums ?? []) {
    const row = rows.get(type) ?? { type, verified: 0, anchored: 0, unverified: 0, last: null };
    rows.set(type, row);
    row[verified ? 'verified' : members.length > 0 ? 'unverified' : 'anchored'] += 1;
    if (height !== null && height > (row.last ?? -1)) row.last = height;
  }
  const verified = [...rows.values()].reduce((sum, row) => sum + row.verified, 0);
  show('quorums-all', quorums ? count(quorums.length) : '–', quorums?.length ?? '');
  show('quorums-verified', quorums ? count(verified) : '–', quorums ? verified : '');
  const body = byId('quorums').querySelector('tbody');
  body?.replaceChildren(...[...rows.values()].sort((a, b) => a.type - b.type).map(line));
  byId('quorums').hidden = rows.size === 0;
  byId('no-quorums').hidden = rows.size > 0;
}

function line({ type, verified, anchored, unverified, last }: Row): HTMLElement {
  const number = (value: number, mark: string) =>
    make('td', { class: `num ${value === 0 ? 'none' : mark}` }, value === 0 ? '–' : count(value));
  const data = {
    'data-type': String(type),
    'data-verified': String(verified),
    'data-anchored': String(anchored),
    'data-unverified': String(unverified),
    'data-last': String(last ?? ''),
  };
  return make(
    'tr',
    data,
    make('td', {}, make('code', {}, TYPES[type] ?? 'unknown'), ' ', make('small', { class: 'aside' }, `type ${type}`)),
    number(verified, 'good'),
    number(anchored, ''),
    number(unverified, 'bad'),
    make('td', { class: 'num' }, last === null ? '–' : count(last)),
  );
}

/** The latest InstantSend locks, newest first. */
export class Locks {
  #count = 0;

  add(txid: string): void {
    this.#count += 1;
    const list = byId('locks');
    const title = `${txid}, ${timeOfDay(new Date())}`;
    list.prepend(
      make(
        'li',
        { 'data-txid': txid },
        make('span', { class: 'badge good', title }, `${txid.slice(0, 8)}…${txid.slice(-4)}`),
      ),
    );
    while (list.childElementCount > MAX_LOCKS) list.lastElementChild?.remove();
    this.#show();
  }

  clear(): void {
    this.#count = 0;
    byId('locks').replaceChildren();
    this.#show();
  }

  #show(): void {
    show('locks-count', count(this.#count), this.#count);
    byId('no-locks').hidden = this.#count > 0;
  }
}
