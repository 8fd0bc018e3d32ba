/** Tabs of an origin: each a client with workers of its own. */

import assert from 'node:assert/strict';
import { afterEach } from 'node:test';
import type { OpenOptions, SpvClient } from '../src/api.d.ts';
import { Client } from '../src/client.ts';
import { workerLink } from '../src/link.ts';
import { checkOptions } from '../src/options.ts';
import { TAG } from '../src/protocol.ts';
import { asWorker, type FakeEngine, type FakeWorker, type Origin, PULSE } from './fakes.ts';

export interface Tab {
  client: SpvClient;
  workers: FakeWorker[];
  warnings: string[];
}

const opened: SpvClient[] = [];

// A client left open by a test that failed would keep the process alive.
afterEach(() => Promise.all(opened.splice(0).map(client => client.close())));

export async function openTab(origin: Origin, options: Partial<OpenOptions> = {}): Promise<Tab> {
  const workers: FakeWorker[] = [];
  const opening = checkOptions({ bridges: ['https://bridge.example'], computeWorkers: 0, ...options });
  const client = await Client.open(opening, {
    link: () => {
      const worker = origin.worker();
      workers.push(worker);
      return workerLink(asWorker(worker));
    },
    compute: null,
    init: {
      tag: TAG,
      role: 'engine',
      wasm: null,
      options: opening.plain,
      given: opening.given,
      nested: false,
      paused: false,
    },
    pulse: PULSE,
  });
  opened.push(client);
  const warnings: string[] = [];
  client.addEventListener('warning', ({ detail }) => warnings.push(`${detail.error.code}: ${detail.error.message}`));
  return { client, workers, warnings };
}

/** The engine that was opened last, or another one by its place. */
export function engine(origin: Origin, at = -1): FakeEngine {
  const found = origin.engines.at(at);
  assert.ok(found);
  return found;
}
