import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Broadcast, BroadcastStage, SpvEvent } from '../src/api.d.ts';
import type { WireBroadcast } from '../src/protocol.ts';
import { type FakeEngine, NEVER, Origin, sleep, until } from './fakes.ts';
import { engine, openTab } from './tab.ts';

const TXID = '0d'.repeat(32);
const REJECTED = { code: 'rejected' as const, message: 'another one is mined', retryable: false };

function wire(stage: BroadcastStage | null, peers = 1, rejected?: WireBroadcast['rejected']): WireBroadcast {
  return { txid: TXID, stage, peers, ...(rejected && { rejected }) };
}

/** Answers as an engine that keeps one broadcast. */
function keeps(kept: WireBroadcast | null) {
  return (method: string): unknown => {
    if (method === 'broadcast') return kept;
    return method === 'broadcasts' ? (kept ? [kept] : []) : undefined;
  };
}

const tell = (engine: FakeEngine, broadcast: WireBroadcast): void =>
  engine.host.event({ type: 'broadcast', broadcast });

async function begun(kept: WireBroadcast = wire(null, 0)) {
  const origin = new Origin();
  origin.answer = keeps(kept);
  const tab = await openTab(origin);
  const broadcast = await tab.client.broadcast('0a0b');
  await sleep(10);
  return { ...tab, origin, broadcast };
}

async function stages(broadcast: Broadcast): Promise<string[]> {
  const read: string[] = [];
  for await (const { txid, stage, peers } of broadcast) {
    assert.equal(txid, TXID);
    read.push(`${stage} ${peers}`);
  }
  return read;
}

test('a transaction crosses as digits, and what is no transaction’s bytes is refused by name', async () => {
  const { client, origin, broadcast } = await begun();
  assert.equal(broadcast.txid, TXID);
  assert.equal(await client.broadcast(new Uint8Array([10, 11])), broadcast);
  const { asked } = engine(origin);
  assert.deepEqual(asked, Array(2).fill({ method: 'broadcast', args: ['0a0b'] }));
  const refused: [Promise<unknown>, string][] = [
    [client.broadcast(7 as never), 'rawTx'],
    [client.broadcast(undefined as never), 'rawTx'],
    [client.broadcast(new Uint8Array(1_000_001)), 'rawTx'],
    [client.broadcast('0'.repeat(2_000_001)), 'rawTx'],
    [client.broadcast('00', { signal: {} as AbortSignal }), 'signal'],
    [broadcast.until('final' as never), 'stage'],
    [broadcast.until('sent', { signal: {} as AbortSignal }), 'signal'],
  ];
  for (const [call, details] of refused) await assert.rejects(call, { code: 'bad-input', details });
  assert.equal(asked.length, 2);
  origin.answer = () => {
    throw { code: 'bad-input', message: 'no transaction', retryable: false, details: 'rawTx' };
  };
  engine(origin).answer = origin.answer;
  await assert.rejects(client.broadcast('00'), { code: 'bad-input', details: 'rawTx' });
});

test('until resolves at a stage and at those that include it', async () => {
  const { origin, broadcast } = await begun();
  const reached: string[] = [];
  const all: BroadcastStage[] = ['sent', 'echoed', 'instantlocked', 'mined', 'chainlocked'];
  for (const stage of all) void broadcast.until(stage).then(() => reached.push(stage));
  tell(engine(origin), wire('echoed'));
  await until(() => reached.length === 2);
  assert.deepEqual(reached, ['sent', 'echoed']);
  await broadcast.until('sent');
  tell(engine(origin), wire('mined'));
  await until(() => reached.length === 4);
  tell(engine(origin), wire('chainlocked'));
  await until(() => reached.length === 5);
  await broadcast.until('instantlocked');
});

test('a loop begins with the stage that holds and ends after the last', async () => {
  const { origin, broadcast } = await begun(wire('sent', 2));
  const early = stages(broadcast);
  tell(engine(origin), wire('sent', 3));
  tell(engine(origin), wire('sent', 3));
  tell(engine(origin), wire('echoed', 3));
  await broadcast.until('echoed');
  const late = stages(broadcast);
  tell(engine(origin), wire('instantlocked', 3));
  tell(engine(origin), wire('mined', 3));
  tell(engine(origin), wire('chainlocked', 3));
  tell(engine(origin), wire('sent', 9));
  const rest = ['echoed 3', 'instantlocked 3', 'mined 3', 'chainlocked 3'];
  assert.deepEqual(await early, ['sent 2', 'sent 3', ...rest]);
  assert.deepEqual(await late, rest);
  assert.deepEqual(await stages(broadcast), ['chainlocked 3']);
});

test('a slow reader misses repeats and the oldest, never the last', async () => {
  const { origin, broadcast } = await begun(wire('sent'));
  const loop = broadcast[Symbol.asyncIterator]();
  for (let n = 0; n < 100; n += 1) tell(engine(origin), wire('sent', n + 2));
  // Blocks that come and go.
  for (let n = 0; n < 50; n += 1) tell(engine(origin), wire(n % 2 ? 'sent' : 'mined', 200));
  tell(engine(origin), wire('chainlocked', 200));
  await broadcast.until('chainlocked');
  const read: string[] = [];
  for (let next = await loop.next(); !next.done; next = await loop.next()) read.push(next.value.stage);
  assert.equal(read.length, 16);
  assert.equal(read.at(-1), 'chainlocked');
  const left = broadcast[Symbol.asyncIterator]();
  await left.return?.();
  assert.equal((await left.next()).done, true);
});

