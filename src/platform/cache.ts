/** What a process keeps between requests of what it read: only what costs time to read again, and never what says who may see it. */

import { LRUCache } from 'lru-cache';
import type { Settings } from './config/settings.ts';

export interface Cache {
  get(key: string): object | undefined;
  /** `bytes`: about what it takes. What is larger than all that may be kept is not kept. */
  set(key: string, value: object, bytes: number): void;
  /** About what everything in it takes. */
  readonly bytes: number;
}

/** Counted from when it was first set. A database that is taken back in time under a running server is seen as it is after so long. */
const lifetimeMs = 10 * 60_000;

/** What a key and its place cost beside the value. */
const overheadBytes = 256;

/** The least recently used goes first. */
export function createCache({ cacheMb }: Pick<Settings, 'cacheMb'>): Cache {
  if (cacheMb === 0) return noCache;
  const entries = new LRUCache<string, object>({ maxSize: cacheMb * 1024 * 1024, ttl: lifetimeMs, noUpdateTTL: true });
  return {
    get: (key) => entries.get(key),
    set: (key, value, bytes) => void entries.set(key, value, { size: bytes + overheadBytes }),
    get bytes() {
      return entries.calculatedSize;
    },
  };
}

export const noCache: Cache = { get: () => undefined, set: () => undefined, bytes: 0 };
