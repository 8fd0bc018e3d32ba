/**
 * Bindings that pretend: a client that "syncs" a made-up chain in half a minute, and lists and quorums in ten seconds
 * more, so that the demo page, the tabs and the workers can be looked at without the wasm module. Nothing here hashes
 * or proves anything.
 */

import { FakeWallet } from './wallet.js';

const TARGET = 2_412_000;
const SECONDS = 30;
/** Requests of the masternode phase, and how many there are at a time. */
const REQUESTS = 50;
const AT_A_TIME = 3;
const MASTERNODES = 3_147;
/** Type, quorums listed, and how long a cycle is. */
const QUORUMS = [
  [1, 24, 24],
  [2, 4, 288],
  [3, 4, 576],
  [4, 24, 24],
  [5, 32, 288],
];

export function initSync({ module }) {
  return new WebAssembly.Instance(module, {}).exports;
}

export default async function init({ module_or_path }) {
  return initSync({ module: module_or_path });
}

export function store_name(network, namespace) {
  const name = typeof network === 'string' ? network : network.devnet ? `devnet-${network.devnet}` : 'regtest';
  return `dash-spv-wasm/${name}/${namespace}`;
}

export function check_options({ network, namespace }) {
  return store_name(network ?? 'mainnet', namespace ?? 'default');
}

export function platform_activation_height(network) {
  return network === 'testnet' ? 1_090_319 : 2_132_092;
}

export async function destroy() {}

export function compute(work) {
  return work;
}

export function version() {
  return '0.0.0';
}

const idle = { status: 'waiting', completed: 0, total: 0, perSecond: 0, etaMs: null };
const off = { ...idle, status: 'off' };
const hex = (seed, bytes) =>
  [...Array(bytes)].map((_, i) => ((seed * 7919 + i * 104_729) % 256).toString(16).padStart(2, '0')).join('');
const masternode = (_, n) => ({
  proTxHash: hex(n, 32),
  type: n % 12 === 0 ? 'evo' : 'regular',
  valid: n % 17 !== 0,
  service: `203.0.113.${n % 256}:9999`,
  operatorKey: hex(n, 48),
  votingAddress: 'XeCz1ewSHVDkSCLbXtuj4nwRpTKGa6wTQU',
  platformPort: n % 12 === 0 ? 443 : null,
});
const hash = height =>
  `00000000000000${[...Array(50)].map((_, i) => ((height * 7919 + i * 104729 + ((height >> (i % 9)) ^ i)) % 16).toString(16)).join('')}`;

export class Client {
  static async open(options, host) {
    const client = new Client();
    client.host = host;
    client.height = 0;
    client.transitions = [];
    client.phase = 'idle';
    client.began = Date.now();
    client.started = Date.now();
    client.rate = 0;
    client.on = options.phases?.masternodes !== false;
    client.proven = 0;
    client.locked = null;
    client.wallet = new FakeWallet(event => host.event(event), TARGET);
    client.searches = options.phases?.filters !== false;
    for (let n = 0; n < Math.min(options.computeWorkers ?? 0, 3); n += 1) {
      const worker = host.computeWorker();
      if (!worker) continue;
      worker.onmessage = ({ data }) =>
        client.log('debug', 'compute', data.ready ? 'compute worker ready' : 'job done', { worker: n });
    }
    client.emit();
    client.timer = setInterval(() => client.tick(), 200);
    setTimeout(() => client.go('headers', 'three peers are connected'), 1_500);
    return client;
  }

  log(level, target, message, fields = {}) {
    this.host.log({ level, target, message, at: Date.now(), fields });
  }

  tip() {
    return {
      height: this.height,
      hash: hash(this.height),
      time: Date.now() - (TARGET - this.height) * 150_000 - 42_000,
    };
  }

  go(to, reason) {
    const transition = {
      from: this.phase,
      to,
      reason,
      at: Date.now(),
      height: this.height,
      durationMs: Date.now() - this.began,
    };
    this.transitions.push(transition);
    this.phase = to;
    this.began = Date.now();
    this.log('info', 'sync', `phase ${transition.from} is over`, { to, reason });
    this.host.event({ type: 'phase', transition });
    this.emit();
  }

  emit() {
    const etaMs = this.rate > 0 ? ((TARGET - this.height) / this.rate) * 1_000 : null;
    const synced = this.phase === 'synced';
    const state = {
      phase: this.phase,
      network: this.paused ? 'offline' : this.phase === 'idle' ? 'connecting' : 'online',
      tip: this.tip(),
      chainlocked: this.locked,
      targetHeight: this.phase === 'idle' ? 0 : Math.max(TARGET, this.height),
      peers: this.phase === 'idle' ? 0 : 3,
      progress: Math.min(1, this.height / TARGET),
      etaMs: synced ? 0 : etaMs,
      phases: {
        headers: {
          status: this.phase === 'headers' ? 'running' : this.phase === 'idle' ? 'waiting' : 'done',
          completed: this.height,
          total: this.phase === 'idle' ? 0 : Math.max(TARGET, this.height),
          perSecond: this.rate,
          etaMs,
        },
        masternodes: this.on
          ? {
              status: synced ? 'done' : this.phase === 'masternodes' ? 'running' : 'waiting',
              completed: this.proven,
              total: this.phase === 'idle' || this.phase === 'headers' ? 0 : REQUESTS,
              perSecond: this.phase === 'masternodes' ? this.rate : 0,
              etaMs: null,
            }
          : off,
        'filter-headers': this.search(synced ? TARGET : 0),
        filters: this.search(synced ? TARGET : 0),
        blocks: this.search(synced ? 14 : 0),
      },
      degraded: this.on && this.phase !== 'synced' ? ['chainlocks', 'instantsend', 'peers'] : ['peers'],
      persistent: true,
    };
    this.host.event({ type: 'state', state });
  }

