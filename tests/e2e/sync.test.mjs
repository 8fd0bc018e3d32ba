// The package in Chrome against a simulated network: sync, reload, crash, tabs, reorganisation, lies.

import assert from 'node:assert/strict';
import { BATCH, plainPage, test, until, world } from './harness.mjs';

const HEIGHT = 50_000;

/** A peer that answers this slowly leaves time to interfere while a sync runs. */
const SLOW = ['--batch-ms', '400'];

const open = (page, options, name = 'client') =>
  page.evaluate(([name, options]) => window.openClient(name, options), [name, options]);
const state = (page, name = 'client') => page.evaluate(name => window.clients[name].state, name);
const events = (page, type, name = 'client') =>
  page.evaluate(([name, type]) => window.seen[name].events.filter(event => event.type === type), [name, type]);
const synced = (page, name = 'client') => page.evaluate(name => window.clients[name].synced(), name);
const heightOver = (page, height) =>
  page.waitForFunction(height => window.clients.client.state.tip.height > height, height, { polling: 20 });

test('fifty thousand headers from three peers reach synced and stay stored', async t => {
  const { net, origin, context, options } = await world(t, { height: HEIGHT });
  const page = await plainPage(context, origin);
  const first = await open(page, options);
  assert.equal(first.persistent, true);
  assert.equal(first.role, 'leader');
  assert.equal(first.tip.height, 0);
  const tip = await synced(page);
  assert.equal(tip.height, HEIGHT);
  assert.equal(tip.hash, (await net.tip()).hash);

  const peers = () => page.evaluate(() => window.clients.client.peers());
  // Two of them may have been enough.
  await until('all peers are connected', async () => (await peers()).length === net.peers.length);
  assert.deepEqual((await peers()).map(peer => peer.address).sort(), [...net.peers].sort());
  const heights = await page.evaluate(() => window.seen.client.states.map(state => state.progress));
  assert.ok(
    heights.every((progress, i) => i === 0 || progress >= heights[i - 1]),
    'progress never goes back',
  );
  const transitions = await page.evaluate(() => window.clients.client.transitions());
  const steps = transitions.map(step => step.to);
  assert.deepEqual(steps.slice(steps.lastIndexOf('headers')), [
    'headers',
    'filter-headers',
    'filters',
    'blocks',
    'synced',
  ]);
  const header = await page.evaluate(() => window.clients.client.header(1_234));
  const same = await page.evaluate(hash => window.clients.client.header(hash), header.hash);
  assert.equal(same.height, 1_234);
  const metrics = await page.evaluate(() => window.clients.client.metrics());
  assert.ok(metrics.bytesIn > HEIGHT * 30 && metrics.requests.answered >= HEIGHT / BATCH);

  await page.evaluate(() => window.clients.client.close());
  const again = await plainPage(context, origin);
  const kept = await open(again, options);
  assert.equal(kept.tip.height, HEIGHT, 'a new page begins where the last one ended');
});

test('a reload half way resumes within one batch of where it was', async t => {
  const { origin, context, options } = await world(t, { height: HEIGHT, args: SLOW });
  const page = await plainPage(context, origin);
  await open(page, options);
  await heightOver(page, HEIGHT * 0.4);
  const before = await state(page);
  assert.ok(before.tip.height < HEIGHT);
  await page.reload();
  await page.waitForFunction(() => window.ready);
  const after = await open(page, options);
  assert.ok(after.tip.height >= before.tip.height - BATCH, `${after.tip.height} after ${before.tip.height}`);
  assert.equal((await synced(page)).height, HEIGHT);
});

