/** Keeps a share of the connections for what must go on when everything else waits: claims, health and credentials. */

import { unavailable } from '../problem.ts';
import { createTurnstile } from '../turnstile.ts';
import type { Database } from './types.ts';

/**
 * A fifth of the pool, at least one: claims and lookups of credentials take a millisecond or two, so few connections serve many.
 * A pool of one has nothing to keep; there, what is essential is only the next in turn.
 */
export function reservedConnections(pool: number): number {
  return pool <= 1 ? 0 : Math.max(1, Math.floor(pool / 5));
}

/** Far more than ever wait: each is a request, and those have a limit of their own. */
const longestQueue = 100_000;

/**
 * Transactions that are not essential take turns for the other connections, so that slow ones cannot hold all. Queries of the
 * owner (pings, credentials) and essential transactions go straight to the pool.
 */
export function withLanes(transaction: Database['transaction'], { pool, wait_ms }: { pool: number; wait_ms: number }) {
  const turnstile = createTurnstile({
    places: pool - reservedConnections(pool),
    queue: longestQueue,
    wait_ms,
    refusal: () =>
      unavailable({
        message: 'Every connection to the database was busy for longer than QUARTERDECK_POOL_TIMEOUT_MS.',
        next: 'Try again in a few seconds. If it lasts, the operator finds the cause in the log and with `quarterdeck doctor`.',
      }),
  });
  const inLane: Database['transaction'] = async (tenant, options, work) => {
    if (options.essential === true) return transaction(tenant, options, work);
    const turn = turnstile.enter(options.signal);
    if (turn !== undefined) await turn;
    try {
      return await transaction(tenant, options, work);
    } finally {
      turnstile.leave();
    }
  };
  return { transaction: inLane, waiting: () => turnstile.waiting };
}
