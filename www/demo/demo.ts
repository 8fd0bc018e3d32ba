/** The demo page: opens one client and shows all that it says. */

import { destroy, open, type SpvClient, SpvError, version } from 'dash-spv-wasm';
import { BroadcastPanel } from './broadcasts.ts';
import { byId, show, terms } from './dom.ts';
import { count } from './format.ts';
import { Labels } from './labels.ts';
import { drawLocked, drawMasternodes, drawQuorums, drawRequests, Locks } from './lists.ts';
import { log, note, watchLevel } from './log.ts';
import { RatePlot } from './plot.ts';
import { type Settings, settings } from './settings.ts';
import { drawAge, drawMetrics, drawPeers, drawState, drawTransitions, notice } from './view.ts';
import { WalletPanel } from './wallet.ts';

declare global {
  interface Window {
    /** For the console and for tests. */
    client?: SpvClient;
  }
}

const POLL_MS = 1_000;
/** Lists of thousands are not asked for more often than this. */
const LISTS_MS = 3_000;

class Page {
  readonly #settings: Settings;
  #client: SpvClient | null = null;
  #paused = false;
  #reorgs = 0;
  #polling = false;
  #busy = false;
  #crashed = false;
  readonly #locks = new Locks();
  readonly #labels: Labels;
  readonly #wallet: WalletPanel;
  readonly #broadcasts = new BroadcastPanel();
  /** What the lists drawn belong to; null: draw them anew. */
  #drawn: string | null = null;
  #drawnAt = 0;

