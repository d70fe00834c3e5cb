import { describe, expect, it } from 'vitest';
import { createCounter } from './counter.ts';
import { windowMs } from './window.ts';

const take = (counter: ReturnType<typeof createCounter>, times: number, now = 0, key = 'ada', limit = 10) =>
  Array.from({ length: times }, () => counter.take(key, limit, now)).filter(({ wait_ms }) => wait_ms === 0).length;

describe('a counter', () => {
  it('admits up to the limit, and again as the minute slides', () => {
    const counter = createCounter({ most: 10, sharing: false });
    expect(take(counter, 12)).toBe(10);
    expect(take(counter, 12, 1.5 * windowMs)).toBe(5);
    expect(take(counter, 12, 10 * windowMs)).toBe(10);
  });

  it('keeps callers apart', () => {
    const counter = createCounter({ most: 10, sharing: false });
    expect([take(counter, 12), take(counter, 12, 0, 'bob')]).toEqual([10, 10]);
  });

  it('does not count what it refuses, so that the wait does not grow', () => {
    const counter = createCounter({ most: 10, sharing: false });
    take(counter, 10);
    const [first, , last] = [1, 2, 3].map(() => counter.take('ada', 10, 1_000).wait_ms);
    expect(last).toBe(first);
    expect(counter.take('ada', 10, 1_000 + (first ?? 0)).wait_ms).toBe(0);
  });

  it('forgets the quietest caller when there are too many', () => {
    const counter = createCounter({ most: 2, sharing: false });
    take(counter, 10, 0, 'quiet');
    take(counter, 1, windowMs, 'second');
    take(counter, 1, windowMs, 'third');
    expect(counter.size).toBe(2);
    expect(take(counter, 12, windowMs, 'quiet')).toBe(10);
  });
});

describe('counters that share', () => {
  it('admit together what one alone would', () => {
    const [one, other] = [createCounter({ most: 10, sharing: true }), createCounter({ most: 10, sharing: true })];
    expect([take(one, 6), take(other, 1)]).toEqual([6, 1]);
    const { minute, counts } = other.untold(0);
    other.told(minute, counts, new Map([['ada', 7]]));
    expect(take(other, 12)).toBe(3);
  });

  it('go on counting what is not told yet, and tell it later when it could not be told', () => {
    const counter = createCounter({ most: 10, sharing: true });
    take(counter, 4);
    const first = counter.untold(0);
    expect(first.counts).toEqual(new Map([['ada', 4]]));
    expect(take(counter, 12)).toBe(6);
    counter.told(first.minute, first.counts, undefined);
    expect(counter.untold(0).counts).toEqual(new Map([['ada', 10]]));
  });

  it('carry what all counted over to the next minute', () => {
    const counter = createCounter({ most: 10, sharing: true });
    take(counter, 2);
    const { minute, counts } = counter.untold(0);
    counter.told(minute, counts, new Map([['ada', 8]]));
    expect(take(counter, 12, windowMs * 1.5)).toBe(6);
  });
});
