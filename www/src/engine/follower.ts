/**
 * A tab that follows: passes its page's calls to the leader and the leader's events to its page. When the leader is
 * silent for too long it reports so, measured so that a throttled or suspended tab of its own does not count.
 */

import type { Between, PlainOptions } from '../protocol.ts';
import type { Post, Surroundings } from './role.ts';

export class Follower implements Post {
  readonly kind = 'follower';
  readonly #at: Surroundings;
  readonly #onSilence: () => void;
  #leader: string | null = null;
  #heard: number;
  #lastTick: number;
  #ticks = 0;
  #timer: ReturnType<typeof setInterval> | null = null;
  #patience: number;

  constructor(at: Surroundings, onSilence: () => void) {
    this.#at = at;
    this.#onSilence = onSilence;
    this.#heard = at.env.now();
    this.#lastTick = this.#heard;
    // Not all followers shall reach for the lock in the same instant.
    this.#patience = at.env.timing.silenceMs * (1 + Math.random() * 0.2);
  }

  start(): void {
    this.#hello();
    this.#timer = setInterval(() => this.#tick(), this.#at.env.timing.beatMs);
  }

  #hello(): void {
    this.#tell({ t: 'hello', from: this.#at.env.id, log: this.#at.options.log !== undefined });
  }

  #tick(): void {
    const { now, timing } = this.#at.env;
    const at = now();
    // This tab slept: what the leader said meanwhile is still in the queue.
    if (at - this.#lastTick > 3 * timing.beatMs) this.#heard = at;
    this.#lastTick = at;
    this.#ticks += 1;
    if (this.#ticks % 5 === 0 || !this.#leader) this.#hello();
    if (at - this.#heard < this.#patience) return;
    this.#heard = at;
    this.#onSilence();
  }

  call(id: number, method: string, args: unknown[]): void {
    if (this.#leader) this.#tell({ t: 'call', from: this.#at.env.id, id, method, args });
  }

  cancel(id: number): void {
    this.#tell({ t: 'cancel', from: this.#at.env.id, id });
  }

  hear(message: Between): void {
    if ('leader' in message) this.#heard = this.#at.env.now();
    switch (message.t) {
      case 'beat':
        this.#setPaused(message.paused);
        if (message.leader !== this.#leader) this.#hello();
        return;
      case 'lead':
        this.#setPaused(message.paused);
        this.#follow(message);
        return;
      case 'event':
        if (message.leader === this.#leader) this.#at.toPage({ t: 'event', event: message.event });
        return;
      case 'log':
        if (message.leader === this.#leader) this.#at.toPage({ t: 'log', record: message.record });
        return;
      case 'reply':
        if (message.to === this.#at.env.id) this.#at.reply(message.id, message.outcome);
        return;
    }
  }

  #follow(message: Extract<Between, { t: 'lead' }>): void {
    if (message.leader === this.#leader) return;
    this.#leader = message.leader;
    this.#at.ready('follower', message.state);
    const differing = differences(this.#at.options, message.options, this.#at.given);
    if (differing.length === 0) return;
    const error = {
      code: 'unsupported' as const,
      message: `another tab leads; its options hold for: ${differing.join(', ')}`,
      retryable: false,
      details: differing,
    };
    this.#at.toPage({ t: 'event', event: { type: 'warning', error } });
  }

  #setPaused(paused: boolean): void {
    if (this.#at.paused === paused) return;
    this.#at.paused = paused;
    this.#at.toPage({ t: 'paused', paused });
  }

  #tell(message: Between): void {
    this.#at.channel?.postMessage(message);
  }

  async stop(): Promise<void> {
    this.drop();
  }

  drop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#tell({ t: 'bye', from: this.#at.env.id });
  }
}

/** The options given here that the leader has otherwise. The log is each tab's own. */
function differences(own: PlainOptions, leading: PlainOptions, given: readonly string[]): string[] {
  return given.filter(key => key !== 'log' && canonical(own[key]) !== canonical(leading[key]));
}

/** Text that is equal for equal plain values, whatever the order of their keys. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? ''
  );
}
