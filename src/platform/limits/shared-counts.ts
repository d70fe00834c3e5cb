/** Where replicas put their counts together: Redis when there is one, otherwise a table of PostgreSQL. */

import { type Kysely, sql } from 'kysely';
import type { Log } from '../telemetry/log.ts';

export interface SharedCounts {
  name: 'database' | 'redis';
  /** Adds to the counts of this minute; returns what each of these keys has now, from all replicas. */
  add(minute: number, counts: ReadonlyMap<string, number>): Promise<Map<string, number>>;
  close(): Promise<void>;
}

/** In one statement, and unlogged: a crash of the database forgives a minute of calls, and costs the log nothing. */
export function countsInDatabase(db: Kysely<unknown>): SharedCounts {
  let tidied = 0;
  return {
    name: 'database',
    async add(minute, counts) {
      // In one order on every replica, or two that add the same keys would wait for each other.
      const keys = [...counts.keys()].sort();
      const { rows } = await sql<{ key: string; count: number }>`
        insert into auth.call_counts as counted (minute, key, count)
          select ${minute}, key, count
          from unnest(${keys}::text[], ${keys.map((key) => counts.get(key))}::int[]) as added (key, count)
        on conflict (minute, key) do update set count = counted.count + excluded.count
        returning key, count`.execute(db);
      if (tidied < minute) await sql`delete from auth.call_counts where minute < ${minute - 1}`.execute(db);
      tidied = minute;
      return new Map(rows.map(({ key, count }) => [key, count]));
    },
    close: async () => undefined,
  };
}

/** Two minutes: the present one, and a clock that is behind. */
const redisSeconds = 120;

/** Redis answers in a millisecond or not at all; the counting here goes on meanwhile. */
const redisTimeoutMs = 500;

/** Never throws for a Redis that is away: it connects by itself when it can. */
export async function countsInRedis(url: string, log: Log): Promise<SharedCounts> {
  const { Redis } = await import('ioredis');
  const redis = new Redis(url, {
    // What cannot be sent now is told with the next exchange; a queue would only grow.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: redisTimeoutMs * 4,
    commandTimeout: redisTimeoutMs,
  });
  // Said once by whoever exchanges; the client says it at each attempt to connect.
  redis.on('error', (error) => log.debug({ err: error }, 'a connection to Redis failed'));
  return {
    name: 'redis',
    async add(minute, counts) {
      const pipeline = redis.pipeline();
      const nameOf = (key: string) => `quarterdeck:calls:${minute}:${key}`;
      for (const [key, count] of counts) pipeline.incrby(nameOf(key), count).expire(nameOf(key), redisSeconds);
      const replies = (await pipeline.exec()) ?? [];
      const totals = new Map<string, number>();
      for (const [index, key] of [...counts.keys()].entries()) {
        const [error, total] = replies[index * 2] ?? [];
        if (error) throw error;
        totals.set(key, Number(total));
      }
      return totals;
    },
    async close() {
      redis.disconnect();
    },
  };
}
