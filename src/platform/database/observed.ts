/** Measures and traces what a pool does from outside, so that the code which uses it stays as it is, and costs nothing where nobody measures. */

import type pg from 'pg';
import { Problem } from '../problem.ts';
import { type DatabaseObserver, statementKind } from '../telemetry/metrics.ts';
import { type SpanStart, judgeError, tracing } from '../telemetry/traces.ts';
import type { Database } from './types.ts';

/** Of a statement in a span: all of ours fit, and lists of ids do not. */
const longestText = 2_000;

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
  const timed = (call: unknown[]): unknown => {
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
  const query: Query = (...call) => {
    const trace = tracing();
    return trace?.active === true ? trace.span(spanOf(call[0]), async () => timed(call), judgeDatabaseError) : timed(call);
  };
  client.query = query as typeof client.query;
}

/** Values are parameters and stay out; the few that are part of a text, such as ids in settings, are taken out of it. */
function spanOf(query: unknown): SpanStart {
  const text = textOf(query);
  const operation = statementKind(text).toUpperCase();
  return {
    name: operation,
    kind: 'client',
    attributes: {
      'db.system.name': 'postgresql',
      'db.operation.name': operation,
      'db.query.text': text.slice(0, longestText).replaceAll(/'(?:[^']|'')*('|$)/g, "'?'"),
    },
  };
}

/** The SQLSTATE, as the conventions want it. */
function judgeDatabaseError(error: unknown): { type: string; broken: boolean } {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return { type: typeof code === 'string' ? code : judgeError(error).type, broken: true };
}

function textOf(query: unknown): string {
  if (typeof query === 'string') return query;
  return typeof query === 'object' && query !== null && 'text' in query && typeof query.text === 'string' ? query.text : '';
}

export function observeTransactions(transaction: Database['transaction'], observer: DatabaseObserver): Database['transaction'] {
  const timed: Database['transaction'] = async (tenant, options, work) => {
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
  return (tenant, options, work) => {
    const trace = tracing();
    if (trace?.active !== true) return timed(tenant, options, work);
    const attributes = { 'quarterdeck.transaction.mode': options.mode };
    return trace.span({ name: 'transaction', kind: 'internal', attributes }, () => timed(tenant, options, work));
  };
}
