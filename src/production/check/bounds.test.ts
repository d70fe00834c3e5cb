/** The statistics of `check latency`: that the bounds are those of the textbook, and hold as often as they say. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { binomialCdf, confidence, fewestFor, quantileBounds, rateBounds } from './bounds.ts';
import { type LatencyWishes, judgeLatency } from './latency.ts';
import { conclude } from './result.ts';

/** By the definition, with whole numbers as far as they go. */
function slowCdf(k: number, n: number, p: number): number {
  let sum = 0;
  for (let i = 0; i <= k; i += 1) {
    let ways = 1;
    for (let j = 0; j < i; j += 1) ways = (ways * (n - j)) / (j + 1);
    sum += ways * p ** i * (1 - p) ** (n - i);
  }
  return sum;
}

test('the binomial distribution is that of its definition', () => {
  const share = fc.double({ min: 0.001, max: 0.999, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.nat(60), share, (n, k, p) => {
      expect(binomialCdf(Math.min(k, n), n, p)).toBeCloseTo(slowCdf(Math.min(k, n), n, p), 9);
    }),
  );
  expect(binomialCdf(5_000, 10_000, 0.5)).toBeCloseTo(0.504, 3);
});

describe('bounds of a percentile', () => {
  const rising = (n: number) => Array.from({ length: n }, (_, index) => index + 1);

  test('58 samples say nothing of a p95 from above, and 59 do; 298 and 299 for a p99', () => {
    expect([fewestFor(0.95), fewestFor(0.99), fewestFor(0.5)]).toEqual([59, 299, 5]);
    expect(quantileBounds(rising(58), 0.95).high).toBeUndefined();
    expect(quantileBounds(rising(59), 0.95).high).toBe(59);
    expect(quantileBounds(rising(298), 0.99).high).toBeUndefined();
    expect(quantileBounds(rising(299), 0.99).high).toBe(299);
  });

  test('are the tightest that hold with their confidence', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.constantFrom(0.5, 0.95, 0.99), (n, quantile) => {
        const { low = 0, high = n + 1 } = quantileBounds(rising(n), quantile);
        // The sample of rank r is at least the quantile unless r samples or more are below it.
        if (high <= n) expect(binomialCdf(high - 1, n, quantile)).toBeGreaterThanOrEqual(confidence);
        if (high > 1) expect(binomialCdf(high - 2, n, quantile)).toBeLessThan(confidence);
        if (low >= 1) expect(binomialCdf(low - 1, n, quantile)).toBeLessThanOrEqual(1 - confidence);
        expect(binomialCdf(low, n, quantile)).toBeGreaterThan(1 - confidence);
        expect(low).toBeLessThan(high);
      }),
    );
  });

  test('nothing can be said of no samples', () => {
    expect(quantileBounds([], 0.5)).toEqual({ low: undefined, high: undefined });
  });
});

describe('bounds of a rate', () => {
  test.each([
    [0, 300, 0, 0.00994],
    [1, 50, 0.00103, 0.0914],
    [10, 10, 0.741, 1],
  ])('%i of %i', (k, n, low, high) => {
    expect(rateBounds(k, n).low).toBeCloseTo(low, 3);
    expect(rateBounds(k, n).high).toBeCloseTo(high, 3);
  });
});

describe('a limit', () => {
  const times = (n: number, ms: number) => Array.from({ length: n }, () => ms);
  const look = (sorted: number[], limits: LatencyWishes['limits'], errorRate = 0.05) =>
    conclude('latency', judgeLatency(sorted, { limits, errorRate })).outcome;

  test('passes when the upper bound is below it, fails when the lower bound is above, and else nobody knows', () => {
    const mostlyFast = [...times(190, 10), ...times(10, 900)];
    expect(look(times(200, 10), { p95: 500 })).toBe('passed');
    expect(look([...times(150, 10), ...times(50, 900)], { p95: 500 })).toBe('failed');
    expect(look(mostlyFast, { p95: 500 })).toBe('inconclusive');
    expect(look(mostlyFast, { p50: 500 })).toBe('passed');
  });

  test('is not judged by too few requests', () => {
    expect(look(times(58, 10), { p95: 500 }, 1)).toBe('inconclusive');
    expect(look(times(59, 10), { p95: 500 }, 1)).toBe('passed');
    expect(look(times(100, 10), { p99: 500 }, 1)).toBe('inconclusive');
  });

  test('on errors: one of fifty is no proof of more than one in a hundred, nor of less', () => {
    expect(look([...times(49, 10), Infinity], { p50: 500 }, 0.01)).toBe('inconclusive');
    expect(look([...times(40, 10), ...times(10, Infinity)], { p50: 500 }, 0.01)).toBe('failed');
    expect(look(times(300, 10), { p50: 500 }, 0.01)).toBe('passed');
  });

  test('counts a request that failed as the slowest', () => {
    expect(look([...times(150, 10), ...times(50, Infinity)], { p95: 500 }, 1)).toBe('failed');
  });
});
