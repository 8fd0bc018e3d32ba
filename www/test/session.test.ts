import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { SpvError } from '../src/errors.ts';
import { Session, type Sink } from '../src/session.ts';
import { Watchdog } from '../src/watchdog.ts';
import { engineInit, PULSE, ScriptedLink, sleep, until, wireState } from './fakes.ts';

const open: (() => void)[] = [];
afterEach(() => {
  for (const end of open.splice(0)) end();
});

function session() {
  const links: ScriptedLink[] = [];
  const warnings: SpvError[] = [];
  const ends: SpvError[] = [];
  const nothing = (): void => undefined;
  const sink: Sink = {
    state: nothing,
    role: nothing,
    event: nothing,
    log: nothing,
    warning: error => warnings.push(error),
    over: error => ends.push(error),
  };
  const made = new Session(
    {
      link: () => {
        const link = new ScriptedLink();
        links.push(link);
        return link;
      },
      compute: null,
      init: engineInit(),
      pulse: { ...PULSE, pingMs: 60_000 },
    },
    sink,
  );
  const last = (): ScriptedLink => {
    const link = links.at(-1);
    assert.ok(link);
    return link;
  };
  const opened = (): void =>
    last().say({ t: 'opened', state: wireState(), role: 'leader', platformActivationHeight: 7 });
  open.push(() => {
    void made.close();
    links.at(-1)?.say({ t: 'closed' });
  });
  return { made, links, warnings, ends, last, opened };
}

async function openSession() {
  const all = session();
  const opening = all.made.open();
  all.opened();
  await opening;
  return all;
}

test('after a crash calls that may be repeated are sent again and others reject', async () => {
  const { made, links, last, warnings, opened } = await openSession();
  const peers = made.call('peers', []);
  const sent = made.call('send-something', []);
  last().say({ t: 'crashed', message: 'unreachable' });
  await assert.rejects(sent, { code: 'worker-crashed', retryable: true });
  await until(() => links.length === 2);
  assert.equal(links[0]?.terminated, true);
  assert.deepEqual(last().callsSent, ['peers']);
  assert.equal(warnings[0]?.code, 'worker-crashed');
  opened();
  last().say({ t: 'reply', id: 1, outcome: { ok: true, value: ['a'] } });
  assert.deepEqual(await peers, ['a']);
});

test('what a replaced worker still says is not heard', async () => {
  const { made, links } = await openSession();
  const call = made.call('peers', []);
  links[0]?.fail('boom');
  await until(() => links.length === 2);
  links[0]?.say({ t: 'reply', id: 1, outcome: { ok: true, value: 'stale' } });
  links[1]?.say({ t: 'reply', id: 1, outcome: { ok: true, value: 'fresh' } });
  assert.equal(await call, 'fresh');
});

test('a paused client is paused again after a crash', async () => {
  const { last, links } = await openSession();
  last().say({ t: 'paused', paused: true });
  last().fail('boom');
  await until(() => links.length === 2);
  assert.deepEqual(last().posted[0], { ...engineInit(), paused: true });
});

test('the fifth crash within a minute is the last: all calls reject', async () => {
  const { made, links, last, ends, warnings } = await openSession();
  const call = made.call('peers', []);
  const rejected = assert.rejects(call, { code: 'worker-crashed' });
  for (let crash = 1; crash <= 5; crash += 1) {
    last().say({ t: 'pong', n: 0 });
    last().fail('boom');
    if (crash < 5) await until(() => links.length === crash + 1, `restart ${crash}`, 5_000);
  }
  await rejected;
  assert.equal(ends[0]?.code, 'worker-crashed');
  assert.equal(warnings.length, 5);
  await assert.rejects(made.call('metrics', []), { code: 'worker-crashed' });
  await sleep(50);
  assert.equal(links.length, 5);
});

test('a worker that never spoke is not tried again: open rejects', async () => {
  const { made, links, last } = session();
  const opening = made.open();
  last().fail('404');
  await assert.rejects(opening, { code: 'worker-crashed' });
  assert.equal(links.length, 1);
});

test('an aborted open ends the worker', async () => {
  const { made, last } = session();
  const controller = new AbortController();
  const opening = made.open(controller.signal);
  controller.abort();
  await assert.rejects(opening, { code: 'aborted' });
  assert.equal(last().terminated, true);
});

test('an aborted call rejects at once and its cancellation is sent', async () => {
  const { made, last } = await openSession();
  const controller = new AbortController();
  const call = made.call('header', [5], controller.signal);
  controller.abort('why not');
  await assert.rejects(call, { code: 'aborted', cause: 'why not' });
  assert.deepEqual(last().posted.at(-1), { t: 'cancel', id: 1 });
  await assert.rejects(made.call('header', [5], controller.signal), { code: 'aborted' });
});

test('close waits for the worker, rejects what is in flight, and later calls say closed', async () => {
  const { made, last } = await openSession();
  const call = made.call('peers', []);
  const closing = made.close();
  await assert.rejects(call, { code: 'closed' });
  assert.equal(last().terminated, false);
  last().say({ t: 'closed' });
  await closing;
  assert.equal(last().terminated, true);
  await assert.rejects(made.call('peers', []), { code: 'closed' });
  await made.close();
});

test('a deleted store ends the session with a storage error', async () => {
  const { made, last, ends } = await openSession();
  const call = made.call('peers', []);
  last().say({ t: 'gone' });
  await assert.rejects(call, { code: 'storage', details: 'deleted' });
  assert.equal(ends[0]?.code, 'storage');
});

function watched() {
  let now = 0;
  let dead = 0;
  const pings: number[] = [];
  const watchdog = new Watchdog(
    n => pings.push(n),
    () => {
      dead += 1;
    },
    { pingMs: 2_000, deadMs: 8_000, now: () => now },
  );
  watchdog.start();
  const tick = (ms: number): void => {
    now += ms;
    watchdog.tick();
  };
  return { watchdog, tick, pings, dead: () => dead };
}

test('silence is death after two pings and eight seconds, not before', () => {
  const { tick, dead, watchdog } = watched();
  for (let n = 0; n < 4; n += 1) tick(2_000);
  assert.equal(dead(), 0);
  tick(2_000);
  assert.equal(dead(), 1);
  watchdog.stop();
});

test('a page that slept blames nobody, however long it slept', () => {
  const { tick, dead, watchdog } = watched();
  tick(2_000);
  tick(600_000);
  assert.equal(dead(), 0);
  watchdog.heard();
  for (let n = 0; n < 100; n += 1) {
    tick(60_000);
    watchdog.heard();
  }
  assert.equal(dead(), 0);
  watchdog.stop();
});

test('a throttled page still notices a dead worker', () => {
  const { tick, dead, watchdog } = watched();
  for (let n = 0; n < 4; n += 1) tick(60_000);
  assert.equal(dead(), 1);
  watchdog.stop();
});
