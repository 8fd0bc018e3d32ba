/**
 * `Broadcast`: the contract over what the engine tells of one transaction on its way. A handle keeps the stage that
 * holds now; a loop over it keeps at most `MAX_QUEUED` stages that were not read yet.
 */

import type { BroadcastStage, Cancel, Broadcast as Contract, Hex } from './api.d.ts';
import { aborted, badArgument, fromWire, type SpvError, spvError } from './errors.ts';
import { checkSignal } from './options.ts';
import type { WireBroadcast } from './protocol.ts';

/** By finality: whatever holds, all before it count as reached. */
const STAGES: readonly BroadcastStage[] = ['sent', 'echoed', 'instantlocked', 'mined', 'chainlocked'];

/** Stages that a loop may be behind: only reorganisations make more than there are. */
const MAX_QUEUED = 16;

export interface StageReached {
  txid: Hex;
  stage: BroadcastStage;
  peers: number;
}

/** One loop over a broadcast. What is news of the stage last queued replaces it, so that the last one is never lost. */
class Stages implements AsyncIterableIterator<StageReached> {
  readonly #queue: StageReached[] = [];
  readonly #readers: ((result: IteratorResult<StageReached>) => void)[] = [];
  readonly #onEnd: (loop: Stages) => void;
  #ended = false;

  constructor(onEnd: (loop: Stages) => void) {
    this.#onEnd = onEnd;
  }

  push(reached: StageReached): void {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader) {
      reader({ done: false, value: reached });
      return;
    }
    if (this.#queue.at(-1)?.stage === reached.stage) this.#queue.pop();
    else if (this.#queue.length === MAX_QUEUED) this.#queue.shift();
    this.#queue.push(reached);
  }

  next(): Promise<IteratorResult<StageReached>> {
    const value = this.#queue.shift();
    if (value) return Promise.resolve({ done: false, value });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise(resolve => {
      this.#readers.push(resolve);
    });
  }

  return(): Promise<IteratorResult<StageReached>> {
    this.#queue.length = 0;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** What is queued is still read. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined });
    this.#onEnd(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

interface Waiter {
  stage: BroadcastStage;
  resolve(): void;
  reject(cause: unknown): void;
}

export class Broadcast implements Contract {
  readonly txid: Hex;
  readonly #stop: (broadcast: Broadcast) => void;
  readonly #waiting = new Set<Waiter>();
  readonly #loops = new Set<Stages>();
  #reached: StageReached | null = null;
  /** Nothing further will be told, and why. */
  #over: SpvError | null = null;

  constructor(txid: Hex, stop: (broadcast: Broadcast) => void) {
    this.txid = txid;
    this.#stop = stop;
  }

  /** Whether the engine may have more to tell: not of what is final, rejected or stopped. */
  get isLive(): boolean {
    return this.#over === null && !this.#isFinal;
  }

  /** Whether it ended without becoming final: sending the transaction again is a new broadcast. */
  get isOver(): boolean {
    return this.#over !== null;
  }

  get #isFinal(): boolean {
    return this.#reached?.stage === 'chainlocked';
  }

  /** What the engine says of it now. */
  hear({ stage, peers, rejected }: WireBroadcast): void {
    if (!this.isLive) return;
    if (rejected) {
      this.#reached = null;
      this.end(fromWire(rejected));
      return;
    }
    const before = this.#reached;
    this.#reached = stage ? Object.freeze({ txid: this.txid, stage, peers }) : null;
    if (!this.#reached || (before?.stage === stage && before?.peers === peers)) return;
    for (const loop of [...this.#loops]) loop.push(this.#reached);
    for (const waiter of [...this.#waiting]) if (this.#has(waiter.stage)) waiter.resolve();
    if (this.#isFinal) this.#endLoops();
  }

  /** Nothing more comes: it was stopped or rejected, or its client is over. */
  end(error: SpvError): void {
    if (!this.isLive) return;
    this.#over = error;
    for (const waiter of [...this.#waiting]) waiter.reject(error);
    this.#endLoops();
  }

  #endLoops(): void {
    for (const loop of [...this.#loops]) loop.end();
  }

  #has(stage: BroadcastStage): boolean {
    return this.#reached !== null && STAGES.indexOf(this.#reached.stage) >= STAGES.indexOf(stage);
  }

  async until(stage: BroadcastStage, o: Cancel = {}): Promise<void> {
    if (!STAGES.includes(stage)) throw badArgument('stage', `must be one of ${STAGES.join(', ')}`);
    const signal = checkSignal(o);
    if (signal?.aborted) throw aborted(signal);
    if (this.#has(stage)) return;
    if (this.#over) throw this.#over;
    await new Promise<void>((resolve, reject) => {
      const done = () => {
        signal?.removeEventListener('abort', abort);
        this.#waiting.delete(waiter);
      };
      const waiter: Waiter = {
        stage,
        resolve: () => {
          done();
          resolve();
        },
        reject: cause => {
          done();
          reject(cause);
        },
      };
      const abort = () => waiter.reject(aborted(signal as AbortSignal));
      this.#waiting.add(waiter);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  stop(): void {
    if (!this.isLive) return;
    this.end(spvError('aborted', 'the broadcast was stopped'));
    this.#stop(this);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<StageReached> {
    const loop = new Stages(ended => this.#loops.delete(ended));
    this.#loops.add(loop);
    if (this.#reached) loop.push(this.#reached);
    if (!this.isLive) loop.end();
    return loop;
  }
}
