import { expect, test } from 'vitest';
import { createCache } from './cache.ts';

const mebibyte = 1024 * 1024;

test('keeps what was used last, up to its size', () => {
  const cache = createCache({ cacheMb: 1 });
  const values = Array.from({ length: 4 }, (_, n) => ({ n }));
  for (const [n, value] of values.entries()) {
    cache.set(`value ${n}`, value, mebibyte / 4);
    cache.get('value 0');
  }
  expect(values.map((_, n) => cache.get(`value ${n}`))).toEqual([values[0], undefined, values[2], values[3]]);
  expect(cache.bytes).toBeGreaterThan((mebibyte * 3) / 4);
  expect(cache.bytes).toBeLessThanOrEqual(mebibyte);
});

test('keeps nothing that is larger than all of it, and nothing at all where that is set', () => {
  const cache = createCache({ cacheMb: 1 });
  cache.set('small', {}, 1_000);
  cache.set('large', {}, 2 * mebibyte);
  expect([cache.get('small'), cache.get('large')]).toEqual([{}, undefined]);
  const none = createCache({ cacheMb: 0 });
  none.set('small', {}, 1);
  expect([none.get('small'), none.bytes]).toEqual([undefined, 0]);
});
