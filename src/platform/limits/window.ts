/** The rule of a sliding minute: how much of it is used, and how long until one more call fits. */

/** A minute, because that is the unit in which people think of rates; longer windows forgive bursts, shorter ones punish them. */
export const windowMs = 60_000;

/**
 * Calls of the present minute of the clock and of the one before. The sliding minute is taken to hold the part of the
 * former one that it still covers: two numbers a caller instead of a list of times, off by a few per cent for uneven traffic.
 */
export interface Window {
  previous: number;
  current: number;
}

/** Calls in the sliding minute that ends `elapsed` ms after the present minute of the clock began. */
export function used({ previous, current }: Window, elapsed: number): number {
  return previous * (1 - elapsed / windowMs) + current;
}

/** Milliseconds until one more call fits, when nothing else is called until then; 0: now. */
export function waitMs(window: Window, elapsed: number, limit: number): number {
  const room = limit - 1;
  if (used(window, elapsed) <= room) return 0;
  const { previous, current } = window;
  // The former minute fades until there is room; or the present one is full by itself, and has to fade in the next.
  if (current <= room) return windowMs * (1 - (room - current) / previous) - elapsed;
  return windowMs - elapsed + windowMs * (1 - room / current);
}
