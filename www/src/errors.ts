/**
 * The one error of the contract, and its form on the wire between the page, the engine and other tabs.
 */

import type { SpvError as Contract } from './api.d.ts';

export type ErrorCode = Contract['code'];

/** An error as it travels: structured cloning would lose a subclass. */
export interface WireError {
  code: ErrorCode;
  message: string;
  retryable: boolean;
  details?: unknown;
}

const CODES: Record<ErrorCode, { retryable: boolean }> = {
  aborted: { retryable: false },
  closed: { retryable: false },
  'bad-input': { retryable: false },
  unsupported: { retryable: false },
  'no-peers': { retryable: true },
  bridge: { retryable: true },
  storage: { retryable: true },
  quota: { retryable: true },
  'worker-crashed': { retryable: true },
  'not-found': { retryable: false },
  rejected: { retryable: false },
  'proof-invalid': { retryable: false },
  disagreement: { retryable: true },
};

interface Init extends ErrorOptions {
  code?: ErrorCode;
  retryable?: boolean;
  details?: unknown;
}

export class SpvError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly details?: unknown;

  constructor(message?: string, init: Init = {}) {
    super(message, 'cause' in init ? { cause: init.cause } : undefined);
    this.code = init.code ?? 'unsupported';
    this.retryable = init.retryable ?? CODES[this.code].retryable;
    if (init.details !== undefined) this.details = init.details;
  }

  override get name(): string {
    return 'SpvError';
  }
}

export function spvError(code: ErrorCode, message: string, details?: unknown): SpvError {
  return new SpvError(message, { code, details });
}

/** `bad-input` that names the option, in the form that the engine's own checks use. */
export function badOption(option: string, message: string): SpvError {
  return spvError('bad-input', `option \`${option}\`: ${message}`, option);
}

/** `bad-input` that names the argument of a call. */
export function badArgument(name: string, why: string): SpvError {
  return spvError('bad-input', `\`${name}\` ${why}`, name);
}

export function aborted(signal: AbortSignal): SpvError {
  return new SpvError('the call was aborted', { code: 'aborted', cause: signal.reason });
}

export function closed(): SpvError {
  return spvError('closed', 'the client is closed');
}

/** Whatever was thrown, made fit to travel. What is not an error of ours means that the engine broke. */
export function toWire(thrown: unknown): WireError {
  if (isWire(thrown)) {
    const wire: WireError = { code: thrown.code, message: thrown.message, retryable: thrown.retryable };
    if (thrown.details !== undefined) wire.details = thrown.details;
    return wire;
  }
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return { code: 'worker-crashed', message, retryable: true };
}

export function fromWire(wire: WireError): SpvError {
  const known = wire.code in CODES ? wire.code : 'worker-crashed';
  return new SpvError(wire.message, { code: known, retryable: wire.retryable, details: wire.details });
}

function isWire(value: unknown): value is WireError {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message, retryable } = value as Partial<WireError>;
  return typeof code === 'string' && code in CODES && typeof message === 'string' && typeof retryable === 'boolean';
}

/** A wasm instance that trapped must not be entered again. */
export function isTrap(thrown: unknown): thrown is Error {
  return typeof WebAssembly === 'object' && thrown instanceof WebAssembly.RuntimeError;
}
