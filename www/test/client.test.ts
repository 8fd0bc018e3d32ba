import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpvEvent } from '../src/api.d.ts';
import { TAG } from '../src/protocol.ts';
import { NEVER, Origin, sleep, until } from './fakes.ts';
import { engine, openTab } from './tab.ts';

test('the state is one frozen object until something in it changes', async () => {
  const origin = new Origin();
  const { client } = await openTab(origin);
  const before = client.state;
  let changes = 0;
  client.subscribe(() => {
    changes += 1;
  });
  engine(origin).state({});
  await sleep(20);
  assert.equal(client.state, before);
  assert.equal(changes, 0);
  engine(origin).state({ peers: 1 });
  await until(() => client.state !== before);
  assert.equal(changes, 1);
  assert.ok(Object.isFrozen(client.state) && Object.isFrozen(client.state.phases.headers));
  assert.ok(client.state.tip.time instanceof Date);
  assert.equal(before.peers, 0);
  await client.close();
});

test('an event of the opening itself is heard by who listens after open', async () => {
  const origin = new Origin();
  const opening = openTab(origin);
  await until(() => origin.engines.length === 1);
  engine(origin).host.event({
    type: 'storage',
    persistent: false,
    cause: { code: 'storage', message: 'blocked', retryable: true },
  });
  const { client } = await opening;
  const heard: SpvEvent[] = [];
  client.addEventListener('storage', ({ detail }) => heard.push(detail));
  await until(() => heard.length === 1);
  await client.close();
});

test('synced resolves with the tip, and rejects on abort and on close', async () => {
  const origin = new Origin();
  const { client } = await openTab(origin);
  const controller = new AbortController();
  const given = client.synced({ signal: controller.signal });
  controller.abort();
  await assert.rejects(given, { code: 'aborted' });
  const synced = client.synced();
  engine(origin).state({ phase: 'synced', tip: { height: 7, hash: 'ab', time: 5_000 } });
  assert.deepEqual(await synced, { height: 7, hash: 'ab', time: new Date(5_000) });
  engine(origin).state({ phase: 'headers' });
  await until(() => client.state.phase === 'headers');
  const never = client.synced();
  const rejected = assert.rejects(never, { code: 'closed' });
  await client.close();
  await rejected;
  await assert.rejects(client.peers(), { code: 'closed' });
  await assert.rejects(client.watches(), { code: 'closed' });
});

const MASTERNODE = {
  proTxHash: '0a'.repeat(32),
  type: 'regular',
  valid: true,
  service: '203.0.113.7:9999',
  operatorKey: '0b'.repeat(48),
  votingAddress: 'yP8A3cbdxRtLRduy5mXDsBnJtMzHWs6ZXr',
};
const QUORUM = {
  type: 4,
  hash: '0c'.repeat(32),
  publicKey: new Uint8Array(48).fill(7),
  verified: true,
  members: ['0a'.repeat(32)],
};

/** Answers the questions about lists and quorums as an engine would. */
function lists(method: string, args: unknown[]): unknown {
  switch (method) {
    case 'masternodes':
      return [MASTERNODE, { ...MASTERNODE, type: 'evo', platformPort: 443 }];
    case 'quorums.list':
      return [QUORUM, { ...QUORUM, type: 103, height: 480, index: 1 }];
    case 'quorums.publicKey':
      if (args[1] === QUORUM.hash) return QUORUM.publicKey;
      throw { code: 'not-found', message: `no quorum ${args.join(' ')}`, retryable: false };
    default:
      return undefined;
  }
}

test('lists and quorums come as declared, to the leader and to a follower', async () => {
  const origin = new Origin();
  origin.answer = lists;
  const first = await openTab(origin, { network: 'testnet' });
  const second = await openTab(origin, { network: 'testnet' });
  assert.equal(second.client.state.role, 'follower');
  for (const { client } of [first, second]) {
    const [regular, evo] = await client.masternodes();
    assert.deepEqual(regular, { ...MASTERNODE, platformPort: null });
    assert.deepEqual([evo?.type, evo?.platformPort], ['evo', 443]);
    const [old, rotated] = await client.quorums.list();
    assert.deepEqual(old, { ...QUORUM, height: null, index: null });
    assert.deepEqual([rotated?.height, rotated?.index], [480, 1]);
    const key = await client.quorums.publicKey(4, QUORUM.hash, 1_000);
    assert.ok(key instanceof Uint8Array);
    assert.deepEqual(key, QUORUM.publicKey);
    await assert.rejects(client.quorums.publicKey(4, '00', 1_000), { code: 'not-found', message: /4 00 1000/ });
    assert.equal(client.quorums.platformActivationHeight, 1_090_319);
  }
});