  tick() {
    if (this.paused || this.phase === 'idle') return;
    const time = (Date.now() - this.started) / 1_000;
    const wave = 1 + 0.25 * Math.sin(time / 2.3) + 0.15 * Math.sin(time * 1.7) + (Math.random() - 0.5) * 0.2;
    if (this.phase === 'headers') {
      const step = Math.round(((TARGET / SECONDS) * wave) / 5);
      this.height = Math.min(TARGET, this.height + step);
      this.rate = this.rate * 0.8 + step * 5 * 0.2;
      this.log('debug', 'chain', 'headers proven', { count: step, height: this.height });
      if (Math.random() < 0.05)
        this.log('warn', 'network', 'request timed out', { peer: '203.0.113.7:9999', after_ms: 5000 });
      if (this.height === TARGET) {
        this.rate = 0;
        if (this.on) this.go('masternodes', 'two peers have nothing after our tip');
        else this.go('synced', 'two peers have nothing after our tip');
      }
    } else if (this.phase === 'masternodes') {
      this.rate = 5;
      this.proven += 1;
      this.log('debug', 'masternodes', 'list proven', { height: TARGET - (REQUESTS - this.proven) * 24 });
      if (this.proven === REQUESTS) {
        this.rate = 0;
        this.lock();
        this.go('synced', 'the tip’s quorums are verified');
      }
    } else {
      if (Math.random() < 0.05) {
        this.height += 1;
        this.log('info', 'chain', 'new block', { height: this.height });
        this.host.event({ type: 'tip', tip: this.tip() });
      } else if (this.on && this.locked.height < this.height && Math.random() < 0.2) this.lock();
      if (this.on && Math.random() < 0.1)
        this.host.event({ type: 'instantlock', txid: hex(Math.floor(Math.random() * 1e6), 32) });
    }
    this.emit();
  }

  search(completed) {
    if (!this.searches) return off;
    return { ...idle, status: completed > 0 ? 'done' : 'waiting', completed, total: completed };
  }

  lock() {
    this.locked = this.tip();
    this.host.event({ type: 'chainlock', tip: this.locked });
  }

  quorums() {
    return QUORUMS.flatMap(([type, many, cycle]) =>
      [...Array(Math.floor((many * this.proven) / REQUESTS))].map((_, n) => {
        const rotated = type === 5;
        const verified = type !== 1 && type !== 3 && !(rotated && n === 31);
        return {
          type,
          hash: hash(TARGET - n * cycle),
          height: type === 3 ? null : TARGET - (TARGET % cycle) - (rotated ? 0 : n * cycle),
          index: rotated ? n : null,
          publicKey: new Uint8Array(48),
          verified,
          members: verified || rotated ? [hex(n, 32)] : [],
        };
      }),
    );
  }

  async call(_id, method, args) {
    if (this.wallet.has(method)) return this.wallet[method](...args);
    const [at] = args;
    switch (method) {
      case 'masternodes':
        return this.proven > 0 ? [...Array(MASTERNODES)].map(masternode) : [];
      case 'quorums.list':
        return this.quorums();
      case 'pause':
      case 'resume':
        this.paused = method === 'pause';
        this.rate = 0;
        this.emit();
        return undefined;
      case 'transitions':
        return this.transitions;
      case 'header':
        if (at === 666) throw new WebAssembly.RuntimeError('unreachable');
        return { height: at, hash: hash(at), raw: new Uint8Array(80), time: 1_700_000_000_000, chainlocked: false };
      case 'metrics':
        return {
          bytesIn: 1,
          bytesOut: 1,
          headersPerSecond: this.rate,
          filtersPerSecond: 0,
          requests: { sent: 412, answered: 409, timedOut: 2, retried: 2, cancelled: 0 },
          quorumRequests: {
            waiting: this.phase === 'masternodes' ? Math.max(0, REQUESTS - this.proven - AT_A_TIME) : 0,
            inFlight: this.phase === 'masternodes' ? Math.min(AT_A_TIME, REQUESTS - this.proven) : 0,
            processed: this.proven,
            failed: this.proven > 20 ? 1 : 0,
          },
          circuit: 'closed',
          wasmHeapBytes: 21_430_272,
          storageBytes: 271_000_000,
          computeWorkers: 3,
          reconnects: 0,
        };
      case 'peers':
        return this.phase === 'idle'
          ? []
          : [
              ['203.0.113.7:9999', 'wss://bridge.example', 38, 0],
              ['198.51.100.23:9999', 'wss://bridge.example', 112, 20],
              ['192.0.2.141:9999', 'wss://bridge.example', null, 75],
            ].map(([address, bridge, rttMs, score], n) => ({
              id: `peer-${n}`,
              address,
              bridge,
              userAgent: n === 2 ? '/Dash Core:22.1.3/' : '/Dash Core:23.1.1/',
              protocol: n === 2 ? 70236 : 70240,
              services: 3141,
              height: TARGET - n,
              rttMs: rttMs && rttMs + Math.round(Math.random() * 9),
              score,
              bytesIn: Math.round((this.height * 41) / (n + 2)),
              bytesOut: Math.round((this.height * 0.4) / (n + 2)),
            }));
      default:
        throw { code: 'unsupported', message: `no ${method}`, retryable: false };
    }
  }

  cancel() {}

  async close() {
    clearInterval(this.timer);
  }
}