test('a killed worker is reported and a fresh one goes on from the store', async t => {
  const { origin, context, options } = await world(t, { height: HEIGHT, args: SLOW });
  const page = await plainPage(context, origin);
  await open(page, { ...options, computeWorkers: 0 });
  await heightOver(page, HEIGHT * 0.4);
  const before = await state(page);
  const [worker] = page.workers();
  // The worker ends before it can answer.
  await worker.evaluate(() => self.close()).catch(() => {});
  const [warning] = await until('the crash is reported', async () => {
    const warnings = await events(page, 'warning');
    return warnings.some(event => event.error.code === 'worker-crashed') && warnings;
  });
  assert.equal(warning.error.retryable, true);
  assert.equal((await synced(page)).height, HEIGHT);
  const heights = await page.evaluate(() => window.seen.client.states.map(state => state.tip.height));
  const lowest = Math.min(...heights.slice(heights.indexOf(before.tip.height)));
  assert.ok(lowest >= before.tip.height - BATCH, `fell back from ${before.tip.height} to ${lowest}`);
});

test('a second tab follows and takes over when the first closes', async t => {
  const { net, origin, context, options } = await world(t, { height: 20_000 });
  const leader = await plainPage(context, origin);
  await open(leader, options);
  await synced(leader);
  const follower = await plainPage(context, origin);
  const opened = await open(follower, options);
  assert.equal(opened.role, 'follower');
  const bad = { ...options, peers: { target: 99 } };
  const refused = await follower.evaluate(options => window.outcome(window.spv.open(options)), bad);
  assert.equal(refused.code, 'bad-input', 'a follower has its own options checked, too');
  assert.equal((await synced(follower)).height, 20_000);
  const header = await follower.evaluate(() => window.clients.client.header(777));
  assert.equal(header.height, 777);

  await net.mine(2);
  await until('the follower sees new blocks', async () => (await state(follower)).tip.height === 20_002);
  await leader.close();
  await until('the follower leads', async () => (await state(follower)).role === 'leader');
  await net.mine(1);
  await until('the new leader follows the chain', async () => (await state(follower)).tip.height === 20_003);
});

test('a reorganisation of three blocks is followed and reported', async t => {
  const { net, origin, context, options } = await world(t, { height: 5_000 });
  const page = await plainPage(context, origin);
  await open(page, options);
  const old = await synced(page);
  await net.reorg(3, 4);
  const [reorg] = await until('the reorganisation is reported', async () => {
    const seen = await events(page, 'reorg');
    return seen.length > 0 && seen;
  });
  const tip = await net.tip();
  assert.equal(reorg.depth, 3);
  assert.equal(reorg.from.hash, old.hash);
  assert.equal(reorg.to.height, 5_001);
  assert.equal(reorg.to.hash, tip.hash);
  await until('the tip is the new one', async () => (await state(page)).tip.hash === tip.hash);
  const replaced = await page.evaluate(hash => window.clients.client.header(hash), old.hash);
  assert.equal(replaced, null, 'the old branch is no longer answered for');
});

test('a peer that sends a false header is banned, and its reason is told', async t => {
  const { net, origin, context, options } = await world(t, { height: 20_000, args: ['--lie', '1=proof-of-work'] });
  const page = await plainPage(context, origin);
  await open(page, options);
  const tip = await synced(page);
  assert.equal(tip.hash, (await net.tip()).hash);
  const banned = await until('the liar is banned', async () =>
    (await events(page, 'peer')).find(event => event.change === 'banned'),
  );
  assert.equal(banned.peer.address, net.peers[1]);
  assert.ok(banned.reason);
  const log = await page.evaluate(() => window.seen.client.log);
  assert.ok(
    log.some(line => line.target === 'network' && Object.values(line.fields).includes(net.peers[1])),
    'the log names the peer',
  );
});

test('pause stops and resume goes on', async t => {
  const { net, origin, context, options } = await world(t, { height: 5_000 });
  const page = await plainPage(context, origin);
  await open(page, options);
  await synced(page);
  await page.evaluate(() => window.clients.client.pause());
  await until('nobody is connected', async () => (await state(page)).network === 'offline');
  await net.mine(2);
  await new Promise(resolve => setTimeout(resolve, 1_000));
  assert.equal((await state(page)).tip.height, 5_000);
  await page.evaluate(() => window.clients.client.resume());
  await until('the new blocks are there', async () => (await state(page)).tip.height === 5_002);
});
