/**
 * One leader per store, by a Web Lock: who holds the lock leads. The browser passes it on when its holder's tab closes
 * or its worker is killed; a holder that is alive but silent is robbed of it (`steal`).
 */

import type { Locks } from './env.ts';

export class Election {
  readonly #locks: Locks;
  readonly #name: string;
  readonly #on: { won(): void; lost(): void; failed(cause: unknown): void };
  #candidacy: AbortController | null = null;
  #release: (() => void) | null = null;

  constructor(locks: Locks, name: string, on: { won(): void; lost(): void; failed(cause: unknown): void }) {
    this.#locks = locks;
    this.#name = name;
    this.#on = on;
  }

  get leads(): boolean {
    return this.#release !== null;
  }

  /** Waits in line for the lock. */
  stand(): void {
    if (this.#candidacy || this.leads) return;
    const candidacy = new AbortController();
    this.#candidacy = candidacy;
    this.#request({ signal: candidacy.signal }, candidacy);
  }

  /** Takes the lock from a leader that does not answer. */
  steal(): void {
    if (this.leads) return;
    this.#candidacy?.abort();
    const candidacy = new AbortController();
    this.#candidacy = candidacy;
    this.#request({ steal: true }, candidacy);
  }

  /** Leaves the office or the line. */
  resign(): void {
    this.#candidacy?.abort();
    this.#candidacy = null;
    const release = this.#release;
    this.#release = null;
    release?.();
  }

  #request(options: { signal?: AbortSignal; steal?: boolean }, candidacy: AbortController): void {
    let release: (() => void) | null = null;
    const hold = () =>
      new Promise<void>(resolve => {
        // A lock granted just when the candidacy ended goes straight on to the next in line.
        if (candidacy.signal.aborted || this.#candidacy !== candidacy) return resolve();
        this.#candidacy = null;
        release = resolve;
        this.#release = resolve;
        this.#on.won();
      });
    this.#locks.request(this.#name, options, hold).catch(cause => {
      if (release) {
        if (this.#release !== release) return;
        this.#release = null;
        this.#on.lost();
      } else if (this.#candidacy === candidacy) {
        this.#candidacy = null;
        this.#on.failed(cause);
      }
    });
  }
}
