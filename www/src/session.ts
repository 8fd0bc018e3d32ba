/**
 * One client's engine as the page sees it: calls and their answers, and what happens when the worker breaks. A fresh
 * worker resumes from the store; calls that may be made twice are sent again, others reject with `worker-crashed`.
 * After five crashes within a minute the session gives up.
 */

import { aborted, closed, fromWire, type SpvError, spvError } from './errors.ts';
import { type Link, startWorker } from './link.ts';
import { type ComputeInit, type EngineInit, type Role, TAG, type ToPage, type WireState } from './protocol.ts';
import { PULSE, type Pulse, Watchdog } from './watchdog.ts';

const MAX_CRASHES = 5;
const CRASH_WINDOW_MS = 60_000;
const RESTART_MS = [0, 250, 1_000, 2_000];
/** How long a worker has to close its store before it is ended anyway. */
const CLOSE_MS = 8_000;

/** A call that was in flight at so many crashes may be their cause. */
const MAX_ATTEMPTS = 2;

/** Calls that do no harm when an engine that crashed had carried them out already. */
const REPEATABLE = new Set([
  'header',
  'masternodes',
  'quorums.list',
  'quorums.publicKey',
  'peers',
  'metrics',
  'transitions',
  'pause',
  'resume',
  // The same targets are the same watch, and the same bytes the same broadcast.
  'watch',
  'watches',
  'watch.balance',
  'watch.utxos',
  'watch.history',
  'watch.nextAddress',
  'watch.rescan',
  'watch.remove',
  'broadcast',
  'broadcasts',
  'broadcast.stop',
  'transaction',
]);

export interface Setup {
  link(): Link;
  /** Starts a compute worker for an engine that cannot start its own. */
  compute: (() => Worker) | null;
  init: EngineInit;
  pulse?: Pulse;
}

export interface Sink {
  state(state: WireState, role: Role): void;
  role(role: Role): void;
  event(message: Extract<ToPage, { t: 'event' }>['event']): void;
  log(message: Extract<ToPage, { t: 'log' }>['record']): void;
  warning(error: SpvError): void;
  /** Nothing works any more; every call rejects with this. */
  over(error: SpvError): void;
}

interface Call {
  method: string;
  args: unknown[];
  attempts: number;
  settle: { resolve(value: unknown): void; reject(cause: unknown): void };
  dispose(): void;
}

export class Session {
  readonly #setup: Setup;
  readonly #sink: Sink;
  readonly #calls = new Map<number, Call>();
  readonly #watchdog: Watchdog;
  readonly #compute = new Map<number, Worker>();
  /** As the engine's host says; 0 until it did. */
  platformActivationHeight = 0;
  #link: Link | null = null;
  #nextCall = 1;
  #heard = false;
  #opened: { resolve(): void; reject(cause: unknown): void } | null = null;
  #crashes: number[] = [];
  #restart: ReturnType<typeof setTimeout> | null = null;
  #paused = false;
  #over: SpvError | null = null;
  #closing: { promise: Promise<void>; done(): void } | null = null;

