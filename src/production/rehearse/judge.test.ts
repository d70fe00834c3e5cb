/** What became of a request. */

import { describe, expect, test } from 'vitest';
import { type Kill, fateOf, isStreamFine, lossesOf } from './judge.ts';
import type { Sample } from './load.ts';
import { percentile, secondsOf } from './timeline.ts';

const sample = (over: Partial<Sample> = {}): Sample => ({ kind: 'read', at: 5_000, ms: 20, status: 502, ok: false, why: '502: ', ...over });
const replica: Kill = { what: 'replica', at: 5_010, until: 9_000 };
const database: Kill = { what: 'database', at: 5_010, until: 9_000 };

describe('a request', () => {
  test('that was answered as wanted is fine, whatever was killed', () => {
    expect(fateOf(sample({ ok: true, why: null }), [replica])).toBe('ok');
  });

  test('that was in flight on what was killed was interrupted', () => {
    expect(fateOf(sample(), [replica])).toBe('interrupted');
    expect(fateOf(sample({ at: 1_000, ms: 4_100 }), [replica])).toBe('interrupted');
  });

  test('that came after a replica was killed has failed: there were others', () => {
    expect(fateOf(sample({ at: 6_000 }), [replica])).toBe('failed');
  });

  test('that came while the whole database was away was not served, and has failed afterwards', () => {
    expect(fateOf(sample({ at: 8_000 }), [database])).toBe('down');
    expect(fateOf(sample({ at: 9_001 }), [database])).toBe('failed');
  });

  test('that a bad version failed on purpose is told apart', () => {
    expect(fateOf(sample({ why: '500: {"error":{"code":"rehearsal_fault"}}' }), [])).toBe('injected');
  });

  test('that failed without a reason has failed', () => {
    expect(fateOf(sample(), [])).toBe('failed');
  });
});

test('a stream may break with what carries it, and at no other time', () => {
  expect(isStreamFine({ at: 5_100, how: 'broken', why: 'ECONNRESET' }, [replica])).toBe(true);
  expect(isStreamFine({ at: 4_000, how: 'broken', why: 'ECONNRESET' }, [replica])).toBe(false);
  expect(isStreamFine({ at: 4_000, how: 'whole', why: null }, [])).toBe(true);
  expect(isStreamFine({ at: 4_000, how: 'refused', why: '500: {"error":{"code":"rehearsal_fault"}}' }, [])).toBe(true);
  expect(isStreamFine({ at: 4_000, how: 'refused', why: '500: {}' }, [])).toBe(false);
});

test('each kill is charged with what it cost', () => {
  expect(lossesOf([sample(), sample({ at: 7_000 }), sample({ ok: true })], [database])).toEqual([
    { kill: database, interrupted: 1, down: 1 },
  ]);
});

test('the time line has one entry a second', () => {
  const seconds = secondsOf([sample({ at: 100, ok: true }), sample({ at: 1_500 })], []);
  expect(seconds.map(({ fates }) => [fates.ok, fates.failed])).toEqual([
    [1, 0],
    [0, 1],
  ]);
});

test('a percentile is one of the values', () => {
  expect(percentile([], 0.95)).toBeUndefined();
  expect(percentile([3], 0.95)).toBe(3);
  expect(
    percentile(
      Array.from({ length: 100 }, (_, index) => index + 1),
      0.95,
    ),
  ).toBe(95);
});
