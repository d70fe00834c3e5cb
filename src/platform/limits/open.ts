/** How often a credential or a stranger's address may call: counted in this replica, and put together with the others every second. */

import { sql } from 'kysely';
import type { Settings } from '../config/settings.ts';
import type { Database } from '../database/types.ts';
import { rateLimited } from '../problem.ts';
import type { Log } from '../telemetry/log.ts';
import { type Counter, type Taken, createCounter } from './counter.ts';
import { type SharedCounts, countsInDatabase, countsInRedis } from './shared-counts.ts';
import { type Rates, readRates } from './rates.ts';

export type Cost = keyof Rates;

export interface Limits {
  /**
   * Counts one call of this credential; undefined: calls are not limited.
   * @throws Problem `rate_limited`
   */
  call(credential: string, cost: Cost): (Taken & { limit: number }) | undefined;
  /**
   * Counts what somebody without a good credential asked from this address.
   * @throws Problem `rate_limited`
   */
  stranger(address: string): void;
  /** Why replicas count alone at this moment; undefined: they do not, or need not. */
  readonly failure: string | undefined;
  close(): Promise<void>;
}

export interface LimitsOptions {
  settings: Pick<Settings, 'rateLimit' | 'addressLimit' | 'redisUrl'>;
  database: Database;
  log: Log;
  /** Milliseconds since the epoch. Default: `databaseClock`. */
  clock?: () => number;
}

/** Fifty thousand callers in one minute take about 10 MB. */
const mostCallers = 50_000;

/**
 * How often counts are put together. Between two exchanges each replica knows of its own calls only, so a burst at all of
 * them at once can pass the limit by as much as the other replicas admit in this time, at most once a minute.
 */
const exchangeMs = 1_000;

export async function openLimits({ settings, database, log, clock: given }: LimitsOptions): Promise<Limits> {
  const clock = given ?? (await databaseClock(database));
  const rates = readRates(settings.rateLimit);
  const shared = await openShared(settings, database, log);
  const counter = createCounter({ most: mostCallers, sharing: shared !== undefined });
  const exchange = shared === undefined ? undefined : createExchange(counter, shared, log, clock);
  const take = (key: string, limit: number, what: string): Taken => {
    const taken = counter.take(key, limit, clock());
    if (taken.wait_ms > 0) throw tooMany(what, limit, taken.wait_ms);
    exchange?.soon();
    return taken;
  };
  return {
    call(credential, cost) {
      if (rates === undefined) return undefined;
      const limit = rates[cost];
      return { limit, ...take(`${cost} ${credential}`, limit, `This credential has made ${limit} ${names[cost]} within a minute`) };
    },
    stranger(address) {
      if (settings.addressLimit === 0) return;
      const limit = settings.addressLimit;
      take(`address ${address}`, limit, `${limit} requests without a valid credential came from your address within a minute`);
    },
    get failure() {
      return exchange?.failure;
    },
    close: async () => exchange?.close(),
  };
}

/**
 * The database's clock as it was at the start, gone on by a clock that nobody sets: counts are of minutes that all replicas
 * agree on, whatever their own clocks say, and setting one neither forgives calls nor forgets what others counted.
 */
async function databaseClock({ owner }: Database): Promise<() => number> {
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(owner);
  const [row] = rows;
  if (row === undefined) throw new Error('the database did not tell the time');
  const origin = row.now.getTime() - performance.now();
  return () => origin + performance.now();
}

const names: Record<Cost, string> = { read: 'reads', write: 'writes', expensive: 'expensive calls' };

/** The embedded database serves one process, which has nobody to share with. */
async function openShared({ redisUrl }: Pick<Settings, 'redisUrl'>, database: Database, log: Log): Promise<SharedCounts | undefined> {
  if (redisUrl !== undefined) return countsInRedis(redisUrl, log);
  return database.kind === 'postgres' ? countsInDatabase(database.owner) : undefined;
}

function tooMany(what: string, limit: number, wait_ms: number) {
  // Rounded up, so that a call after this time passes.
  const seconds = Math.ceil(wait_ms / 1_000);
  return rateLimited({
    message: `${what}, which is the limit.`,
    next: `Wait ${seconds} ${seconds === 1 ? 'second' : 'seconds'}, then try again.`,
    details: { retry_after_seconds: seconds, limit_per_minute: limit },
  });
}

/** Tells the others what was counted here, one exchange at a time, while there is something to tell. */
function createExchange(counter: Counter, shared: SharedCounts, log: Log, clock: () => number) {
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  let failure: string | undefined;
  let closed = false;

  async function run(): Promise<void> {
    const { minute, counts } = counter.untold(clock());
    if (counts.size === 0) return;
    try {
      counter.told(minute, counts, await shared.add(minute, counts));
      if (failure !== undefined) log.info({ store: shared.name }, 'call counts are shared with other replicas again');
      failure = undefined;
    } catch (error) {
      counter.told(minute, counts, undefined);
      if (failure === undefined && !closed)
        log.warn({ err: error, store: shared.name }, 'call counts cannot be shared with other replicas; each counts alone meanwhile');
      failure = `The ${shared.name === 'redis' ? 'Redis of REDIS_URL' : 'database'} does not take call counts: each replica limits alone.`;
    }
  }

  function soon(): void {
    if (timer !== undefined || closed) return;
    timer = setTimeout(() => {
      running = run().finally(() => {
        timer = undefined;
        if (failure !== undefined) soon();
      });
    }, exchangeMs).unref();
  }

  return {
    soon,
    get failure() {
      return failure;
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await running;
      await shared.close();
    },
  };
}
