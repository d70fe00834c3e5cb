import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Window, used, waitMs, windowMs } from './window.ts';

/** The same calls seen `ms` later, over the end of the minute too. */
function later({ previous, current }: Window, elapsed: number, ms: number): number {
  const at = elapsed + ms;
  if (at < windowMs) return used({ previous, current }, at);
  return at < 2 * windowMs ? used({ previous: current, current: 0 }, at - windowMs) : 0;
}

describe('a sliding minute', () => {
  it('has the part of the former minute that it still covers', () => {
    expect(used({ previous: 60, current: 5 }, windowMs / 4)).toBe(50);
  });

  it('lets one call pass at once while there is room', () => {
    expect(waitMs({ previous: 0, current: 9 }, 0, 10)).toBe(0);
    expect(waitMs({ previous: 0, current: 10 }, 0, 10)).toBeGreaterThan(0);
  });

  it('never makes anybody wait in vain, nor longer than needed', () => {
    const calls = fc.integer({ min: 0, max: 100 });
    fc.assert(
      fc.property(
        calls,
        calls,
        fc.integer({ min: 0, max: windowMs - 1 }),
        fc.integer({ min: 1, max: 100 }),
        (previous, current, elapsed, limit) => {
          const window = { previous, current };
          const wait = waitMs(window, elapsed, limit);
          expect(later(window, elapsed, wait)).toBeLessThanOrEqual(limit - 1 + 1e-6);
          if (wait > 1) expect(later(window, elapsed, wait - 1)).toBeGreaterThan(limit - 1 - 1e-6);
          expect(wait).toBeLessThanOrEqual(2 * windowMs);
        },
      ),
    );
  });
});
