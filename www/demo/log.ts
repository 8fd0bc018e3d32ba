/** The log's last lines; a level chooses which of them show. */

import type { LogRecord } from 'dash-spv-wasm';
import { byId, make } from './dom.ts';
import { timeOfDay } from './format.ts';

const MAX_LINES = 500;

const waiting: LogRecord[] = [];

export function log(record: LogRecord): void {
  waiting.push(record);
  if (waiting.length > MAX_LINES) waiting.shift();
  // One change of the page a frame, however much is said.
  if (waiting.length === 1) setTimeout(flush, 50);
}

/** What the page itself has to say. */
export function note(level: LogRecord['level'], message: string, fields: LogRecord['fields'] = {}): void {
  log({ level, target: 'page', message, at: new Date(), fields });
}

function flush(): void {
  const pane = byId('log');
  const atEnd = pane.scrollHeight - pane.scrollTop - pane.clientHeight < 24;
  pane.append(...waiting.splice(0).map(line));
  while (pane.childElementCount > MAX_LINES) pane.firstElementChild?.remove();
  if (atEnd) pane.scrollTop = pane.scrollHeight;
}

function line(record: LogRecord): HTMLElement {
  const level = record.level === 'trace' ? 'debug' : record.level;
  const fields = Object.entries(record.fields).map(([name, value]) => `${name}=${value}`);
  return make(
    'p',
    { 'data-level': level, 'data-target': record.target },
    make('time', { datetime: record.at.toISOString() }, timeOfDay(record.at)),
    make('b', {}, record.level),
    make('span', {}, `${record.target}: ${record.message} `, make('i', {}, fields.join(' '))),
  );
}

export function watchLevel(): void {
  const select = byId<HTMLSelectElement>('log-level');
  const apply = () => {
    const pane = byId('log');
    pane.dataset.level = select.value;
    pane.scrollTop = pane.scrollHeight;
  };
  select.addEventListener('change', apply);
  apply();
}
