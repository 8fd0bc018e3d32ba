import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpvEvent } from '../src/api.d.ts';
import { Emitter } from '../src/events.ts';

const tip = (height: number): SpvEvent => ({ type: 'tip', tip: { height, hash: '00', time: new Date(0) } });

test('a slow reader gets one lagged with the number of dropped events, then the newest thousand', async () => {
  const emitter = new Emitter();
  const loop = emitter.loop(undefined, undefined);
  for (let height = 0; height < 3_500; height += 1) emitter.emit(tip(height));
  const first = await loop.next();
  assert.deepEqual(first.value, { type: 'lagged', dropped: 2_500 });
  for (let height = 2_500; height < 3_500; height += 1) {
    const { value } = await loop.next();
    assert.equal(value.type === 'tip' && value.tip.height, height);
  }
  const next = loop.next();
  emitter.emit(tip(9_999));
  assert.equal((await next).value.tip.height, 9_999);
});

test('a loop hears only the types it asked for', async () => {
  const emitter = new Emitter();
  const loop = emitter.loop(['chainlock'], undefined);
  emitter.emit(tip(1));
  emitter.emit({ type: 'chainlock', tip: { height: 2, hash: '00', time: new Date(0) } });
  assert.equal((await loop.next()).value.type, 'chainlock');
});

test('an abort rejects the waiting read and every later one', async () => {
  const emitter = new Emitter();
  const controller = new AbortController();
  const loop = emitter.loop(undefined, controller.signal);
  const reading = loop.next();
  controller.abort('enough');
  await assert.rejects(reading, { code: 'aborted', cause: 'enough' });
  await assert.rejects(loop.next(), { code: 'aborted' });
});

test('the end of the client ends a loop after what was queued', async () => {
  const emitter = new Emitter();
  const loop = emitter.loop(undefined, undefined);
  emitter.emit(tip(1));
  emitter.end();
  assert.equal((await loop.next()).value.type, 'tip');
  assert.equal((await loop.next()).done, true);
});

test('leaving a loop early forgets its queue', async () => {
  const emitter = new Emitter();
  const seen: string[] = [];
  const loop = emitter.loop(undefined, undefined);
  emitter.emit(tip(1));
  emitter.emit(tip(2));
  for await (const event of loop) {
    seen.push(event.type);
    break;
  }
  assert.deepEqual(seen, ['tip']);
  assert.equal((await loop.next()).done, true);
});

test('a listener hears its type until its signal aborts, and is removed by name', () => {
  const emitter = new Emitter();
  const controller = new AbortController();
  let heard = 0;
  const listener = (): void => {
    heard += 1;
  };
  emitter.addEventListener('tip', listener, { signal: controller.signal });
  emitter.emit(tip(1));
  controller.abort();
  emitter.emit(tip(2));
  assert.equal(heard, 1);
  emitter.addEventListener('tip', listener);
  emitter.emit(tip(3));
  emitter.removeEventListener('tip', listener);
  emitter.emit(tip(4));
  assert.equal(heard, 2);
});
