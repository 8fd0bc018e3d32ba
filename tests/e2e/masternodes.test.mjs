// Lists, quorums and locks in Chrome against a simulated network with masternodes: on the page, through the package,
// over a reload, switched off. What is right comes from the simulator's own facts.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { bridge, browser, env, newPage, plainPage, simnet, test, until, world } from './harness.mjs';

/** Well above the deployments of regtest, with whole cycles of rotated quorums behind it. */
const NETWORK = { height: 1_000, args: ['--masternodes', '12'] };

/** How far the newest verified ChainLock may be below the tip: one block in ten gets none of its own. */
const NEAR = 8;

/** Messages that ask for lists and quorums. */
const ASKING = ['getmnlistd', 'getqrinfo'];

const value = (page, id) => page.locator(`#${id}`).getAttribute('data-value');
const number = async (page, id) => Number(await value(page, id));
const picture = (page, name) => page.screenshot({ path: join(env('E2E_OUT'), `${name}.png`), fullPage: true });

const open = (page, options, name = 'client') =>
  page.evaluate(([name, options]) => window.openClient(name, options), [name, options]);
const state = page => page.evaluate(() => window.clients.client.state);
const synced = page => page.evaluate(() => window.clients.client.synced());
const call = (page, method, ...args) =>
  page.evaluate(([method, args]) => window.outcome(window.clients.client[method](...args)), [method, args]);
const publicKey = (page, ...args) =>
  page.evaluate(async args => {
    const { value, ...error } = await window.outcome(window.clients.client.quorums.publicKey(...args));
    return value ? { bytes: value instanceof Uint8Array, key: window.hex(value) } : error;
  }, args);
/** `quorums.list()` with keys in hex. */
const quorums = page =>
  page.evaluate(async () => {
    const list = await window.clients.client.quorums.list();
    return list.map(quorum => ({ ...quorum, publicKey: window.hex(quorum.publicKey) }));
  });
const locked = (page, height) =>
  until('a ChainLock is verified', async () => {
    const { chainlocked } = await state(page);
    return chainlocked && chainlocked.height >= height && chainlocked;
  });
/** Mines until a block is locked, and `lockedAt` says that the client knows it. */
async function mineLocked(net, lockedAt) {
  for (let tries = 0; tries < 6; tries += 1) {
    await net.mine(1);
    const tip = await net.tip();
    const known = until('', async () => (await lockedAt()) === tip.height, 8_000);
    if (await known.catch(() => false)) return tip;
  }
  throw new Error('six blocks were mined, and none is known to be ChainLocked');
}
/** How many requests for lists and quorums the peers have had. */
const asked = async net => {
  const served = await net.served();
  return ASKING.reduce((sum, command) => sum + (served[command] ?? 0), 0);
};

async function demo(t) {
  const net = await simnet(t, NETWORK);
  const gate = await bridge(t, { network: net.network, peers: net.peers, serve: env('E2E_DEMO') });
  const context = await browser(t, { reducedMotion: 'reduce' });
  return { net, page: await newPage(context, `${gate.url}/?network=${net.network}&log=debug`) };
}

test('the page shows the list, the quorums, a ChainLocked tip, and InstantSend locks as they come', async t => {
  const { net, page } = await demo(t);
  await until('the page is synced', async () => (await value(page, 'phase')) === 'synced');
  const facts = await net.facts();
  await until('the list is shown', async () => (await number(page, 'mn-all')) === facts.masternodes.all);
  assert.equal(await number(page, 'mn-valid'), facts.masternodes.valid);
  assert.equal(await number(page, 'mn-evo'), facts.masternodes.evo);
  assert.equal(await page.locator('#phases [data-phase=masternodes]').getAttribute('data-status'), 'done');

  const types = [...new Set(facts.quorums.map(({ type }) => type))].sort((a, b) => a - b);
  await until('every type has verified quorums', async () => {
    const rows = await page.locator('#quorums tbody tr').evaluateAll(rows => rows.map(row => ({ ...row.dataset })));
    return rows.length === types.length && rows.every(row => Number(row.verified) > 0) && rows;
  });
  assert.ok((await number(page, 'quorums-verified')) > 0);
  assert.ok((await number(page, 'requests-in-flight')) >= 0);
  assert.ok(Number(await page.locator('#requests-rest').getAttribute('data-processed')) > 0);
  assert.doesNotMatch((await value(page, 'degraded')) ?? '', /chainlocks|instantsend/);

  const tip = await net.tip();
  await until('a ChainLock near the tip', async () => (await number(page, 'chainlocked')) >= tip.height - NEAR);
  const next = await mineLocked(net, () => number(page, 'chainlocked'));
  assert.equal(await page.locator('#chainlocked').getAttribute('data-hash'), next.hash);
  assert.equal(await number(page, 'tip-height'), next.height);

  const { txid } = await net.lock();
  await until('the InstantSend lock is shown', () => page.locator(`#locks [data-txid="${txid}"]`).count());
  assert.equal(await number(page, 'locks-count'), 1);
  await picture(page, 'masternodes');
  await page.emulateMedia({ colorScheme: 'dark' });
  await picture(page, 'masternodes-dark');
  await page.setViewportSize({ width: 390, height: 844 });
  await picture(page, 'masternodes-narrow');
});

