import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpenOptions } from '../src/api.d.ts';
import { checkOptions, wasmSource } from '../src/options.ts';

const BRIDGES = ['https://bridge.example'];

test('what only JavaScript can get wrong is refused by the name of the option', () => {
  const cases: [object | null, string][] = [
    [null, 'options'],
    [{}, 'bridges'],
    [{ bridges: 'https://bridge.example' }, 'bridges'],
    [{ bridges: [7] }, 'bridges[0]'],
    [{ bridges: [...BRIDGES, { url: 7, plain: true }] }, 'bridges[1].url'],
    [{ bridges: [{ url: 'https://bridge.example' }] }, 'bridges[0].plain'],
    [{ bridges: [{ url: 'https://bridge.example', plain: true, more: 1 }] }, 'bridges[0].more'],
    [{ bridges: BRIDGES, worker: 'some' }, 'worker'],
    [{ bridges: BRIDGES, signal: {} }, 'signal'],
    [{ bridges: BRIDGES, birthday: new Date('never') }, 'birthday'],
    [{ bridges: BRIDGES, wasm: 7 }, 'wasm'],
    [{ bridges: BRIDGES, log: 'debug' }, 'log'],
    [{ bridges: BRIDGES, log: { level: 'debug', sink: 1 } }, 'log.sink'],
    [{ bridges: BRIDGES, namespace: () => 'x' }, 'namespace'],
    [{ bridges: BRIDGES, peers: { only: [() => 1] } }, 'peers'],
  ];
  for (const [options, name] of cases) {
    assert.throws(
      () => checkOptions(options as OpenOptions),
      { name: 'SpvError', code: 'bad-input', details: name },
      name,
    );
  }
});

test('options become plain data, and unknown names go to the engine to be refused there', () => {
  const { plain, given } = checkOptions({
    network: 'testnet',
    bridges: [new URL('https://a.example/x'), { url: 'wss://b.example', plain: true }],
    birthday: new Date(1_600_000_000_000),
    namespace: undefined,
    colour: 'blue',
    computeWorkers: 3,
    log: { level: 'warn', sink: () => undefined },
  } as unknown as OpenOptions);
  assert.deepEqual(plain, {
    network: 'testnet',
    bridges: [
      { url: 'https://a.example/x', plain: false },
      { url: 'wss://b.example', plain: true },
    ],
    birthday: { time: 1_600_000_000_000 },
    colour: 'blue',
    computeWorkers: 3,
    log: { level: 'warn' },
  });
  assert.deepEqual(given.sort(), ['birthday', 'bridges', 'colour', 'computeWorkers', 'log', 'network']);
});

test('without a worker for the engine there are none for computing unless asked for', () => {
  assert.equal(checkOptions({ bridges: BRIDGES, worker: 'none' }).plain.computeWorkers, 0);
  assert.equal(checkOptions({ bridges: BRIDGES, worker: 'none', computeWorkers: 2 }).plain.computeWorkers, 2);
});

test('the wasm comes as bytes, a module, a URL or a response', async () => {
  const empty = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  const ofBytes = await wasmSource(empty);
  assert.ok(ofBytes && 'module' in ofBytes);
  assert.equal(await wasmSource(undefined), null);
  assert.deepEqual(await wasmSource(new URL('https://a.example/x.wasm')), { url: 'https://a.example/x.wasm' });
  const answered = await wasmSource(Promise.resolve(new Response(empty)));
  assert.ok(answered && 'module' in answered);
  await assert.rejects(wasmSource(Promise.resolve(new Response('', { status: 404 }))), { details: 'wasm' });
  await assert.rejects(wasmSource(new Uint8Array(3)), { code: 'bad-input', details: 'wasm' });
});
