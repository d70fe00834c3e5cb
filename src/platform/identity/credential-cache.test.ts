import { describe, expect, test } from 'vitest';
import { type Loaded, createCredentialCache } from './credential-cache.ts';

function createCounted(entries = 10) {
  let now = 0;
  let loads = 0;
  const cache = createCredentialCache<number>({ entries, lifetime_ms: 100, distrust_ms: 1_000, clock: () => now });
  const load = async (): Promise<Loaded<number>> => ({ value: ++loads, subjects: ['session', 'user'] });
  return { cache, load, pass: (ms: number) => void (now += ms), loads: () => loads };
}

describe('the cache of credentials', () => {
  test('answers from memory until the answer is too old', async () => {
    const { cache, load, pass } = createCounted();
    expect(await cache.read('a', load)).toBe(1);
    pass(99);
    expect(await cache.read('a', load)).toBe(1);
    pass(1);
    expect(await cache.read('a', load)).toBe(2);
  });

  test('counts the age of an answer from when it was asked for', async () => {
    const { cache, load, pass } = createCounted();
    const slow = async () => {
      pass(60);
      return load();
    };
    await cache.read('a', slow);
    pass(40);
    expect(await cache.read('a', load)).toBe(2);
  });

  test('asks once for many that ask at once', async () => {
    const { cache, load, loads } = createCounted();
    await Promise.all(Array.from({ length: 50 }, () => cache.read('a', load)));
    expect(loads()).toBe(1);
  });

  test('does not remember that there was nothing', async () => {
    const { cache, load } = createCounted();
    expect(await cache.read('a', async () => undefined)).toBeUndefined();
    expect(await cache.read('a', load)).toBe(1);
  });

  test('does not remember an error', async () => {
    const { cache, load } = createCounted();
    await expect(cache.read('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await cache.read('a', load)).toBe(1);
  });

  test('asks anew, every time, about what was revoked a moment ago', async () => {
    const { cache, load, pass } = createCounted();
    await cache.read('a', load);
    cache.forget(['user']);
    expect(await cache.read('a', load)).toBe(2);
    expect(await cache.read('a', load)).toBe(3);
    pass(1_000);
    expect(await cache.read('a', load)).toBe(4);
    expect(await cache.read('a', load)).toBe(4);
  });

  test('neither keeps nor shares an answer that was on its way when its subject was revoked', async () => {
    const { cache, load } = createCounted();
    const { promise, resolve } = Promise.withResolvers<Loaded<number>>();
    const early = cache.read('a', () => promise);
    cache.forget(['session']);
    const late = cache.read('a', load);
    resolve({ value: -1, subjects: ['session'] });
    expect(await Promise.all([early, late])).toEqual([-1, 1]);
    expect(await cache.read('a', load)).toBe(2);
  });

  test('drops what was not used for longest when it is full', async () => {
    const { cache, load } = createCounted(2);
    await cache.read('a', load);
    await cache.read('b', load);
    await cache.read('a', load);
    await cache.read('c', load);
    expect(cache.size).toBe(2);
    expect(await cache.read('a', load)).toBe(1);
    expect(await cache.read('b', load)).toBe(4);
  });
});
