/** From the wire to the contract: dates, amounts, errors and nulls as the declarations promise; snapshots are frozen. */

import type {
  Balance,
  Header,
  LogRecord,
  Masternode,
  Metrics,
  PeerInfo,
  PhaseProgress,
  PhaseTransition,
  Quorum,
  SpvEvent,
  SyncState,
  Tip,
  TxRecord,
  Utxo,
} from './api.d.ts';
import { fromWire } from './errors.ts';
import type { Role, Wire, WireEvent, WireLog, WireState } from './protocol.ts';

/** Absent and null are one thing on the wire. */
const orNull = <T>(value: T | null | undefined): T | null => value ?? null;

function tip(wire: Wire<Tip>): Tip {
  return Object.freeze({ height: wire.height, hash: wire.hash, time: new Date(wire.time) });
}

function progress(wire: Wire<PhaseProgress>): PhaseProgress {
  return Object.freeze({ ...wire, etaMs: orNull(wire.etaMs) });
}

function transition(wire: Wire<PhaseTransition>): PhaseTransition {
  return Object.freeze({ ...wire, at: new Date(wire.at) });
}

function peer(wire: Wire<PeerInfo>): PeerInfo {
  return Object.freeze({ ...wire, rttMs: orNull(wire.rttMs) });
}

function transaction(wire: Wire<TxRecord>): TxRecord {
  return { ...wire, delta: BigInt(wire.delta), block: wire.block ? tip(wire.block) : null };
}

export function reviveState(wire: WireState, role: Role): SyncState {
  const { phases } = wire;
  return Object.freeze({
    ...wire,
    role,
    tip: tip(wire.tip),
    chainlocked: wire.chainlocked ? tip(wire.chainlocked) : null,
    etaMs: orNull(wire.etaMs),
    phases: Object.freeze({
      headers: progress(phases.headers),
      masternodes: progress(phases.masternodes),
      'filter-headers': progress(phases['filter-headers']),
      filters: progress(phases.filters),
      blocks: progress(phases.blocks),
    }),
    degraded: Object.freeze([...wire.degraded]) as SyncState['degraded'],
  });
}

export type PlainEvent = Exclude<SpvEvent, { type: 'state' } | { type: 'lagged' }>;

export function reviveEvent(wire: Exclude<WireEvent, { type: 'state' }>): PlainEvent {
  switch (wire.type) {
    case 'progress':
      return { ...wire, progress: progress(wire.progress), etaMs: orNull(wire.etaMs) };
    case 'phase':
      return { ...wire, transition: transition(wire.transition) };
    case 'tip':
    case 'chainlock':
      return { ...wire, tip: tip(wire.tip) };
    case 'reorg':
      return { ...wire, from: tip(wire.from), to: tip(wire.to) };
    case 'instantlock':
      return wire;
    case 'tx':
      return { ...wire, tx: transaction(wire.tx) };
    case 'broadcast': {
      const { txid, stage, peers, rejected } = wire.broadcast;
      const event = { type: wire.type, txid, stage: orNull(stage), peers };
      return rejected == null ? event : { ...event, error: fromWire(rejected) };
    }
    case 'peer': {
      const { reason, ...rest } = wire;
      const event = { ...rest, peer: peer(wire.peer) };
      return reason == null ? event : { ...event, reason };
    }
    case 'storage': {
      const { type, persistent, cause } = wire;
      return cause == null ? { type, persistent } : { type, persistent, cause: fromWire(cause) };
    }
    case 'warning':
      return { type: 'warning', error: fromWire(wire.error) };
  }
}

export function reviveLog(wire: WireLog): LogRecord {
  const fields = wire.fields as LogRecord['fields'] | Map<string, string | number | boolean>;
  return {
    ...wire,
    at: new Date(wire.at),
    fields: fields instanceof Map ? Object.fromEntries(fields) : fields,
  };
}

export function reviveHeader(value: unknown): Header | null {
  const wire = value as Wire<Header> | null | undefined;
  return wire ? { ...wire, time: new Date(wire.time) } : null;
}

export function revivePeers(value: unknown): PeerInfo[] {
  return (value as Wire<PeerInfo>[]).map(peer);
}

export function reviveMetrics(value: unknown): Metrics {
  const wire = value as Wire<Metrics>;
  return { ...wire, storageBytes: orNull(wire.storageBytes) };
}

export function reviveMasternodes(value: unknown): Masternode[] {
  return (value as Wire<Masternode>[]).map(wire => ({ ...wire, platformPort: orNull(wire.platformPort) }));
}

export function reviveQuorums(value: unknown): Quorum[] {
  const revive = (wire: Wire<Quorum>): Quorum => ({
    ...wire,
    height: orNull(wire.height),
    index: orNull(wire.index),
  });
  return (value as Wire<Quorum>[]).map(revive);
}

export function reviveTransitions(value: unknown): PhaseTransition[] {
  return (value as Wire<PhaseTransition>[]).map(transition);
}

export function reviveBalance(value: unknown): Balance {
  const wire = value as Wire<Balance>;
  return {
    chainlocked: BigInt(wire.chainlocked),
    instantlocked: BigInt(wire.instantlocked),
    mined: BigInt(wire.mined),
    pending: BigInt(wire.pending),
    immature: BigInt(wire.immature),
    total: BigInt(wire.total),
  };
}

export function reviveUtxos(value: unknown): Utxo[] {
  const revive = (wire: Wire<Utxo>): Utxo => ({
    ...wire,
    value: BigInt(wire.value),
    address: orNull(wire.address),
    height: orNull(wire.height),
  });
  return (value as Wire<Utxo>[]).map(revive);
}

export function reviveTransactions(value: unknown): TxRecord[] {
  return (value as Wire<TxRecord>[]).map(transaction);
}

export function reviveTransaction(value: unknown): TxRecord | null {
  const wire = value as Wire<TxRecord> | null | undefined;
  return wire ? transaction(wire) : null;
}
