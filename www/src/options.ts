/**
 * `OpenOptions` made plain for the engine. Only what exists in JavaScript alone is checked here: functions, signals,
 * dates, URLs; every value is checked by the engine, which also refuses names that it does not know.
 */

import type { Birthday, Cancel, LogRecord, OpenOptions } from './api.d.ts';
import { badOption, SpvError, spvError } from './errors.ts';
import type { PlainBirthday, PlainOptions, WasmSource } from './protocol.ts';

export type WorkerFactory = (role: 'engine' | 'compute') => Worker;

export interface Opening {
  plain: PlainOptions;
  given: string[];
  signal: AbortSignal | undefined;
  worker: 'auto' | 'none' | WorkerFactory;
  wasm: OpenOptions['wasm'];
  sink: ((record: LogRecord) => void) | undefined;
}

const MAX_COMPUTE_WORKERS = 8;

export function checkOptions(options: OpenOptions): Opening {
  // Callers in plain JavaScript give anything.
  if (!isRecord(options)) throw spvError('bad-input', 'the options must be an object', 'options');
  const { signal: _, worker, wasm, log, bridges, birthday, computeWorkers, ...others } = options;
  const signal = checkSignal(options);
  const given = Object.keys(options).filter(
    key => !['signal', 'worker', 'wasm'].includes(key) && options[key as keyof OpenOptions] !== undefined,
  );

  if (worker !== undefined && worker !== 'auto' && worker !== 'none' && typeof worker !== 'function') {
    throw badOption('worker', "must be 'auto', 'none' or a function");
  }
  checkWasm(wasm);

  const plain: PlainOptions = {
    ...Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined)),
    bridges: plainBridges(bridges),
    computeWorkers: computeWorkers ?? defaultComputeWorkers(worker),
  };
  if (birthday !== undefined) plain.birthday = plainBirthday('birthday', birthday);
  let sink: Opening['sink'];
  if (log !== undefined) {
    if (!isRecord(log)) throw badOption('log', 'must be an object');
    const { sink: given, ...rest } = log;
    if (given !== undefined && typeof given !== 'function') throw badOption('log.sink', 'must be a function');
    plain.log = rest;
    sink = given ?? toConsole;
  }
  for (const [key, value] of Object.entries(plain)) {
    try {
      structuredClone(value);
    } catch {
      throw badOption(key, 'must be plain data');
    }
  }
  return { plain, given, signal, worker: worker ?? 'auto', wasm, sink };
}

function plainBridges(bridges: OpenOptions['bridges']): PlainOptions['bridges'] {
  if (!Array.isArray(bridges)) throw badOption('bridges', 'must be an array');
  return bridges.map((bridge: unknown, index) => {
    const name = `bridges[${index}]`;
    if (typeof bridge === 'string' || bridge instanceof URL) return { url: String(bridge), plain: false };
    if (!isRecord(bridge)) throw badOption(name, 'must be a URL or {url, plain: true}');
    const { url, plain, ...unknown } = bridge;
    if (typeof url !== 'string' && !(url instanceof URL)) throw badOption(`${name}.url`, 'must be a URL');
    if (plain !== true) throw badOption(`${name}.plain`, 'must be true');
    const [extra] = Object.keys(unknown);
    if (extra !== undefined) throw badOption(`${name}.${extra}`, 'is not known');
    return { url: String(url), plain };
  });
}

export function plainBirthday(name: string, birthday: Birthday): PlainBirthday {
  if (!(birthday instanceof Date)) return birthday;
  const time = birthday.getTime();
  if (Number.isNaN(time)) throw badOption(name, 'is an invalid Date');
  return { time };
}

function defaultComputeWorkers(worker: OpenOptions['worker']): number {
  // Who wants no worker for the engine gets none for the computing, unless asked for.
  if (worker === 'none') return 0;
  const cores = globalThis.navigator?.hardwareConcurrency ?? 2;
  return Math.min(MAX_COMPUTE_WORKERS, Math.max(0, cores - 1));
}

function checkWasm(wasm: unknown): void {
  if (
    wasm !== undefined &&
    !(wasm instanceof URL) &&
    !(wasm instanceof WebAssembly.Module) &&
    !(wasm instanceof ArrayBuffer) &&
    !ArrayBuffer.isView(wasm) &&
    !(isRecord(wasm) && typeof wasm.then === 'function')
  ) {
    throw badOption('wasm', 'must be a URL, bytes, a WebAssembly.Module or a promise of a Response');
  }
}

/** Bytes and responses are compiled here: a module travels to the worker, a response does not. */
export async function wasmSource(wasm: OpenOptions['wasm']): Promise<WasmSource | null> {
  if (wasm === undefined) return null;
  if (wasm instanceof URL) return { url: wasm.href };
  if (wasm instanceof WebAssembly.Module) return { module: wasm };
  try {
    if (wasm instanceof ArrayBuffer || ArrayBuffer.isView(wasm)) return { module: await WebAssembly.compile(wasm) };
    const response = await wasm;
    if (!response.ok) throw badOption('wasm', `the server answers ${response.status}`);
    return { module: await WebAssembly.compile(await response.arrayBuffer()) };
  } catch (cause) {
    if (cause instanceof SpvError) throw cause;
    throw badOption('wasm', `cannot be loaded: ${String(cause)}`);
  }
}

function toConsole(record: LogRecord): void {
  const level = record.level === 'trace' ? 'debug' : record.level;
  console[level](`[dash-spv ${record.target}] ${record.message}`, record.fields);
}

/** The signal of a call's options. */
export function checkSignal({ signal }: Cancel): AbortSignal | undefined {
  if (signal !== undefined && !isSignal(signal)) throw badOption('signal', 'must be an AbortSignal');
  return signal;
}

function isSignal(value: unknown): value is AbortSignal {
  return isRecord(value) && typeof (value as Partial<AbortSignal>).aborted === 'boolean' && 'addEventListener' in value;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
