import assert from 'node:assert/strict';
import { test } from 'node:test';
import { change, dash, ends } from '../demo/format.ts';
import { targetOf } from '../demo/wallet.ts';

test('amounts are shown to the last digit, with two decimals at least', () => {
  const shown: [bigint, string][] = [
    [0n, '0.00'],
    [1n, '0.00000001'],
    [250_000_000n, '2.50'],
    [-125_000_226n, '−1.25000226'],
    [100_000_000_000n, '1,000.00'],
    [2n ** 64n, '184,467,440,737.09551616'],
  ];
  for (const [duffs, text] of shown) assert.equal(dash(duffs), text);
  assert.deepEqual([5n, -5n, 0n].map(change), ['+0.00000005', '−0.00000005', '0.00']);
});

test('what is long is shown by its ends', () => {
  assert.equal(ends('0123456789abcdef'), '01234567…cdef');
  assert.equal(ends('0123456789abc'), '0123456789abc');
});

test('what was typed is watched as what it looks like', () => {
  assert.deepEqual(targetOf('pkh(xpub66)'), { descriptor: 'pkh(xpub66)' });
  for (const xpub of ['xpub66', 'tpub66', 'drkv66']) assert.deepEqual(targetOf(xpub), { xpub });
  assert.deepEqual(targetOf('yP8A3'), { address: 'yP8A3' });
});