test('the package answers lists, quorums and keys as the network has them, and hears locks', async t => {
  const { net, origin, context, options } = await world(t, NETWORK);
  const page = await plainPage(context, origin);
  await open(page, options);
  const tip = await synced(page);
  const facts = await net.facts();
  assert.equal(tip.hash, facts.hash);

  const { value: masternodes } = await call(page, 'masternodes');
  assert.equal(masternodes.length, facts.masternodes.all);
  assert.equal(masternodes.filter(({ valid }) => valid).length, facts.masternodes.valid);
  assert.equal(masternodes.filter(({ type }) => type === 'evo').length, facts.masternodes.evo);

  const verified = (await quorums(page)).filter(quorum => quorum.verified);
  const truth = new Map(facts.quorums.map(quorum => [`${quorum.type} ${quorum.hash}`, quorum]));
  assert.ok(verified.length > 0);
  for (const quorum of verified) {
    const known = truth.get(`${quorum.type} ${quorum.hash}`);
    // Older ones than the coinbase counts are kept for Platform.
    if (!known) continue;
    assert.equal(quorum.publicKey, known.publicKey);
    assert.equal(quorum.height, known.height);
    assert.deepEqual(quorum.members, known.members);
  }
  const found = verified.filter(({ type, hash }) => truth.has(`${type} ${hash}`));
  assert.equal(new Set(found.map(({ type }) => type)).size, new Set(facts.quorums.map(({ type }) => type)).size);

  const { height } = await locked(page, tip.height - NEAR);
  for (const { type, hash, publicKey: key } of found) {
    assert.deepEqual(await publicKey(page, type, hash, height), { bytes: true, key });
    assert.equal(key.length, 96);
  }
  const [{ type, hash }] = found;
  for (const args of [
    [type, '0'.repeat(64), height],
    [255, hash, height],
  ]) {
    const refused = await publicKey(page, ...args);
    assert.deepEqual([refused.code, refused.isSpvError], ['not-found', true]);
  }
  for (const [args, details] of [
    [[256, hash, height], 'type'],
    [[type, hash.slice(2), height], 'quorumHash'],
    [[type, hash, -1], 'coreChainLockedHeight'],
  ]) {
    const refused = await publicKey(page, ...args);
    assert.deepEqual([refused.code, refused.details], ['bad-input', details]);
  }
  const activation = await page.evaluate(() => window.clients.client.quorums.platformActivationHeight);
  assert.ok(activation > 0 && activation < height);

  const { txid } = await net.lock();
  await until('the InstantSend lock is heard', () =>
    page.evaluate(
      txid => window.seen.client.events.some(event => event.type === 'instantlock' && event.txid === txid),
      txid,
    ),
  );
  const next = await mineLocked(net, async () => (await state(page)).chainlocked?.height);
  assert.equal((await state(page)).chainlocked.hash, next.hash);
  await until('the ChainLock is heard', () =>
    page.evaluate(
      hash => window.seen.client.events.some(event => event.type === 'chainlock' && event.tip.hash === hash),
      next.hash,
    ),
  );
  const header = await page.evaluate(hash => window.clients.client.header(hash), next.hash);
  assert.equal(header.chainlocked, true);

  const follower = await plainPage(context, origin);
  assert.equal((await open(follower, options)).role, 'follower');
  assert.deepEqual(await publicKey(follower, type, hash, height), { bytes: true, key: found[0].publicKey });
  assert.equal((await call(follower, 'masternodes')).value.length, facts.masternodes.all);
});

test('after a reload nothing is asked again that was proven', async t => {
  const { net, origin, context, options } = await world(t, NETWORK);
  const page = await plainPage(context, origin);
  await open(page, options);
  const tip = await synced(page);
  await locked(page, tip.height - NEAR);
  // What is asked ahead of need is asked, too.
  const idle = async () => {
    const { quorumRequests } = await page.evaluate(() => window.clients.client.metrics());
    return quorumRequests.waiting + quorumRequests.inFlight === 0;
  };
  await until('nothing more is asked', idle);
  const first = await asked(net);
  assert.ok(first > 0);
  const before = await quorums(page);

  const began = performance.now();
  await page.reload();
  await page.waitForFunction(() => window.ready);
  await open(page, options);
  await synced(page);
  console.log(`from reload to synced: ${Math.round(performance.now() - began)} ms`);
  assert.equal((await state(page)).degraded.filter(word => word !== 'peers').join(), '');
  assert.deepEqual(await quorums(page), before);
  assert.equal((await asked(net)) - first, 0, 'nothing was asked again');
  const { quorumRequests } = await page.evaluate(() => window.clients.client.metrics());
  assert.deepEqual(quorumRequests, { waiting: 0, inFlight: 0, processed: 0, failed: 0 });

  // The quorums kept verify it.
  await mineLocked(net, async () => (await state(page)).chainlocked?.height);
  await until('the new block’s list is proven', async () => {
    const metrics = await page.evaluate(() => window.clients.client.metrics());
    return metrics.quorumRequests.processed > 0 && metrics.quorumRequests.inFlight === 0;
  });
  assert.ok((await asked(net)) - first <= first / 2, 'what is new costs less than all of it');
});

test('without the masternode phase there are headers only', async t => {
  const { net, origin, context, options } = await world(t, NETWORK);
  const page = await plainPage(context, origin);
  await open(page, { ...options, phases: { masternodes: false } });
  const tip = await synced(page);
  assert.equal(tip.hash, (await net.tip()).hash);
  const { phases, chainlocked } = await state(page);
  assert.equal(phases.masternodes.status, 'off');
  assert.equal(chainlocked, null);
  for (const outcome of [await call(page, 'masternodes'), await publicKey(page, 100, '0'.repeat(64), 1)]) {
    assert.ok(['unsupported', 'not-found'].includes(outcome.code), JSON.stringify(outcome));
  }
  await net.mine(1);
  const next = await net.tip();
  await until('the new block is proven', async () => (await state(page)).tip.hash === next.hash);
  assert.equal((await state(page)).chainlocked, null);
  assert.equal(await asked(net), 0);
});
