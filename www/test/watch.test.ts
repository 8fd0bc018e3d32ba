import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpvClient, SpvEvent, WatchTarget } from '../src/api.d.ts';
import { NEVER, Origin, sleep, until } from './fakes.ts';
import { engine, openTab } from './tab.ts';

const TXID = '0d'.repeat(32);
const TIP = { height: 9, hash: 'ab', time: 9_000 };
const RECORD = {
  txid: TXID,
  raw: new Uint8Array([1, 2]),
  delta: '-9007199254740993',
  finality: 'mined' as const,
  block: TIP,
  conflictsWith: [],
  type: 5,
};
const BALANCE = {
  chainlocked: '9007199254740993',
  instantlocked: '1',
  mined: '2',
  pending: '3',
  immature: '4',
  total: '9007199254741003',
};
const UTXO = { outpoint: `${TXID}:0`, value: '1', script: '51', finality: 'seen', coinbase: false };

/** Answers about watches as an engine would: a watch's id is the text of its targets. */
function wallet(method: string, args: unknown[]): unknown {
  switch (method) {
    case 'watch':
      return { id: JSON.stringify(args[0]) };
    case 'watches':
      return [{ id: 'one' }, { id: 'two' }];
    case 'watch.balance':
      return BALANCE;
    case 'watch.utxos':
      return [UTXO, { ...UTXO, address: 'X', height: 7 }];
    case 'watch.history':
      return [RECORD, { ...RECORD, block: null }];
    case 'watch.nextAddress':
      return 'yP8A3cbdxRtLRduy5mXDsBnJtMzHWs6ZXr';
    case 'transaction':
      return args[0] === TXID ? RECORD : null;
    default:
      return undefined;
  }
}

async function tabs(): Promise<{ origin: Origin; clients: SpvClient[] }> {
  const origin = new Origin();
  origin.answer = wallet;
  const first = await openTab(origin);
  const second = await openTab(origin);
  assert.equal(second.client.state.role, 'follower');
  // Events of the opening itself are held back until those who waited for it had their turn.
  await sleep(10);
  return { origin, clients: [first.client, second.client] };
}

test('amounts, dates and absences come as declared, to the leader and to a follower', async () => {
  const { clients } = await tabs();
  const record = {
    ...RECORD,
    delta: -9_007_199_254_740_993n,
    block: { ...TIP, time: new Date(9_000) },
  };
  for (const client of clients) {
    const watch = await client.watch({ address: 'X' });
    assert.deepEqual(await watch.balance(), {
      chainlocked: 9_007_199_254_740_993n,
      instantlocked: 1n,
      mined: 2n,
      pending: 3n,
      immature: 4n,
      total: 9_007_199_254_741_003n,
    });
    const utxo = { ...UTXO, value: 1n, address: null, height: null };
    assert.deepEqual(await watch.utxos(), [utxo, { ...utxo, address: 'X', height: 7 }]);
    assert.deepEqual(await watch.history(), [record, { ...record, block: null }]);
    assert.equal(await watch.nextAddress(), 'yP8A3cbdxRtLRduy5mXDsBnJtMzHWs6ZXr');
    assert.deepEqual(await client.transaction(TXID), record);
    assert.equal(await client.transaction('00'), null);
  }
});

test('a transaction is heard as an event by the leader and by a follower', async () => {
  const { origin, clients } = await tabs();
  const heard: SpvEvent[] = [];
  for (const client of clients) client.addEventListener('tx', ({ detail }) => heard.push(detail));
  engine(origin).host.event({ type: 'tx', tx: { ...RECORD, block: null }, watches: ['one'] });
  await until(() => heard.length === 2, 'two events');
  const tx = { ...RECORD, delta: -9_007_199_254_740_993n, block: null };
  assert.deepEqual(heard, Array(2).fill({ type: 'tx', tx, watches: ['one'] }));
});

test('scripts cross as digits, dates as times, and what is not given as nothing', async () => {
  const { origin, clients } = await tabs();
  const [client] = clients as [SpvClient];
  const targets: WatchTarget[] = [{ script: new Uint8Array([0, 171, 255]) }, { xpub: 'x', gap: 5 }];
  const watch = await client.watch(targets, { birthday: new Date(5_000) });
  await client.watch({ script: '51' }, { birthday: { height: 3 } });
  await client.watch({ address: 'X' });
  await watch.history({ before: TXID, limit: 3 });
  await watch.rescan('genesis');
  const plain = [{ script: '00abff' }, { xpub: 'x', gap: 5 }];
  assert.deepEqual(engine(origin).asked, [
    { method: 'watch', args: [plain, { time: 5_000 }] },
    { method: 'watch', args: [{ script: '51' }, { height: 3 }] },
    { method: 'watch', args: [{ address: 'X' }, undefined] },
    { method: 'watch.history', args: [watch.id, TXID, 3] },
    { method: 'watch.rescan', args: [watch.id, 'genesis'] },
  ]);
});

