/**
 * Notices a worker that was killed or hangs: nothing else tells. Pings go out every two seconds; two of them
 * unanswered for eight measured seconds mean death. A tick of our own that comes late (a throttled or suspended tab)
 * proves nothing, since answers may wait in the same queue: then one more ping must stay unanswered.
 */

export interface Pulse {
  pingMs: number;
  deadMs: number;
  now(): number;
}

export const PULSE: Pulse = { pingMs: 2_000, deadMs: 8_000, now: () => performance.now() };

export class Watchdog {
  readonly #pulse: Pulse;
  readonly #ping: (n: number) => void;
  readonly #dead: () => void;
  #timer: ReturnType<typeof setInterval> | null = null;
  #unanswered = 0;
  #since = 0;
  #lastTick = 0;
  #n = 0;

  constructor(ping: (n: number) => void, dead: () => void, pulse: Pulse = PULSE) {
    this.#pulse = pulse;
    this.#ping = ping;
    this.#dead = dead;
  }

  start(): void {
    this.stop();
    this.#unanswered = 0;
    this.#lastTick = this.#pulse.now();
    this.#timer = setInterval(() => this.tick(), this.#pulse.pingMs);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Any message shows that the worker lives. */
  heard(): void {
    this.#unanswered = 0;
  }

  tick(): void {
    const now = this.#pulse.now();
    const late = now - this.#lastTick > 2 * this.#pulse.pingMs;
    this.#lastTick = now;
    if (this.#unanswered >= (late ? 3 : 2) && now - this.#since >= this.#pulse.deadMs) {
      this.stop();
      this.#dead();
      return;
    }
    if (this.#unanswered === 0) this.#since = now;
    this.#unanswered += 1;
    this.#n += 1;
    this.#ping(this.#n);
  }
}
