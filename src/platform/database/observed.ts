/** Measures what a pool does from outside, so that the code which uses it stays as it is, and costs nothing where nobody measures. */

import type pg from 'pg';
import { Problem } from '../problem.ts';
import type { DatabaseObserver } from '../telemetry/metrics.ts';
import type { Database } from './types.ts';

type Connect = () => Promise<pg.PoolClient>;
type Query = (...call: unknown[]) => unknown;

/** To be called before the pool is first used. */
export function observePool(pool: pg.Pool, observer: DatabaseObserver): void {
  const connect = pool.connect.bind(pool) as Connect;
  // The form with a callback is the pool's own; nobody here uses it, so it would be a mistake to pass one.
  pool.connect = (async () => {
    const started = performance.now();
    try {
      return await connect();
    } finally {
      observer.waited((performance.now() - started) / 1_000);
    }
  }) as typeof pool.connect;
  pool.on('connect', (client) => observeClient(client, observer));
}

function observeClient(client: pg.PoolClient, observer: DatabaseObserver): void {
  const send = client.query.bind(client) as Query;
  const query: Query = (...call) => {
    const started = performance.now();
    const answer = send(...call);
    if (answer instanceof Promise) {
      const done = (failed: boolean) => observer.statement(textOf(call[0]), failed, (performance.now() - started) / 1_000);
      answer.then(
        () => done(false),
        () => done(true),
      );
    }
    return answer;
  };
  client.query = query as typeof client.query;
}

function textOf(query: unknown): string {
  if (typeof query === 'string') return query;
  return typeof query === 'object' && query !== null && 'text' in query && typeof query.text === 'string' ? query.text : '';
}

export function observeTransactions(transaction: Database['transaction'], observer: DatabaseObserver): Database['transaction'] {
  return async (tenant, options, work) => {
    const started = performance.now();
    let outcome = 'ok';
    try {
      return await transaction(tenant, options, work);
    } catch (error) {
      outcome = error instanceof Problem ? error.code : 'bug';
      throw error;
    } finally {
      observer.transaction(options.mode, outcome, (performance.now() - started) / 1_000);
    }
  };
}
