/** Counts calls by key in sliding minutes, in bounded memory, and takes in what other replicas counted. */

import { waitMs, used, windowMs } from './window.ts';

/** What came of one attempt. A refused one is not counted, so that whoever waits as told gets through. */
export interface Taken {
  /** 0: it was counted and may go on. */
  wait_ms: number;
  /** Calls that are left now. */
  remaining: number;
}

export interface Counter {
  take(key: string, limit: number, now: number): Taken;
  /** What was counted here and not told to the others, of the minute that `now` is in; it counts as told from now on. */
  untold(now: number): { minute: number; counts: Map<string, number> };
  /** What all replicas together counted. Without totals the counts go back to being untold. */
  told(minute: number, counts: ReadonlyMap<string, number>, totals: ReadonlyMap<string, number> | undefined): void;
  readonly size: number;
}

interface Entry {
  minute: number;
  previous: number;
  /** What all counted in this minute, by the last exchange; it includes what was told then. */
  shared: number;
  /** Being told now. */
  telling: number;
  /** Counted here since. */
  own: number;
}

/**
 * `most`: entries kept; the one that has been quiet for longest goes first, which forgives a minute of calls to somebody.
 * `sharing`: keep account of what the others were not told.
 */
export function createCounter({ most, sharing }: { most: number; sharing: boolean }): Counter {
  const entries = new Map<string, Entry>();
  const changed = new Set<string>();

  function enter(key: string, minute: number): Entry {
    const found = entries.get(key);
    if (found?.minute === minute) return found;
    const previous = found?.minute === minute - 1 ? found.shared + found.telling + found.own : 0;
    const entry = { minute, previous, shared: 0, telling: 0, own: 0 };
    // Anew, so that the order of the map is that of the last use, by the minute.
    entries.delete(key);
    entries.set(key, entry);
    const oldest = entries.size > most ? entries.keys().next().value : undefined;
    if (oldest !== undefined) entries.delete(oldest);
    return entry;
  }

  return {
    take(key, limit, now) {
      const minute = Math.floor(now / windowMs);
      const entry = enter(key, minute);
      const elapsed = now - minute * windowMs;
      const window = { previous: entry.previous, current: entry.shared + entry.telling + entry.own };
      const wait_ms = waitMs(window, elapsed, limit);
      if (wait_ms > 0) return { wait_ms, remaining: 0 };
      entry.own += 1;
      if (sharing) changed.add(key);
      return { wait_ms, remaining: Math.max(0, Math.floor(limit - 1 - used(window, elapsed))) };
    },

    untold(now) {
      const minute = Math.floor(now / windowMs);
      const counts = new Map<string, number>();
      for (const key of changed) {
        const entry = entries.get(key);
        // What a minute that is over did not tell is lost to the others: at most one interval of exchange.
        if (entry?.minute !== minute || entry.own === 0) continue;
        counts.set(key, entry.own);
        entry.telling = entry.own;
        entry.own = 0;
      }
      changed.clear();
      return { minute, counts };
    },

    told(minute, counts, totals) {
      for (const [key, count] of counts) {
        const entry = entries.get(key);
        if (entry?.minute !== minute) continue;
        entry.telling = 0;
        if (totals === undefined) {
          entry.own += count;
          changed.add(key);
        } else entry.shared = totals.get(key) ?? entry.shared + count;
      }
    },

    get size() {
      return entries.size;
    },
  };
}
