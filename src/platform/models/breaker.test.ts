import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Breaker, type Pass, createBreaker } from './breaker.ts';

let now = 0;
let breaker: Breaker;

beforeEach(() => {
  now = 0;
  breaker = createBreaker({ failures: 3, open_ms: 1_000, clock: () => now });
});

function pass(): Pass {
  const entered = breaker.enter();
  if (typeof entered === 'number') throw new Error(`there is no way through for ${entered} ms`);
  return entered;
}

function fail(times: number): void {
  for (let count = 0; count < times; count += 1) pass().failed();
}

describe('a breaker', () => {
  test('opens after its failures in a row, and says for how long', () => {
    fail(2);
    expect(breaker.open_ms).toBeUndefined();
    fail(1);
    expect(breaker.enter()).toBe(1_000);
    now = 400;
    expect(breaker.enter()).toBe(600);
    expect(breaker.open_ms).toBe(600);
  });

  test('forgets failures when a call succeeds', () => {
    fail(2);
    pass().succeeded();
    fail(2);
    expect(breaker.open_ms).toBeUndefined();
  });

  test('lets one call try when the time is over, and tells the others to come back', () => {
    fail(3);
    now = 1_000;
    const probe = pass();
    expect(breaker.enter()).toBe(1_000);
    expect(breaker.open_ms).toBe(0);
    probe.succeeded();
    expect(breaker.open_ms).toBeUndefined();
    pass();
    pass();
  });

  test('opens for as long again when that one fails', () => {
    fail(3);
    now = 1_500;
    pass().failed();
    expect(breaker.enter()).toBe(1_000);
  });

  test('lets another one try when the first one left without an answer', () => {
    fail(3);
    now = 1_000;
    pass().abandoned();
    pass().succeeded();
    expect(breaker.open_ms).toBeUndefined();
  });

  test('is neither kept open nor given to another by calls that began before', () => {
    const [early, earlier] = [pass(), pass()];
    fail(3);
    now = 900;
    early.failed();
    expect(breaker.enter()).toBe(100);
    now = 1_000;
    pass();
    earlier.abandoned();
    expect(breaker.enter()).toBe(1_000);
  });

  test('is closed by any call that succeeds', () => {
    const early = pass();
    fail(3);
    early.succeeded();
    expect(breaker.open_ms).toBeUndefined();
  });
});

test('whatever happens, at most one call is let through while it is open, and never before its time', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('enter' as const) }),
    fc.record({ kind: fc.constantFrom('succeeded' as const, 'failed' as const, 'abandoned' as const), which: fc.nat(20) }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(1_500) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let time = 0;
      const subject = createBreaker({ failures: 2, open_ms: 1_000, clock: () => time });
      const under: { pass: Pass; probe: boolean }[] = [];
      for (const each of steps) {
        if (each.kind === 'wait') time += each.ms;
        else if (each.kind === 'enter') {
          const open = subject.open_ms;
          const entered = subject.enter();
          if (typeof entered === 'number') continue;
          expect(open ?? 0).toBe(0);
          under.push({ pass: entered, probe: open !== undefined });
        } else {
          const [ended] = under.splice(each.which % Math.max(1, under.length), 1);
          ended?.pass[each.kind]();
          // Closed, those who tried are calls like any other.
          if (subject.open_ms === undefined) for (const one of under) one.probe = false;
        }
        expect(under.filter(({ probe }) => probe).length).toBeLessThanOrEqual(1);
      }
    }),
  );
});