  constructor(setup: Setup, sink: Sink) {
    this.#setup = setup;
    this.#sink = sink;
    const { pulse = PULSE } = setup;
    this.#watchdog = new Watchdog(
      n => this.#link?.post({ t: 'ping', n }),
      () => this.#crashed('the worker does not answer'),
      pulse,
    );
  }

  open(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => this.#finish(aborted(signal as AbortSignal));
      this.#opened = {
        resolve: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
        reject: cause => {
          signal?.removeEventListener('abort', abort);
          reject(cause);
        },
      };
      signal?.addEventListener('abort', abort, { once: true });
      if (signal?.aborted) abort();
      else this.#spawn();
    });
  }

  call(method: string, args: unknown[], signal?: AbortSignal): Promise<unknown> {
    if (this.#over) return Promise.reject(this.#over);
    if (signal?.aborted) return Promise.reject(aborted(signal));
    const id = this.#nextCall++;
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#calls.delete(id);
        this.#link?.post({ t: 'cancel', id });
        reject(aborted(signal as AbortSignal));
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#calls.set(id, {
        method,
        args,
        attempts: 1,
        settle: { resolve, reject },
        dispose: () => signal?.removeEventListener('abort', abort),
      });
      try {
        this.#link?.post({ t: 'call', id, method, args });
      } catch (cause) {
        this.#settle(id)?.reject(spvError('bad-input', `the arguments cannot be sent: ${String(cause)}`));
      }
    });
  }

  close(): Promise<void> {
    if (this.#closing) return this.#closing.promise;
    let done = (): void => undefined;
    const promise = new Promise<void>(resolve => {
      done = resolve;
    });
    this.#closing = { promise, done };
    const link = this.#link;
    this.#rejectAll(closed());
    if (this.#over || !link) {
      this.#finish(closed());
      return promise;
    }
    this.#over = closed();
    this.#watchdog.stop();
    link.post({ t: 'close' });
    const patience = setTimeout(() => this.#finish(closed()), CLOSE_MS);
    void promise.then(() => clearTimeout(patience));
    return promise;
  }

  #spawn(): void {
    let link: Link;
    try {
      link = this.#setup.link();
    } catch (cause) {
      this.#finish(cause as SpvError);
      return;
    }
    this.#link = link;
    link.listen(
      message => {
        if (this.#link === link) this.#receive(message);
      },
      message => {
        if (this.#link === link) this.#crashed(message);
      },
    );
    link.post({ ...this.#setup.init, paused: this.#paused });
    for (const [id, { method, args }] of this.#calls) link.post({ t: 'call', id, method, args });
    this.#watchdog.start();
  }

  #receive(message: ToPage): void {
    this.#heard = true;
    this.#watchdog.heard();
    switch (message.t) {
      case 'opened':
        this.platformActivationHeight = message.platformActivationHeight;
        this.#sink.state(message.state, message.role);
        this.#opened?.resolve();
        this.#opened = null;
        return;
      case 'failed':
        this.#finish(fromWire(message.error));
        return;
      case 'reply': {
        const settle = this.#settle(message.id);
        if (message.outcome.ok) settle?.resolve(message.outcome.value);
        else settle?.reject(fromWire(message.outcome.error));
        return;
      }
      case 'event':
        this.#sink.event(message.event);
        return;
      case 'log':
        this.#sink.log(message.record);
        return;
      case 'role':
        this.#sink.role(message.role);
        return;
      case 'paused':
        this.#paused = message.paused;
        return;
      case 'crashed':
        this.#crashed(message.message);
        return;
      case 'gone':
        this.#finish(spvError('storage', 'the store was deleted', 'deleted'));
        return;
      case 'closed':
        this.#finish(closed());
        return;
      case 'compute':
        this.#startCompute(message);
        return;
      case 'compute-stop':
        this.#compute.get(message.n)?.terminate();
        this.#compute.delete(message.n);
        return;
      case 'pong':
        return;
    }
  }

  #startCompute({ n, module, port }: Extract<ToPage, { t: 'compute' }>): void {
    const failed = (message: string) => this.#link?.post({ t: 'compute-error', n, message });
    if (!this.#setup.compute) return failed('there are no workers here');
    try {
      const worker = startWorker(this.#setup.compute);
      this.#compute.set(n, worker);
      worker.addEventListener('error', event => {
        event.preventDefault?.();
        if (this.#compute.get(n) === worker) failed(event.message || 'the worker failed');
      });
      const init: ComputeInit = { tag: TAG, role: 'compute', module, port };
      worker.postMessage(init, [port]);
    } catch (cause) {
      failed(String(cause));
    }
  }

  #crashed(message: string): void {
    if (this.#closing) return this.#finish(closed());
    this.#drop();
    const error = spvError('worker-crashed', `the worker broke: ${message}`);
    // A worker that never said anything does not exist, or may not run here.
    if (!this.#heard && this.#opened) return this.#finish(error);
    for (const [id, call] of this.#calls) {
      if (!REPEATABLE.has(call.method) || call.attempts === MAX_ATTEMPTS) this.#settle(id)?.reject(error);
      call.attempts += 1;
    }
    const now = performance.now();
    this.#crashes = [...this.#crashes.filter(at => now - at < CRASH_WINDOW_MS), now];
    if (this.#crashes.length >= MAX_CRASHES) {
      const last = spvError('worker-crashed', `the worker broke ${MAX_CRASHES} times within a minute: ${message}`);
      this.#sink.warning(last);
      return this.#finish(last);
    }
    this.#sink.warning(error);
    // The warning's listener may have closed the client.
    if (this.#over) return;
    this.#restart = setTimeout(() => this.#spawn(), RESTART_MS[this.#crashes.length - 1] ?? 0);
  }

  #settle(id: number): Call['settle'] | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    call?.dispose();
    return call?.settle;
  }

  #rejectAll(error: SpvError): void {
    for (const id of [...this.#calls.keys()]) this.#settle(id)?.reject(error);
  }

  #drop(): void {
    this.#watchdog.stop();
    if (this.#restart !== null) clearTimeout(this.#restart);
    this.#restart = null;
    for (const worker of this.#compute.values()) worker.terminate();
    this.#compute.clear();
    this.#link?.terminate();
    this.#link = null;
  }

  /** The end, for whatever reason; the first one is what callers hear. */
  #finish(error: SpvError): void {
    const first = !this.#over;
    this.#over ??= error;
    this.#drop();
    this.#opened?.reject(error);
    this.#opened = null;
    this.#rejectAll(this.#over);
    this.#closing?.done();
    if (first) this.#sink.over(error);
  }
}
