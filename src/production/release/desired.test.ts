/** How a release changes what should run. */

import { describe, expect, test } from 'vitest';
import {
  type Desired,
  type VersionSpec,
  makeLive,
  nothing,
  place,
  planRollback,
  promote,
  run,
  shift,
  slotOf,
  weigh,
  withdraw,
} from './desired.ts';

const spec = (version: string): VersionSpec => ({
  version,
  command: 'serve',
  cwd: '/',
  environment: {},
  replicas: 3,
  health: '/health',
  patience: { deploy: 1, drain: 1, stop: 1, health: 1, hang: 1 },
});

function released(before: Desired, version: string): Desired {
  const { desired, name } = place(before, spec(version), 3);
  return makeLive(desired, name);
}

function canary(before: Desired, version: string, weight: number): Desired {
  const { desired, name } = place(before, spec(version), 3);
  return { ...weigh(desired, name, weight), canary: name };
}

const shares = ({ slots }: Desired): Record<string, number> => Object.fromEntries(slots.map((slot) => [slot.spec.version, slot.weight]));
const v1 = released(nothing, 'v1');
const v2 = released(v1, 'v2');

describe('a version that is placed', () => {
  test('gets nobody yet, and leaves what is live as it is', () => {
    expect(shares(place(v1, spec('v2'), 3).desired)).toEqual({ v1: 100, v2: 0 });
  });

  test('takes the slot of what was kept to go back to', () => {
    const { desired } = place(v2, spec('v3'), 3);
    expect(shares(desired)).toEqual({ v2: 100, v3: 0 });
    expect(desired.previous).toBeNull();
  });

  test('is refused under the name that is live, and beside a canary', () => {
    expect(() => place(v1, spec('v1'), 3)).toThrow('v1 is live already.');
    expect(() => place(canary(v1, 'v2', 10), spec('v3'), 3)).toThrow('v2 is a canary with 10 % of the requests.');
  });
});

test('what goes live gets all, and the version before stays to go back to', () => {
  expect(shares(v2)).toEqual({ v1: 0, v2: 100 });
  expect(planRollback(v2)).toMatchObject({ to: { spec: { version: 'v1' } }, from: { spec: { version: 'v2' } } });
});

describe('a canary', () => {
  test('shares with what is live, is shifted and promoted', () => {
    const begun = canary(v1, 'v2', 10);
    expect(shares(begun)).toEqual({ v1: 90, v2: 10 });
    expect(shares(shift(begun, 50))).toEqual({ v1: 50, v2: 50 });
    const promoted = promote(begun);
    expect(promoted).toMatchObject({ canary: null, live: begun.canary, previous: begun.live });
    expect(shares(promoted)).toEqual({ v1: 0, v2: 100 });
  });

  test('that is rolled back leaves everything to what is live', () => {
    const begun = canary(v1, 'v2', 10);
    const { to, from } = planRollback(begun);
    expect(shares(withdraw(makeLive(begun, to.name), from.name))).toEqual({ v1: 100 });
  });

  test('is needed to shift and to promote', () => {
    expect(() => shift(v1, 50)).toThrow('There is no canary.');
    expect(() => promote(v1)).toThrow('There is no canary.');
  });
});

test('a rollback has somewhere to go, or is refused', () => {
  const { to, from } = planRollback(v2);
  const back = withdraw(makeLive(v2, to.name), from.name);
  expect(shares(back)).toEqual({ v1: 100 });
  expect(() => planRollback(back)).toThrow('There is nothing before v1 to go back to.');
  expect(() => planRollback(nothing)).toThrow('Nothing is released yet.');
});

test('a slot runs as many as it is told to', () => {
  const { desired, name } = place(v1, spec('v2'), 1);
  expect(slotOf(run(desired, name, 2), name).running).toBe(2);
});