test('what is rejected rejects who waits, ends loops, and can be sent anew', async () => {
  const { client, origin, broadcast } = await begun(wire('sent'));
  const waiting = assert.rejects(broadcast.until('mined'), { name: 'SpvError', code: 'rejected' });
  const loop = stages(broadcast);
  const heard: SpvEvent[] = [];
  client.addEventListener('broadcast', ({ detail }) => heard.push(detail));
  tell(engine(origin), wire('sent', 2, REJECTED));
  await waiting;
  assert.deepEqual(await loop, ['sent 1']);
  await assert.rejects(broadcast.until('sent'), { code: 'rejected', message: REJECTED.message });
  const [event] = heard;
  assert.ok(event?.type === 'broadcast' && event.error?.code === 'rejected');
  assert.deepEqual([event.txid, event.stage, event.peers], [TXID, 'sent', 2]);
  engine(origin).answer = keeps(wire('sent', 2, REJECTED));
  assert.deepEqual(await client.broadcasts(), [broadcast]);
  engine(origin).answer = keeps(wire('mined'));
  const again = await client.broadcast('0a0b');
  assert.notEqual(again, broadcast);
  await again.until('mined');
});

test('stop ends loops and waits, and tells the engine once', async () => {
  const { client, origin, broadcast } = await begun(wire('sent'));
  const waiting = assert.rejects(broadcast.until('mined'), { code: 'aborted' });
  const loop = stages(broadcast);
  broadcast.stop();
  broadcast.stop();
  await waiting;
  assert.deepEqual(await loop, ['sent 1']);
  await until(() => engine(origin).calls.includes('broadcast.stop'));
  await sleep(10);
  assert.deepEqual(engine(origin).asked.slice(1), [{ method: 'broadcast.stop', args: [TXID] }]);
  assert.notEqual(await client.broadcast('0a0b'), broadcast);
});

test('a stop that fails is a warning', async () => {
  const { origin, broadcast, warnings } = await begun(wire('sent'));
  engine(origin).answer = () => {
    throw { code: 'storage', message: 'full', retryable: true };
  };
  broadcast.stop();
  await until(() => warnings.length === 1);
  assert.deepEqual(warnings, ['storage: full']);
});

test('until ends with its signal and with the client', async () => {
  const { client, broadcast } = await begun(wire('sent'));
  const controller = new AbortController();
  const { signal } = controller;
  const aborting = assert.rejects(broadcast.until('mined', { signal }), { code: 'aborted', cause: 'enough' });
  const closing = assert.rejects(broadcast.until('mined'), { code: 'closed' });
  const loop = stages(broadcast);
  controller.abort('enough');
  await aborting;
  await assert.rejects(broadcast.until('sent', { signal }), { code: 'aborted' });
  await client.close();
  await closing;
  assert.deepEqual(await loop, ['sent 1']);
  await assert.rejects(broadcast.until('mined'), { code: 'closed' });
  broadcast.stop();
});

test('an event that overtakes its answer is not lost', async () => {
  const origin = new Origin();
  const { client } = await openTab(origin);
  engine(origin).answer = () => {
    tell(engine(origin), wire('echoed', 2));
    return wire('sent');
  };
  const broadcast = await client.broadcast('0a0b');
  await broadcast.until('echoed');
  assert.deepEqual((await broadcast[Symbol.asyncIterator]().next()).value, { txid: TXID, stage: 'echoed', peers: 2 });
});

test('after a crash the stage is asked for again, and a call in between is sent again', async () => {
  const { client, origin, broadcast } = await begun(wire('sent'));
  const mined = broadcast.until('mined');
  engine(origin).answer = () => NEVER;
  const call = client.broadcast('0a0b');
  await until(() => engine(origin).calls.length === 2);
  origin.answer = keeps(wire('mined', 4));
  engine(origin).host.crashed('unreachable');
  await mined;
  assert.equal(await call, broadcast);
  await until(() => engine(origin).calls.includes('broadcasts'));
  assert.equal(origin.engines.length, 2);
});

test('a broadcast that the next engine does not know ends', async () => {
  const { origin, broadcast } = await begun(wire('sent'));
  const waiting = assert.rejects(broadcast.until('mined'), { code: 'not-found' });
  const loop = stages(broadcast);
  origin.answer = keeps(null);
  engine(origin).host.crashed('unreachable');
  await waiting;
  assert.deepEqual(await loop, ['sent 1']);
});

test('a follower broadcasts through the leader, hears its events, and outlives it', async () => {
  const origin = new Origin();
  origin.answer = keeps(wire('sent'));
  const first = await openTab(origin);
  const second = await openTab(origin);
  assert.equal(second.client.state.role, 'follower');
  const broadcast = await second.client.broadcast('0a0b');
  const [same] = await first.client.broadcasts();
  assert.ok(same && same !== broadcast && same.txid === broadcast.txid);
  tell(engine(origin), wire('instantlocked'));
  await Promise.all([broadcast.until('instantlocked'), same.until('instantlocked')]);
  const final = broadcast.until('chainlocked');
  // Nobody hears of it: the leader is gone before it could tell.
  origin.answer = keeps(wire('chainlocked'));
  first.workers[0]?.kill();
  await final;
  await until(() => first.warnings.length > 0, 'the first tab to notice');
});
