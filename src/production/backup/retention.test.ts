import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Candidate, dayOf, planPrune, weekOf } from './retention.ts';

const now = new Date('2026-11-22T12:00:00Z');
const hours = (count: number) => new Date(now.getTime() - count * 3_600_000);
const retention = { dailyDays: 30, weeklyDays: 90 };

const candidates = fc
  .array(
    fc.record({
      age: fc.integer({ min: -5, max: 24 * 120 }),
      state: fc.constantFrom('verified', 'unverified', 'failed', 'damaged', 'incomplete'),
    }),
    {
      maxLength: 60,
    },
  )
  .map((all) => all.map(({ age, state }, index): Candidate => ({ id: String(index).padStart(3, '0'), at: hours(age), state })))
  .filter((all) => all.some(({ state }) => state === 'verified'));

const kept = (all: readonly Candidate[]) => planPrune(all, now, retention).flatMap(({ backup, keep }) => (keep === null ? [] : [backup]));
const isWhole = ({ state }: Candidate) => state !== 'damaged' && state !== 'incomplete';
const ageDays = ({ at }: Candidate) => (now.getTime() - at.getTime()) / 86_400_000;

test('the newest verified one always stays, and so does what is younger than a day', () => {
  fc.assert(
    fc.property(candidates, (all) => {
      const stays = kept(all);
      const newest = all.filter(({ state }) => state === 'verified').toSorted((a, b) => b.at.getTime() - a.at.getTime())[0];
      expect(stays.some(({ at, state }) => state === 'verified' && at.getTime() === newest?.at.getTime())).toBe(true);
      expect(stays).toEqual(expect.arrayContaining(all.filter((each) => ageDays(each) < 1)));
    }),
  );
});

test.each([
  ['day', dayOf, retention.dailyDays],
  ['week', weekOf, retention.weeklyDays],
] as const)('each %s within its time that had a whole one, or a verified one, still has one', (_name, groupOf, days) => {
  fc.assert(
    fc.property(candidates, (all) => {
      const stays = kept(all);
      for (const each of all.filter((one) => isWhole(one) && ageDays(one) <= days)) {
        const left = stays.filter((one) => isWhole(one) && groupOf(one.at) === groupOf(each.at));
        expect(left.length).toBeGreaterThan(0);
        if (each.state === 'verified') expect(left.some(({ state }) => state === 'verified')).toBe(true);
      }
    }),
  );
});

test('what is pruned once has nothing left to prune, and at most one of a day that is over stays', () => {
  fc.assert(
    fc.property(candidates, (all) => {
      const stays = kept(all);
      expect(kept(stays)).toEqual(stays);
      const days = stays.filter((one) => ageDays(one) >= 2).map(({ at }) => dayOf(at));
      expect(days).toHaveLength(new Set(days).size);
    }),
  );
});

test('where nothing is verified nothing is removed', () => {
  expect(() => planPrune([{ id: 'a', at: hours(9_999), state: 'unverified' }], now, retention)).toThrow('No backup is verified');
  expect(planPrune([], now, retention)).toEqual([]);
});

test('an hourly backup for a year leaves a day of hours, a month of days and a quarter of weeks', () => {
  const all = Array.from({ length: 24 * 365 }, (_, age): Candidate => ({ id: String(age), at: hours(age), state: 'verified' }));
  const stays = kept(all);
  expect(stays.filter((one) => ageDays(one) < 1)).toHaveLength(24);
  // From noon to noon: thirty days and two halves.
  expect(new Set(stays.filter((one) => ageDays(one) <= 30).map(({ at }) => dayOf(at))).size).toBe(31);
  expect(stays.filter((one) => ageDays(one) > 30)).toHaveLength(8);
});

test('weeks begin on Monday', () => {
  expect(weekOf(new Date('2026-11-22T23:59:59Z'))).toBe(weekOf(new Date('2026-11-16T00:00:00Z')));
  expect(weekOf(new Date('2026-11-23T00:00:00Z'))).toBe(weekOf(new Date('2026-11-22T23:59:59Z')) + 1);
});
