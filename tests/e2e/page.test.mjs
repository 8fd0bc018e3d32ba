// The demo page as a visitor sees it: its elements are read while it syncs. Pictures go to target/e2e.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { bridge, browser, env, newPage, simnet, test, until } from './harness.mjs';

const HEIGHT = 50_000;

/** What an element holds for machines beside its text. */
const value = (page, id) => page.locator(`#${id}`).getAttribute('data-value');
const number = async (page, id) => Number(await value(page, id));

async function demo(t, options) {
  const net = await simnet(t, options);
  const gate = await bridge(t, { network: net.network, peers: net.peers, serve: env('E2E_DEMO') });
  const context = await browser(t, { reducedMotion: 'reduce' });
  return { net, context, url: `${gate.url}/?network=${net.network}&log=debug&masternodes=off&filters=off` };
}

const picture = (page, name) => page.screenshot({ path: join(env('E2E_OUT'), `${name}.png`), fullPage: true });

test('the page shows rate, progress and peers while it syncs, and the tip when it has', async t => {
  const { net, context, url } = await demo(t, { height: HEIGHT, args: ['--batch-ms', '500'] });
  const page = await newPage(context, url);

  await until('the sync is under way', async () => (await number(page, 'tip-height')) > HEIGHT * 0.3);
  await until('peers are listed', async () => (await page.locator('#peers tbody tr').count()) === 3);
  assert.equal(await value(page, 'phase'), 'headers');
  assert.ok((await number(page, 'rate')) > 0);
  const progress = await number(page, 'progress');
  assert.ok(progress > 0 && progress < 1, `${progress}`);
  assert.equal(await number(page, 'peers-count'), 3);
  assert.equal(await number(page, 'target-height'), HEIGHT);
  assert.equal(await value(page, 'network-status'), 'online');
  const addresses = await page.locator('#peers tbody tr td:first-child code').allTextContents();
  assert.deepEqual(addresses.sort(), [...net.peers].sort());
  await picture(page, 'syncing');

  await until('the page is synced', async () => (await value(page, 'phase')) === 'synced');
  assert.equal(await number(page, 'progress'), 1);
  const tip = await net.tip();
  assert.equal(await number(page, 'tip-height'), tip.height);
  assert.equal(await value(page, 'tip-hash'), tip.hash);
  await until(
    'the way there is told',
    async () => (await page.locator('#transitions li[data-to=synced]').count()) === 1,
  );

  await net.reorg(3, 4);
  await until('the reorganisation is counted', async () => (await number(page, 'reorgs')) === 1);
  const replaced = await net.tip();
  await until('the tip is the new one', async () => (await value(page, 'tip-hash')) === replaced.hash);
  await net.mine(1);
  await until('a new block is shown', async () => (await number(page, 'tip-height')) === HEIGHT + 2);
  await picture(page, 'synced');

  await page.emulateMedia({ colorScheme: 'dark' });
  await picture(page, 'synced-dark');
  await page.setViewportSize({ width: 390, height: 844 });
  await picture(page, 'synced-narrow');
});

test('pause, resume and forget do so', async t => {
  const { context, url } = await demo(t, { height: 8_000 });
  const page = await newPage(context, url);
  const synced = () => until('the page is synced', async () => (await value(page, 'phase')) === 'synced');
  await synced();
  await page.locator('#pause').click();
  await until('the page says offline', async () => (await value(page, 'network-status')) === 'offline');
  await page.locator('#resume').click();
  await until('the page is online again', async () => (await value(page, 'network-status')) === 'online');
  await synced();
  await page.locator('#forget').click();
  await until('it begins anew', async () => (await number(page, 'tip-height')) < 8_000);
  await synced();
});
