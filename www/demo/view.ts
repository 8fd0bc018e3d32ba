/** Draws what a client says; knows no client itself. */

import type { Metrics, PeerInfo, Phase, PhaseTransition, SyncState } from 'dash-spv-wasm';
import { byId, make, show, terms } from './dom.ts';
import { bytes, count, dateTime, duration, timeOfDay } from './format.ts';

const TITLES: Record<Phase, string> = {
  idle: 'Connecting',
  headers: 'Headers',
  masternodes: 'Masternodes',
  'filter-headers': 'Filter headers',
  filters: 'Filters',
  blocks: 'Blocks',
  synced: 'Synced',
};
const WORKING = ['headers', 'masternodes', 'filter-headers', 'filters', 'blocks'] as const;
const MAX_TRANSITIONS = 100;

export function drawState(state: SyncState, paused: boolean): void {
  const { phase, progress, tip, targetHeight } = state;
  const running = phase !== 'idle' && phase !== 'synced' ? state.phases[phase] : null;
  show('phase', paused ? 'Paused' : TITLES[phase], phase);
  const rate = running?.perSecond ?? state.phases.headers.perSecond;
  drawRate(rate);
  show('eta', phase === 'synced' ? 'done' : state.etaMs === null || paused ? '–' : duration(state.etaMs));
  // Rounded down: nothing is complete before it is.
  show('percent', `${(Math.floor(progress * 1_000) / 10).toFixed(progress === 1 ? 0 : 1)} %`);

  const bar = byId('progress');
  bar.dataset.value = String(progress);
  bar.setAttribute('aria-valuenow', String(Math.floor(progress * 100)));
  bar.style.setProperty('--value', String(progress));
  bar.className = `progress ${phase === 'synced' ? 'done' : running && !paused ? 'running' : ''}`;

  show('tip-height', count(tip.height), tip.height);
  show('tip-hash', tip.hash, tip.hash);
  show('tip-time', dateTime(tip.time));
  byId('tip-time').setAttribute('datetime', tip.time.toISOString());
  drawAge(state);
  show('target-height', count(targetHeight), targetHeight);
  const behind = targetHeight - tip.height;
  show('behind', behind > 0 ? `${count(behind)} to go` : '');
  show('peers-count', count(state.peers), state.peers);
  drawSteps(state);
  drawBadges(state);
}

function drawRate(perSecond: number): void {
  const rate = byId('rate');
  rate.dataset.value = String(perSecond);
  rate.replaceChildren(count(perSecond), ' ', make('small', {}, 'per second'));
}

export function drawAge({ tip }: SyncState): void {
  const age = Date.now() - tip.time.getTime();
  show('tip-age', tip.time.getTime() === 0 ? '–' : age < 0 ? 'just now' : `${duration(age)} ago`);
}

function drawSteps(state: SyncState): void {
  const list = byId('phases');
  if (list.childElementCount === 0) {
    list.append(
      ...WORKING.map(phase => make('li', { 'data-phase': phase }, make('b', {}, TITLES[phase]), make('span', {}))),
    );
  }
  for (const item of list.querySelectorAll('li')) {
    const phase = item.dataset.phase as (typeof WORKING)[number];
    const { status, completed, total } = state.phases[phase];
    item.dataset.status = status;
    const text =
      status === 'off' || (total === 0 && status !== 'failed')
        ? status
        : status === 'failed'
          ? 'cannot be proven yet'
          : `${count(completed)} of ${count(total)}`;
    const line = item.lastElementChild;
    if (line && line.textContent !== text) line.textContent = text;
  }
}

function drawBadges(state: SyncState): void {
  const network = byId('network-status');
  network.dataset.value = state.network;
  network.className = `badge ${{ online: 'good', connecting: 'accent', offline: 'bad' }[state.network]}`;
  const word = network.querySelector('b');
  if (word) word.textContent = state.network;
  show('role', state.role, state.role);
  byId('role').className = `badge ${state.role === 'leader' ? 'accent' : ''}`;
  show('storage', state.persistent ? 'stored' : 'in memory', state.persistent ? 'persistent' : 'memory');
  byId('storage').className = `badge ${state.persistent ? '' : 'warn'}`;
  const degraded = state.degraded.join(' ');
  const list = byId('degraded');
  if (list.dataset.value === degraded) return;
  list.dataset.value = degraded;
  list.replaceChildren(
    ...state.degraded.map(word => make('span', { class: 'badge warn', title: DEGRADED[word] }, `degraded: ${word}`)),
  );
}

const DEGRADED: Record<SyncState['degraded'][number], string> = {
  chainlocks: 'ChainLocks cannot be verified just now',
  instantsend: 'InstantSend locks cannot be verified just now',
  filters: 'Filters cannot be proven just now',
  peers: 'Everything rests on one bridge or one peer: proven still, but something could be withheld',
};

export function drawPeers(peers: PeerInfo[]): void {
  const body = byId('peers').querySelector('tbody');
  body?.replaceChildren(...peers.map(row));
  byId('no-peers').hidden = peers.length > 0;
}

function row(peer: PeerInfo): HTMLElement {
  const number = (text: string) => make('td', { class: 'num' }, text);
  const score = String(peer.score);
  return make(
    'tr',
    { 'data-id': peer.id, 'data-rtt': String(peer.rttMs ?? ''), 'data-score': score },
    make('td', {}, make('code', {}, peer.address), make('small', {}, `via ${peer.bridge}`)),
    make('td', {}, peer.userAgent || '–', make('small', {}, `protocol ${peer.protocol}`)),
    number(count(peer.height)),
    number(peer.rttMs === null ? '–' : `${count(peer.rttMs)} ms`),
    make(
      'td',
      {},
      make(
        'span',
        { class: 'score', title: 'at 100 a peer is banned' },
        make('meter', { min: '0', max: '100', low: '30', high: '70', optimum: '0', value: score }, score),
        score,
      ),
    ),
    number(bytes(peer.bytesIn)),
    number(bytes(peer.bytesOut)),
  );
}

export function drawTransitions(transitions: PhaseTransition[]): void {
  byId('transitions').replaceChildren(
    ...transitions
      .slice(-MAX_TRANSITIONS)
      .reverse()
      .map(({ from, to, reason, at, height, durationMs }) =>
        make(
          'li',
          { 'data-from': from, 'data-to': to },
          make('b', {}, `${TITLES[from]} → ${TITLES[to]}`),
          make('p', {}, reason),
          make('p', {}, `${timeOfDay(at)} · height ${count(height)} · after ${duration(durationMs)}`),
        ),
      ),
  );
}

export function drawMetrics(metrics: Metrics, version: string): void {
  const { requests } = metrics;
  terms('metrics', [
    ['requests', `${count(requests.answered)}/${count(requests.sent)}`],
    ['wasm memory', bytes(metrics.wasmHeapBytes)],
    ['stored', metrics.storageBytes === null ? '–' : bytes(metrics.storageBytes)],
    ['compute workers', count(metrics.computeWorkers)],
    ['version', version],
  ]);
}

/** Says that something is wrong, or no longer (null). */
export function notice(text: string | null, mild = false): void {
  const bar = byId('notice');
  bar.hidden = text === null;
  bar.className = mild ? 'notice mild' : 'notice';
  bar.textContent = text ?? '';
}
