/** How events reach the application: DOM-style listeners, and loops that read from a bounded queue. */

import type { Cancel, SpvEvent } from './api.d.ts';
import { aborted } from './errors.ts';

/** Events that a loop may be behind. */
const MAX_QUEUED = 1_000;

type Type = SpvEvent['type'];

interface Reader {
  resolve(result: IteratorResult<SpvEvent>): void;
  reject(cause: unknown): void;
}

/** One `events()` loop. Beyond its bound the oldest events go, and one `lagged` says how many. */
export class EventLoop implements AsyncIterableIterator<SpvEvent> {
  readonly #types: ReadonlySet<Type> | null;
  readonly #onEnd: (loop: EventLoop) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #readers: Reader[] = [];
  #queue: SpvEvent[] = [];
  /** Where the queue begins in its array: taking from the front of an array costs its length. */
  #head = 0;
  #dropped = 0;
  #ended = false;

  constructor(types: readonly Type[] | undefined, signal: AbortSignal | undefined, onEnd: (loop: EventLoop) => void) {
    this.#types = types ? new Set(types) : null;
    this.#signal = signal;
    this.#onEnd = onEnd;
    signal?.addEventListener('abort', this.#abort, { once: true });
  }

  push(event: SpvEvent): void {
    if (this.#ended || (this.#types && !this.#types.has(event.type))) return;
    const reader = this.#readers.shift();
    if (reader) {
      reader.resolve({ done: false, value: event });
      return;
    }
    if (this.#queue.length - this.#head >= MAX_QUEUED) {
      this.#head += 1;
      this.#dropped += 1;
    }
    if (this.#head >= MAX_QUEUED) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    this.#queue.push(event);
  }

  next(): Promise<IteratorResult<SpvEvent>> {
    if (this.#signal?.aborted) return Promise.reject(aborted(this.#signal));
    if (this.#dropped > 0) {
      const value: SpvEvent = { type: 'lagged', dropped: this.#dropped };
      this.#dropped = 0;
      return Promise.resolve({ done: false, value });
    }
    const event = this.#queue[this.#head];
    if (event) {
      this.#head += 1;
      return Promise.resolve({ done: false, value: event });
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
    });
  }

  return(): Promise<IteratorResult<SpvEvent>> {
    this.#queue = [];
    this.#head = 0;
    this.#dropped = 0;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** What is queued is still read. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#signal?.removeEventListener('abort', this.#abort);
    for (const { resolve } of this.#readers.splice(0)) resolve({ done: true, value: undefined });
    this.#onEnd(this);
  }

  readonly #abort = (): void => {
    for (const { reject } of this.#readers.splice(0)) if (this.#signal) reject(aborted(this.#signal));
    this.end();
  };

  [Symbol.asyncIterator](): this {
    return this;
  }
}

export class Emitter {
  readonly #target = new EventTarget();
  readonly #watchers = new Set<() => void>();
  readonly #loops = new Set<EventLoop>();

  emit(event: SpvEvent): void {
    if (event.type === 'state') {
      for (const watcher of [...this.#watchers]) {
        try {
          watcher();
        } catch (thrown) {
          report(thrown);
        }
      }
    }
    this.#target.dispatchEvent(new CustomEvent(event.type, { detail: event }));
    for (const loop of [...this.#loops]) loop.push(event);
  }

  subscribe(onChange: () => void): () => void {
    // A function of its own, so that one subscribed twice is removed once at a time.
    const watcher = () => onChange();
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  addEventListener(type: Type, listener: (event: CustomEvent) => void, o?: Cancel): void {
    this.#target.addEventListener(type, listener as EventListener, o?.signal ? { signal: o.signal } : {});
  }

  removeEventListener(type: Type, listener: (event: CustomEvent) => void): void {
    this.#target.removeEventListener(type, listener as EventListener);
  }

  loop(types: readonly Type[] | undefined, signal: AbortSignal | undefined): EventLoop {
    const loop = new EventLoop(types, signal, ended => this.#loops.delete(ended));
    this.#loops.add(loop);
    if (signal?.aborted) loop.end();
    return loop;
  }

  end(): void {
    for (const loop of [...this.#loops]) loop.end();
    this.#watchers.clear();
  }
}

/** A listener's error is its owner's, and stops nobody else. */
function report(thrown: unknown): void {
  if (typeof reportError === 'function') reportError(thrown);
  else
    queueMicrotask(() => {
      throw thrown;
    });
}