test('a question about a quorum ends with its signal, and outlives its leader', async () => {
  const origin = new Origin();
  const first = await openTab(origin);
  const second = await openTab(origin);
  engine(origin).answer = () => NEVER;
  const controller = new AbortController();
  const given = second.client.quorums.publicKey(4, QUORUM.hash, 1, { signal: controller.signal });
  await until(() => engine(origin).calls.includes('quorums.publicKey'));
  controller.abort();
  await assert.rejects(given, { code: 'aborted' });
  await until(() => engine(origin).cancelled.length === 1, 'the cancellation');
  const gone = AbortSignal.abort();
  await assert.rejects(second.client.quorums.publicKey(4, QUORUM.hash, 1, { signal: gone }), { code: 'aborted' });
  const wrong = { signal: 1 as unknown as AbortSignal };
  await assert.rejects(second.client.quorums.publicKey(4, '', 1, wrong), { code: 'bad-input', details: 'signal' });
  origin.answer = lists;
  const [list, key] = [second.client.masternodes(), second.client.quorums.publicKey(4, QUORUM.hash, 1)];
  await until(() => engine(origin).calls.includes('masternodes'));
  first.workers[0]?.kill();
  assert.equal((await list).length, 2);
  assert.deepEqual(await key, QUORUM.publicKey);
});

test('locks are heard as events by the leader and by a follower', async () => {
  const origin = new Origin();
  const first = await openTab(origin);
  const second = await openTab(origin);
  const heard: SpvEvent[] = [];
  for (const { client } of [first, second]) {
    client.addEventListener('chainlock', ({ detail }) => heard.push(detail));
    client.addEventListener('instantlock', ({ detail }) => heard.push(detail));
  }
  const loop = second.client.events({ types: ['instantlock'] })[Symbol.asyncIterator]();
  // Events of the opening itself are held back until those who waited for it had their turn.
  await sleep(10);
  const { host } = engine(origin);
  host.event({ type: 'chainlock', tip: { height: 9, hash: 'ab', time: 9_000 } });
  host.event({ type: 'instantlock', txid: 'cd' });
  await until(() => heard.length === 4, 'four events');
  assert.deepEqual(
    heard.filter(({ type }) => type === 'chainlock'),
    Array(2).fill({ type: 'chainlock', tip: { height: 9, hash: 'ab', time: new Date(9_000) } }),
  );
  assert.deepEqual((await loop.next()).value, { type: 'instantlock', txid: 'cd' });
  engine(origin).state({ chainlocked: { height: 9, hash: 'ab', time: 9_000 }, degraded: ['instantsend'] });
  await until(() => second.client.state.chainlocked !== null);
  assert.deepEqual(second.client.state.chainlocked, { height: 9, hash: 'ab', time: new Date(9_000) });
  assert.deepEqual(second.client.state.degraded, ['instantsend']);
});

test('the second tab follows: its calls go to the leader and it sees the leader’s events', async () => {
  const origin = new Origin();
  const first = await openTab(origin);
  const second = await openTab(origin);
  assert.equal(origin.engines.length, 1);
  assert.equal(first.client.state.role, 'leader');
  assert.equal(second.client.state.role, 'follower');
  engine(origin).answer = (method, args) => (method === 'header' ? { height: args[0], time: 3_000 } : undefined);
  assert.deepEqual(await second.client.header(12), { height: 12, time: new Date(3_000) });
  engine(origin).state({ peers: 3 });
  await until(() => second.client.state.peers === 3);
  await second.client.close();
  await first.client.close();
});

test('when the leader closes, a follower takes over and calls in flight are sent again', async () => {
  const origin = new Origin();
  const first = await openTab(origin);
  const second = await openTab(origin);
  engine(origin).answer = () => NEVER;
  const call = second.client.header(1);
  await until(() => engine(origin).calls.includes('header'));
  await first.client.close();
  assert.equal(engine(origin, 0).closed, true);
  await until(() => origin.engines.length === 2, 'a new leader');
  engine(origin).answer = () => ({ height: 1, time: 0 });
  assert.equal((await call)?.height, 1);
  await until(() => second.client.state.role === 'leader');
  await second.client.close();
});

test('when the leader is killed, a third tab’s calls reach the new leader', async () => {
  const origin = new Origin();
  const first = await openTab(origin);
  const second = await openTab(origin);
  const third = await openTab(origin);
  engine(origin).answer = () => NEVER;
  const call = third.client.header(1);
  await until(() => engine(origin).calls.includes('header'));
  first.workers[0]?.kill();
  await until(() => origin.engines.length >= 2, 'a new leader');
  engine(origin).answer = () => ({ height: 1, time: 0 });
  assert.equal((await call)?.height, 1);
  await until(() => first.warnings.some(text => text.startsWith('worker-crashed')), 'the warning');
  await until(() => first.client.state.role === 'follower', 'the old leader to follow');
  await Promise.all([first, second, third].map(({ client }) => client.close()));
});

test('a leader that falls silent is robbed of its office', async () => {
  const origin = new Origin();
  const first = await openTab(origin);
  const second = await openTab(origin);
  // Frozen with its page: nobody replaces the worker.
  for (const worker of first.workers) worker.frozen = true;
  await until(() => second.client.state.role === 'leader', 'the theft');
  assert.equal(origin.engines.length, 2);
  for (const worker of first.workers) worker.frozen = false;
  await second.client.close();
  await first.client.close();
});

