/** Makes the context that a handler gets: with a transaction, or with the means to open short ones. */

import { v7 as newId } from 'uuid';
import type { TransactionOptions } from '../platform/database/types.ts';
import type { NewEvent } from '../platform/events/types.ts';
import { actorOf } from '../platform/identity/principal.ts';
import type { BaseContext, Context } from './context.ts';
import type { Operation } from './operation.ts';
import { ask } from './question.ts';
import type { RegistryOptions } from './registry.ts';
import type { CallRequest } from './types.ts';

/**
 * Size of a page that a model reads: about 2,000 tokens at four bytes each.
 * A page over REST is limited by its item count alone.
 */
const modelPageBytes = 8_000;

/** Runs `work` in one transaction, writes the events it emitted with the commit, and tells of them after it. */
export async function inTransaction<Result>(
  { database, events, committed }: RegistryOptions,
  base: BaseContext,
  kind: Pick<TransactionOptions, 'mode' | 'essential' | 'eager'>,
  work: (context: Context) => Promise<Result>,
): Promise<Result> {
  const emitted: NewEvent[] = [];
  const result = await database.transaction(base.principal, { ...kind, signal: base.signal }, async (scope) => {
    const { db, workspace_id, user_id, withCommit } = scope;
    const context: Context = {
      ...base,
      db,
      workspace_id,
      user_id,
      withCommit,
      get now() {
        return scope.now;
      },
      emit: (event) => void emitted.push(event),
      transaction: () => Promise.reject(new Error('a transaction is open already')),
    };
    const value = await work(context);
    if (emitted.length > 0) events.write(scope, actorOf(base.principal), emitted);
    return value;
  });
  if (emitted.length > 0) events.wake();
  if (committed !== undefined) for (const { type, data } of emitted) committed(type, data);
  return result;
}

/** For an operation that opens its own short transactions. */
export function withoutTransaction(base: BaseContext, transaction: Context['transaction']): Context {
  const closed = (): never => {
    throw new Error('this operation has no transaction of its own: use context.transaction');
  };
  return {
    ...base,
    workspace_id: base.principal.workspace_id,
    user_id: base.principal.user_id,
    get db() {
      return closed();
    },
    get now() {
      return closed();
    },
    withCommit: closed,
    emit: closed,
    transaction,
  };
}

export function baseContext({ settings, identity, log }: RegistryOptions, operation: Operation, request: CallRequest): BaseContext {
  return {
    principal: request.principal,
    face: request.face,
    request_id: request.request_id,
    signal: request.signal,
    settings,
    identity,
    log,
    newId,
    page_bytes: request.page_bytes ?? (request.face === 'rest' ? undefined : modelPageBytes),
    progress: (done, total, message) => request.progress?.({ done, total, message }),
    ask: (question) => {
      if (operation.simple !== false) throw new Error(`${operation.name} asks, and must say so with simple: false`);
      return ask(request.answers, question);
    },
  };
}
