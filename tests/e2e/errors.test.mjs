// What the package says when something is wrong: options, bridges, calls that are not built.

import assert from 'node:assert/strict';
import { browser, freePort, plainPage, staticServer, test, until, world } from './harness.mjs';

async function page(t) {
  const origin = await staticServer(t);
  return plainPage(await browser(t), origin);
}

test('bad options reject with bad-input and name the option', async t => {
  const at = await page(t);
  const bridges = ['http://127.0.0.1:1'];
  const bad = [
    ['bridges', {}],
    ['bridges', { bridges: [] }],
    ['bridges', { bridges: ['not a url'] }],
    ['bridges', { bridges: ['ftp://example.org'] }],
    ['network', { bridges, network: 'bitcoin' }],
    ['network', { bridges, network: { devnet: '' } }],
    ['storage', { bridges, storage: 'floppy' }],
    ['birthday', { bridges, birthday: 'yesterday' }],
    ['birthday', { bridges, birthday: { height: -1 } }],
    ['namespace', { bridges, namespace: 7 }],
    ['worker', { bridges, worker: 'some' }],
    ['computeWorkers', { bridges, computeWorkers: -1 }],
    ['computeWorkers', { bridges, computeWorkers: 1.5 }],
    ['peers', { bridges, peers: { target: 0 } }],
    ['peers', { bridges, peers: { only: ['nowhere'] } }],
    ['mempool', { bridges, mempool: 'sometimes' }],
    ['log', { bridges, log: { level: 'loud' } }],
  ];
  for (const [option, options] of bad) {
    const shown = JSON.stringify(options);
    const outcome = await at.evaluate(options => window.outcome(window.spv.open(options)), options);
    assert.equal(outcome.code, 'bad-input', shown);
    assert.equal(outcome.isSpvError, true, shown);
    assert.match(outcome.message, new RegExp(`\\b${option}\\b`), shown);
  }
});

test('without a reachable bridge the client says offline, goes on trying, and synced can be aborted', async t => {
  const at = await page(t);
  const port = await freePort();
  await at.evaluate(
    bridge => window.openClient('client', { network: 'regtest', bridges: [bridge] }),
    `http://127.0.0.1:${port}`,
  );
  await until('the state says offline', () => at.evaluate(() => window.clients.client.state.network === 'offline'));
  const outcome = await at.evaluate(() =>
    window.outcome(window.clients.client.synced({ signal: AbortSignal.timeout(300) })),
  );
  assert.equal(outcome.code, 'aborted');
  const tries = () =>
    at.evaluate(() => window.seen.client.log.filter(line => line.message === 'bridge not reached').length);
  const before = await tries();
  await until('it tries again', async () => (await tries()) > before);
});

test('calls about a wallet need filters, and their arguments are checked', async t => {
  const at = await page(t);
  const open = (name, options) => at.evaluate(([name, options]) => window.openClient(name, options), [name, options]);
  const common = { network: 'regtest', bridges: ['http://127.0.0.1:1'] };
  await open('without', { ...common, namespace: 'without', phases: { filters: false } });
  await open('client', { ...common, namespace: 'with' });
  const call = (name, call) => at.evaluate(`window.outcome(window.clients.${name}.${call})`);
  const known = 'watch({ script: "51" })';
  for (const one of [known, 'watches()', 'broadcasts()', 'transaction("00".repeat(32))']) {
    assert.equal((await call('without', one)).code, 'unsupported', one);
  }
  for (const [one, named] of [
    ['watch({ address: "yQ9J8qK3nNW8JL8h5T6tB3VZwwH9h5T6tB" })', /address/],
    ['watch({ address: "XyWwX9kK3nNW8JL8h5T6tB3VZwwH9h5T6tB" })', /address/],
    ['watch({})', /target/],
    ['broadcast("0011")', /rawTx/],
    ['transaction("00")', /txid/],
  ]) {
    const outcome = await call('client', one);
    assert.equal(outcome.code, 'bad-input', one);
    assert.match(`${outcome.message} ${outcome.details}`, named, one);
  }
});

test('a closed client rejects with closed, and destroy deletes what was stored', async t => {
  const { origin, context, options } = await world(t, { height: 3_000 });
  const at = await plainPage(context, origin);
  const stored = { ...options, namespace: 'one' };
  await at.evaluate(options => window.openClient('client', options), stored);
  await at.evaluate(() => window.clients.client.synced());
  await at.evaluate(() => window.clients.client.close());
  const outcome = await at.evaluate(() => window.outcome(window.clients.client.peers()));
  assert.equal(outcome.code, 'closed');

  const databases = () => at.evaluate(() => indexedDB.databases().then(all => all.map(each => each.name)));
  assert.equal((await databases()).length, 1);
  await at.evaluate(network => window.spv.destroy({ network, namespace: 'one' }), stored.network);
  assert.deepEqual(await databases(), []);
  const fresh = await at.evaluate(options => window.openClient('client', options), stored);
  assert.equal(fresh.tip.height, 0);
});

test('without a worker the engine runs on the page itself', async t => {
  const { origin, context, options } = await world(t, { height: 5_000 });
  const at = await plainPage(context, origin);
  await at.evaluate(options => window.openClient('client', options), { ...options, worker: 'none', computeWorkers: 0 });
  const tip = await at.evaluate(() => window.clients.client.synced());
  assert.equal(tip.height, 5_000);
  assert.equal(at.workers().length, 0);
});