test('a leader whose store was taken over steps down and closes its engine', async () => {
  const origin = new Origin();
  const first = await openTab(origin);
  const second = await openTab(origin);
  engine(origin, 0).host.superseded();
  await until(() => second.client.state.role === 'leader');
  await until(() => first.client.state.role === 'follower');
  assert.equal(engine(origin, 0).closed, true);
  assert.equal(origin.engines.length, 2);
  await first.client.close();
  await second.client.close();
});

test('a follower whose options differ is told which', async () => {
  const origin = new Origin();
  const first = await openTab(origin, { birthday: 'now' });
  const second = await openTab(origin, { birthday: 'genesis', mempool: 'off', log: { level: 'debug' } });
  await until(() => second.warnings.length === 1);
  assert.match(second.warnings[0] ?? '', /birthday, mempool/);
  assert.equal(first.warnings.length, 0);
  const third = await openTab(origin);
  await sleep(30);
  assert.equal(third.warnings.length, 0);
  await Promise.all([first, second, third].map(({ client }) => client.close()));
});

test('pausing outlives the leader', async () => {
  const origin = new Origin();
  const first = await openTab(origin);
  const second = await openTab(origin);
  await second.client.pause();
  await sleep(50);
  await first.client.close();
  await until(() => origin.engines.length === 2);
  await until(() => engine(origin).calls.includes('pause'));
  await second.client.close();
});

test('a trap is a crash: a fresh worker answers the call', async () => {
  const origin = new Origin();
  const { client, workers, warnings } = await openTab(origin);
  engine(origin).answer = () => {
    throw new WebAssembly.RuntimeError('unreachable');
  };
  origin.answer = () => ({ height: 5, time: 0 });
  assert.equal((await client.header(5))?.height, 5);
  assert.equal(origin.engines.length, 2);
  assert.equal(workers.length, 2);
  assert.match(warnings[0] ?? '', /^worker-crashed/);
  await client.close();
});

test('a call that breaks every engine is given up, and the client lives', async () => {
  const origin = new Origin();
  const { client } = await openTab(origin);
  const follower = await openTab(origin);
  const trap = (method: string): unknown => {
    if (method === 'header') throw new WebAssembly.RuntimeError('unreachable');
    return [];
  };
  origin.answer = trap;
  engine(origin).answer = trap;
  await assert.rejects(follower.client.header(5), { code: 'worker-crashed' });
  await assert.rejects(client.header(5), { code: 'worker-crashed' });
  assert.deepEqual(await client.peers(), []);
  await client.close();
  await follower.client.close();
});

test('a worker killed from outside is replaced', async () => {
  const origin = new Origin();
  const { client, workers } = await openTab(origin);
  origin.answer = () => ({ height: 5, time: 0 });
  workers[0]?.kill();
  assert.equal((await client.header(5))?.height, 5);
  assert.equal(origin.engines.length, 2);
  await client.close();
});

test('bad options reject open and leave the lock to others', async () => {
  const origin = new Origin();
  origin.refuse = { code: 'bad-input', message: 'option `peers`: x', retryable: false, details: 'peers' };
  await assert.rejects(openTab(origin), { name: 'SpvError', code: 'bad-input', details: 'peers' });
  await assert.rejects(openTab(origin, { network: 'nonet' as 'mainnet' }), { code: 'bad-input' });
  const { client } = await openTab(origin);
  assert.equal(client.state.role, 'leader');
  await client.close();
});

test('without locks the first client leads and the second is refused', async () => {
  const origin = new Origin();
  origin.secure = false;
  const { client } = await openTab(origin);
  assert.equal(client.state.role, 'leader');
  await assert.rejects(openTab(origin), { code: 'unsupported' });
  await client.close();
  const again = await openTab(origin);
  await again.client.close();
});

test('without locks two clients that ask at once agree on one', async () => {
  const origin = new Origin();
  origin.secure = false;
  const both = await Promise.allSettled([openTab(origin), openTab(origin)]);
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  for (const one of both) if (one.status === 'fulfilled') await one.value.client.close();
});

test('destroy makes every client of the store let go', async () => {
  const origin = new Origin();
  const first = await openTab(origin);
  const second = await openTab(origin);
  const synced = second.client.synced();
  const rejected = assert.rejects(synced, { code: 'storage' });
  const causes: unknown[] = [];
  first.client.addEventListener('storage', ({ detail }) => causes.push(detail.cause?.details));
  const worker = origin.worker();
  const done = new Promise(resolve => worker.addEventListener('message', ({ data }) => resolve(data)));
  worker.postMessage({ tag: TAG, role: 'destroy', wasm: null, network: 'mainnet', namespace: 'default' });
  assert.deepEqual(await done, { ok: true, value: undefined });
  await rejected;
  assert.deepEqual(causes, ['deleted']);
  assert.equal(origin.destroyed, 1);
  assert.ok(origin.engines.every(({ closed }) => closed));
  await assert.rejects(first.client.peers(), { code: 'storage' });
});