  constructor(from: Settings) {
    this.#settings = from;
    this.#labels = new Labels(from.networkName, from.options.namespace ?? 'default');
    this.#wallet = new WalletPanel(this.#labels, from.faucet);
    show('network', from.networkName, from.networkName);
    terms('settings', from.shown);
    const plot = new RatePlot(byId<HTMLCanvasElement>('plot'), () => this.#headers());
    setInterval(() => {
      show('plot-now', count(plot.now), plot.now);
      show('plot-peak', count(plot.peak), plot.peak);
      show('plot-total', count(plot.total), plot.total);
      void this.#poll();
    }, POLL_MS);
    byId('pause').addEventListener('click', () => void this.#act(client => client.pause(), true));
    byId('resume').addEventListener('click', () => void this.#act(client => client.resume(), false));
    byId('forget').addEventListener('click', () => void this.#forget());
    byId('copy').addEventListener('click', () => {
      void navigator.clipboard?.writeText(byId('tip-hash').textContent ?? '');
    });
  }

  #headers(): number | null {
    return this.#client?.state.phases.headers.completed ?? null;
  }

  async start(): Promise<void> {
    try {
      const { log: level } = this.#settings.options;
      const client = await open({ ...this.#settings.options, log: { level: level?.level ?? 'info', sink: log } });
      this.#client = client;
      window.client = client;
      this.#paused = false;
      notice(null);
      this.#listen(client);
      this.#wallet.attach(client);
      this.#broadcasts.attach(client);
      this.#draw();
      this.#buttons(true);
      void this.#poll();
      void this.#history();
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  #listen(client: SpvClient): void {
    let { role } = client.state;
    client.subscribe(() => {
      this.#draw();
      if (client.state.role !== role) {
        role = client.state.role;
        note('info', role === 'leader' ? 'this tab leads now' : 'this tab follows another one now');
        void this.#history();
        void this.#wallet.load();
        void this.#broadcasts.load();
      }
    });
    client.addEventListener('phase', () => void this.#history());
    client.addEventListener('reorg', ({ detail }) => {
      this.#reorgs += 1;
      show('reorgs', count(this.#reorgs), this.#reorgs);
      note('warn', 'reorganisation', { depth: detail.depth, from: detail.from.height, to: detail.to.height });
    });
    client.addEventListener('chainlock', ({ detail: { tip } }) => {
      note('debug', 'ChainLock verified', { height: tip.height, hash: tip.hash });
    });
    client.addEventListener('instantlock', ({ detail: { txid } }) => {
      this.#locks.add(txid);
      note('debug', 'InstantSend lock verified', { txid });
    });
    client.addEventListener('peer', ({ detail: { peer, change, reason } }) => {
      const fields = reason ? { address: peer.address, reason } : { address: peer.address };
      note(change === 'banned' ? 'warn' : 'debug', `peer ${change}`, fields);
      void this.#poll();
    });
    client.addEventListener('storage', ({ detail: { persistent, cause } }) => {
      if (cause?.details === 'deleted') {
        // By another tab; our own `forget` closed this client before.
        if (this.#client === client) void this.#reopen();
        return;
      }
      note(persistent ? 'info' : 'warn', persistent ? 'stored in IndexedDB' : 'kept in memory only', {
        cause: cause?.message ?? '',
      });
      if (cause) notice(`Storage: ${cause.message}`, true);
    });
    client.addEventListener('warning', ({ detail: { error } }) => {
      note('warn', error.message, { code: error.code });
      if (error.code !== 'worker-crashed') return;
      this.#crashed = true;
      notice('The worker broke. A fresh one goes on from what is stored.', true);
    });
  }

  #draw(): void {
    const client = this.#client;
    if (!client) return;
    drawState(client.state, this.#paused);
    drawLocked(client.state);
    byId('pause').hidden = this.#paused;
    // Another tab may have paused: then the network is offline, which resuming mends or leaves as it is.
    byId('resume').hidden = !this.#paused && client.state.network !== 'offline';
  }

  /** What has no event: peers' figures, counters, the tip's age. */
  async #poll(): Promise<void> {
    const client = this.#client;
    if (!client || this.#polling || document.hidden) return;
    this.#polling = true;
    try {
      drawAge(client.state);
      const [peers, metrics] = await Promise.all([client.peers(), client.metrics()]);
      if (this.#client !== client) return;
      drawPeers(peers);
      drawMetrics(metrics, version());
      drawRequests(metrics);
      if (this.#crashed) notice(null);
      this.#crashed = false;
    } catch (thrown) {
      if (this.#client !== client) return;
      if (this.#crashed) this.#failed(thrown);
      else note('debug', 'not answered', { error: String(thrown) });
    } finally {
      this.#polling = false;
    }
    await this.#lists(client);
  }

  /** Masternodes and quorums, when something about them can have changed. */
  async #lists(client: SpvClient): Promise<void> {
    const { phases, tip, chainlocked } = client.state;
    const { status, completed } = phases.masternodes;
    const now = performance.now();
    const at = [status, completed, tip.hash, chainlocked?.hash].join();
    if (status === 'off' || at === this.#drawn || now < this.#drawnAt + LISTS_MS) return;
    this.#drawnAt = now;
    try {
      const [masternodes, quorums] = await Promise.all([client.masternodes(), client.quorums.list()]);
      if (this.#client !== client) return;
      drawMasternodes(masternodes.length > 0 ? masternodes : null);
      drawQuorums(quorums);
      this.#drawn = at;
    } catch (thrown) {
      note('debug', 'no lists', { error: String(thrown) });
    }
  }

  async #history(): Promise<void> {
    const client = this.#client;
    if (!client) return;
    try {
      drawTransitions(await client.transitions());
    } catch (thrown) {
      note('debug', 'no history', { error: String(thrown) });
    }
  }

  async #act(action: (client: SpvClient) => Promise<void>, paused: boolean): Promise<void> {
    if (!this.#client || this.#busy) return;
    this.#buttons(false);
    try {
      await action(this.#client);
      this.#paused = paused;
    } catch (thrown) {
      this.#failed(thrown);
    }
    this.#buttons(true);
    this.#draw();
  }

  async #forget(): Promise<void> {
    const client = this.#client;
    if (!client || this.#busy) return;
    this.#buttons(false);
    note('info', 'forgetting everything stored');
    try {
      this.#client = null;
      await client.close();
      const { network, namespace } = this.#settings.options;
      this.#labels.clear();
      await destroy({ ...(network && { network }), ...(namespace !== undefined && { namespace }) });
    } catch (thrown) {
      this.#failed(thrown);
    }
    await this.#reopen();
  }

  async #reopen(): Promise<void> {
    this.#client = null;
    this.#wallet.detach();
    this.#broadcasts.detach();
    this.#reorgs = 0;
    show('reorgs', '0', 0);
    this.#drawn = null;
    this.#drawnAt = 0;
    this.#locks.clear();
    drawMasternodes(null);
    drawQuorums(null);
    drawPeers([]);
    drawTransitions([]);
    await this.start();
  }

  #buttons(on: boolean): void {
    this.#busy = !on;
    for (const id of ['pause', 'resume', 'forget']) byId<HTMLButtonElement>(id).disabled = !on;
  }

  #failed(thrown: unknown): void {
    const text = thrown instanceof SpvError ? `${thrown.message} (${thrown.code})` : String(thrown);
    note('error', text);
    notice(text);
  }
}

watchLevel();
void settings(new URLSearchParams(location.search)).then(from => new Page(from).start());
