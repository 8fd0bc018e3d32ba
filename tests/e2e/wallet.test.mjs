// Payments in Chrome against a simulated network: on the demo page and through the package, with every stage of their
// finality, a transaction that is sent, and a reload in the middle of the filters.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { key, spend } from './coins.mjs';
import { bridge, browser, env, newPage, plainPage, simnet, test, until, world } from './harness.mjs';

const NETWORK = { height: 1_000, args: ['--masternodes', '12'] };
const PAID = 250_000_000;

const value = (page, id) => page.locator(`#${id}`).getAttribute('data-value');
const number = async (page, id) => Number(await value(page, id));
const phase = (page, name) => page.locator(`#phases [data-phase=${name}]`).getAttribute('data-status');
const picture = (page, name) => page.screenshot({ path: join(env('E2E_OUT'), `${name}.png`), fullPage: true });
const synced = page => until('the page is synced', async () => (await value(page, 'phase')) === 'synced');

async function demo(t, options = NETWORK, query = '') {
  const net = await simnet(t, options);
  const gate = await bridge(t, { network: net.network, peers: net.peers, serve: env('E2E_DEMO') });
  const context = await browser(t, { reducedMotion: 'reduce' });
  const page = await newPage(context, `${gate.url}/?network=${net.network}&log=debug${query}`);
  return { net, page };
}

async function watchOnPage(page, what) {
  await page.locator('#watch-input').fill(what);
  await page.locator('#watch-add').click();
  await until('the watch is listed', async () => (await page.locator('#watches li').count()) > 0);
}

/** Writes down every finality that a transaction's row ever has. */
const record = page =>
  page.evaluate(() => {
    window.finalities = {};
    const look = () => {
      for (const { dataset } of document.querySelectorAll('#wallet-history tr[data-txid]')) {
        const seen = window.finalities[dataset.txid] ?? [];
        window.finalities[dataset.txid] = seen;
        if (seen.at(-1) !== dataset.finality) seen.push(dataset.finality);
      }
    };
    new MutationObserver(look).observe(document.body, { attributes: true, childList: true, subtree: true });
    look();
  });
const finalities = (page, txid) => page.evaluate(txid => window.finalities[txid] ?? [], txid);

test('a payment is seen, locked, mined and ChainLocked, in this order, on the page', async t => {
  const { net, page } = await demo(t);
  await synced(page);
  const owner = key();
  await watchOnPage(page, owner.address);
  await synced(page);
  await record(page);
  // Stages that follow each other fast are not all shown: each is waited for before the network does what leads on.
  await net.locking(false);
  const { txid } = await net.pay(owner.address, PAID);
  const has = finality =>
    until(`the payment is ${finality}`, async () => (await finalities(page, txid)).includes(finality));
  await has('seen');
  assert.equal(await number(page, 'wallet-balance-total'), PAID);
  assert.equal(await number(page, 'wallet-balance-instantlocked'), 0);
  await net.locking(true);
  await has('instantlocked');
  assert.equal(await number(page, 'wallet-balance-instantlocked'), PAID);
  await net.locking(false);
  await net.mine(1);
  await has('mined');
  // A block with a payment is always locked, and with it what is below.
  await net.locking(true);
  await net.lock();
  await net.mine(1);
  await has('chainlocked');
  await until('all of it is final', async () => (await number(page, 'wallet-balance-chainlocked')) === PAID);
  assert.deepEqual(await finalities(page, txid), ['seen', 'instantlocked', 'mined', 'chainlocked']);
  await picture(page, 'wallet');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 390, height: 844 });
  await picture(page, 'wallet-dark-narrow');

  await page.reload();
  await synced(page);
  assert.equal(await number(page, 'wallet-balance-chainlocked'), PAID);
});

test('a broadcast passes its stages, and the network has the transaction', async t => {
  const { net, origin, context, options } = await world(t, NETWORK);
  const page = await plainPage(context, origin);
  await page.evaluate(options => window.openClient('client', options), options);
  await page.evaluate(() => window.clients.client.synced());
  const [owner, other] = [key(), key()];
  await page.evaluate(async address => {
    window.watch = await window.clients.client.watch({ address });
  }, owner.address);
  await net.pay(owner.address, PAID);
  await net.mine(1);
  const coin = await until('the coin is there', () =>
    page.evaluate(async () => {
      const [coin] = await window.watch.utxos();
      return coin?.height ? { outpoint: coin.outpoint, value: String(coin.value) } : false;
    }),
  );
  const raw = spend(owner, coin.outpoint, coin.value, other.script);
  const txid = await page.evaluate(async raw => {
    const sent = await window.clients.client.broadcast(raw);
    window.stages = [];
    window.ended = (async () => {
      for await (const { stage } of sent) if (window.stages.at(-1) !== stage) window.stages.push(stage);
    })();
    await sent.until('echoed');
    return sent.txid;
  }, raw);
  await until('the network has it', async () =>
    (await net.submissions()).some(one => one.txid === txid && !one.refused),
  );
  await page.evaluate(async txid => {
    const [sent] = await window.clients.client.broadcasts();
    if (sent.txid !== txid) throw new Error('another broadcast');
    await sent.until('instantlocked');
  }, txid);
  await net.mine(1);
  await page.evaluate(() => window.ended);
  const stages = await page.evaluate(() => window.stages);
  const order = ['sent', 'echoed', 'instantlocked', 'mined', 'chainlocked'];
  assert.equal(stages.at(-1), 'chainlocked');
  assert.deepEqual(
    [...stages].sort((a, b) => order.indexOf(a) - order.indexOf(b)),
    stages,
  );
  const left = await page.evaluate(async () => String((await window.watch.balance()).total));
  assert.equal(left, '0');

  const refused = await page.evaluate(raw => window.outcome(window.clients.client.broadcast(raw.slice(0, 60))), raw);
  assert.equal(refused.code, 'bad-input');
});

test('a reload in the middle of the filters goes on', async t => {
  const height = 60_000;
  const { net, page } = await demo(t, { height }, '&masternodes=off');
  await watchOnPage(page, key().address);
  const searched = () =>
    page.evaluate(() => {
      const item = document.querySelector('#phases [data-phase=filters] span');
      return Number((item?.textContent ?? '').split(' of ')[0].replace(/\D/g, ''));
    });
  await until('filters are under way', async () => (await searched()) > height / 3);
  await page.reload();
  await until('the page goes on', async () => (await value(page, 'phase')) !== null);
  await until('filters are under way again', async () => (await searched()) > 0);
  const first = await searched();
  // What was searched in the last half second is not stored.
  assert.ok(first > height / 10, `it begins at ${first}`);
  await synced(page);
  assert.equal(await phase(page, 'filters'), 'done');
  const { getcfilters } = await net.served();
  assert.ok(getcfilters < (height / 250) * 1.4, `${getcfilters} requests for filters`);
});