test('what is no plain data is refused by name and without its text', async () => {
  const { origin, clients } = await tabs();
  const [client] = clients as [SpvClient];
  const watch = await client.watch({ address: 'X' });
  const refused: [Promise<unknown>, string][] = [
    [client.watch({ address: () => 'secret' } as never), 'target'],
    [client.watch({ script: new Uint8Array(1_000_001) }), 'target.script'],
    [client.watch({ address: 'X' }, { birthday: new Date('never') }), 'birthday'],
    [client.watch({ address: 'X' }, { signal: {} as AbortSignal }), 'signal'],
    [watch.rescan(new Date('never')), 'from'],
    [watch.rescan('now', { signal: 1 as never }), 'signal'],
    [client.transaction(TXID, { signal: 1 as never }), 'signal'],
  ];
  for (const [call, details] of refused) {
    await assert.rejects(call, (thrown: Error & { details?: unknown }) => {
      assert.deepEqual({ ...thrown }, { code: 'bad-input', retryable: false, details });
      assert.doesNotMatch(`${thrown.message} ${thrown.cause}`, /secret/);
      return true;
    });
  }
  assert.deepEqual(engine(origin).calls, ['watch']);
});

test('there is one handle for each watch, until it is removed', async () => {
  const { origin, clients } = await tabs();
  const [client, other] = clients as [SpvClient, SpvClient];
  const [watch, same] = await Promise.all([client.watch({ address: 'X' }), client.watch({ address: 'X' })]);
  assert.equal(watch, same);
  assert.notEqual(await client.watch({ address: 'Y' }), watch);
  assert.notEqual(await other.watch({ address: 'X' }), watch);
  const [one, two] = await client.watches();
  assert.deepEqual(await client.watches(), [one, two]);
  assert.equal((await client.watches())[0], one);
  await Promise.all([watch.remove(), watch.remove()]);
  await watch[Symbol.asyncDispose]();
  assert.equal(engine(origin).calls.filter(method => method === 'watch.remove').length, 1);
  const again = await client.watch({ address: 'X' });
  assert.notEqual(again, watch);
  assert.equal(again.id, watch.id);
});

test('a removal that failed can be tried again, and disposing after the end of the client is quiet', async () => {
  const { origin, clients } = await tabs();
  const [client] = clients as [SpvClient];
  const watch = await client.watch({ address: 'X' });
  engine(origin).answer = () => {
    throw { code: 'storage', message: 'full', retryable: true };
  };
  await assert.rejects(watch.remove(), { code: 'storage' });
  engine(origin).answer = wallet;
  assert.equal(await client.watch({ address: 'X' }), watch);
  await watch.remove();
  const other = await client.watch({ address: 'Y' });
  await client.close();
  await other[Symbol.asyncDispose]();
  await assert.rejects(other.remove(), { code: 'closed' });
  await assert.rejects(other.balance(), { code: 'closed' });
  await assert.rejects(client.watch({ address: 'X' }), { code: 'closed' });
});

test('a call about a watch ends with its signal and with the client', async () => {
  const { origin, clients } = await tabs();
  for (const client of clients.reverse()) {
    const watch = await client.watch({ address: 'X' });
    engine(origin).answer = () => NEVER;
    const controller = new AbortController();
    const { signal } = controller;
    const calls = [
      watch.rescan('now', { signal }),
      client.watch({ address: 'Y' }, { signal }),
      client.transaction(TXID, { signal }),
    ];
    const ended = calls.map(call => assert.rejects(call, { code: 'aborted' }));
    const cancelled = engine(origin).cancelled.length;
    await sleep(20);
    controller.abort();
    await Promise.all(ended);
    await until(() => engine(origin).cancelled.length === cancelled + 3, 'three cancellations');
    const closed = assert.rejects(watch.balance(), { code: 'closed' });
    await client.close();
    await closed;
    engine(origin).answer = wallet;
  }
});

test('after a crash every call about a watch is sent again', async () => {
  const origin = new Origin();
  origin.answer = wallet;
  const { client } = await openTab(origin);
  const watch = await client.watch({ address: 'X' });
  engine(origin).answer = () => NEVER;
  const calls = Promise.all([
    client.watch({ address: 'X' }),
    client.watches(),
    watch.balance(),
    watch.utxos(),
    watch.history(),
    watch.nextAddress(),
    watch.rescan('now'),
    client.transaction(TXID),
    watch.remove(),
  ]);
  await until(() => engine(origin).calls.length === 10, 'the calls');
  engine(origin).host.crashed('unreachable');
  const [same, watches] = await calls;
  assert.equal(same, watch);
  assert.equal(watches.length, 2);
  assert.equal(origin.engines.length, 2);
});
