/** What the demo opens: the page's URL first, then `demo.json` beside the page, then defaults. */

import type { Birthday, Bridge, LogLevel, Network, OpenOptions } from 'dash-spv-wasm';

interface Beside {
  network?: Network;
  birthday?: Birthday | string;
  bridges?: Bridge[];
  /** Whether `POST faucet` pays an address. */
  faucet?: boolean;
}

export interface Settings {
  options: OpenOptions;
  networkName: string;
  faucet: boolean;
  /** For the page's foot. */
  shown: [string, string][];
}

export async function settings(parameters: URLSearchParams): Promise<Settings> {
  const beside = await fetch('./demo.json')
    .then(response => (response.ok ? response.json() : {}) as Beside | Promise<Beside>)
    .catch((): Beside => ({}));
  const named = parameters.get('network');
  const network = named ? networkOf(named) : (beside.network ?? 'mainnet');
  const bridges: Bridge[] = parameters.has('bridge')
    ? parameters.getAll('bridge').map(url => (parameters.has('plain') ? { url, plain: true } : url))
    : (beside.bridges ?? [location.origin]);
  const level = parameters.get('log') ?? 'debug';
  const options: OpenOptions = { network, bridges, log: { level: level as LogLevel } };

  const birthday = parameters.get('birthday') ?? beside.birthday;
  if (birthday != null) options.birthday = birthdayOf(birthday);
  const namespace = parameters.get('namespace');
  if (namespace !== null) options.namespace = namespace;
  const compute = parameters.get('computeWorkers');
  if (compute !== null) options.computeWorkers = Number(compute);
  if (parameters.get('storage') === 'memory') options.storage = 'memory';
  if (parameters.get('worker') === 'none') options.worker = 'none';
  const off = (phase: string) => parameters.get(phase) === 'off';
  options.phases = { masternodes: !off('masternodes'), filters: !off('filters') };
  if (off('mempool')) options.mempool = 'off';
  const mode = parameters.get('qrinfo');
  const history = parameters.get('history');
  if (mode !== null || history !== null) {
    options.qrinfo = {
      ...(mode !== null && { mode: mode as 'parallel' | 'sequential' }),
      ...(history !== null && { history: Number(history) }),
    };
  }
  const target = parameters.get('peers');
  if (target !== null) options.peers = { target: Number(target) };

  const shown: [string, string][] = [
    [
      'bridge',
      bridges
        .map(bridge => (typeof bridge === 'object' && 'url' in bridge ? `${bridge.url} (plain)` : `${bridge}`))
        .join(', '),
    ],
  ];
  if (birthday != null) shown.push(['birthday', typeof birthday === 'string' ? birthday : JSON.stringify(birthday)]);
  if (namespace !== null) shown.push(['namespace', namespace]);
  // Only beside the network that pays.
  const faucet = beside.faucet === true && !named && !parameters.has('bridge');
  return { options, networkName: nameOf(network), faucet, shown };
}

function networkOf(text: string): Network {
  if (text.startsWith('{')) return JSON.parse(text) as Network;
  if (text.startsWith('devnet-')) return { devnet: text.slice('devnet-'.length) };
  return text as Network;
}

function nameOf(network: Network): string {
  if (typeof network === 'string') return network;
  return 'devnet' in network ? `devnet-${network.devnet}` : 'regtest';
}

function birthdayOf(given: Birthday | string): Birthday {
  if (typeof given !== 'string') return given;
  if (given === 'now' || given === 'genesis') return given;
  return /^\d+$/.test(given) ? { height: Number(given) } : new Date(given);
}
