/** Makes the context that a handler gets: with a transaction, or with the means to open short ones. */

import { v7 as newId } from 'uuid';
import { noCache } from '../platform/cache.ts';
import type { TransactionOptions, TransactionScope } from '../platform/database/types.ts';
import type { NewEvent } from '../platform/events/types.ts';
import { actorOf } from '../platform/identity/principal.ts';
import { jobEvent } from '../platform/jobs/rules.ts';
import type { Jobs } from '../platform/jobs/types.ts';
import { noModels } from '../platform/models/types.ts';
import { noVectors } from '../platform/vectors/types.ts';
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
  { database, events, jobs, committed }: RegistryOptions,
  base: BaseContext,
  kind: Pick<TransactionOptions, 'mode' | 'essential' | 'eager'>,
  work: (context: Context) => Promise<Result>,
): Promise<Result> {
  const emitted: NewEvent[] = [];
  const result = await database.transaction(base.principal, { ...kind, signal: base.signal }, async (scope) => {
    const value = await work(new TransactionContext(base, scope, emitted, jobs));
    if (emitted.length > 0) events.write(scope, actorOf(base.principal), emitted);
    return value;
  });
  if (emitted.length > 0) events.wake();
  // Somebody has to work on it, or has to stop.
  if (emitted.some(({ type }) => type.startsWith('job.'))) jobs?.wake();
  if (committed !== undefined) for (const { type, data } of emitted) committed(type, data);
  return result;
}

/** For an operation that opens its own short transactions. */
export function withoutTransaction(base: BaseContext, transaction: Context['transaction']): Context {
  return new OpenContext(base, transaction);
}

/** Every call makes a context, and an instance of a class costs a fraction of an object literal with accessors. */
class CallContext implements BaseContext {
  readonly principal: BaseContext['principal'];
  readonly face: BaseContext['face'];
  readonly request_id: string;
  readonly signal: AbortSignal;
  readonly settings: BaseContext['settings'];
  readonly identity: BaseContext['identity'];
  readonly models: BaseContext['models'];
  readonly vectors: BaseContext['vectors'];
  readonly cache: BaseContext['cache'];
  readonly log: BaseContext['log'];
  readonly newId: BaseContext['newId'];
  readonly page_bytes: BaseContext['page_bytes'];
  readonly progress: BaseContext['progress'];
  readonly ask: BaseContext['ask'];
  readonly workspace_id: string;
  readonly user_id: string;

  constructor(base: BaseContext) {
    this.principal = base.principal;
    this.face = base.face;
    this.request_id = base.request_id;
    this.signal = base.signal;
    this.settings = base.settings;
    this.identity = base.identity;
    this.models = base.models;
    this.vectors = base.vectors;
    this.cache = base.cache;
    this.log = base.log;
    this.newId = base.newId;
    this.page_bytes = base.page_bytes;
    this.progress = base.progress;
    this.ask = base.ask;
    this.workspace_id = base.principal.workspace_id;
    this.user_id = base.principal.user_id;
  }
}

class TransactionContext extends CallContext implements Context {
  readonly db: Context['db'];
  readonly withCommit: Context['withCommit'];
  readonly emit: Context['emit'];
  readonly startJob: Context['startJob'];
  readonly #scope: TransactionScope;

  constructor(base: BaseContext, scope: TransactionScope, emitted: NewEvent[], jobs: Jobs | undefined) {
    super(base);
    this.db = scope.db;
    this.withCommit = scope.withCommit;
    this.emit = (event) => void emitted.push(event);
    this.startJob = async ({ name }, input) => {
      if (jobs === undefined) throw new Error('nobody works on jobs here');
      const job = await jobs.add(scope, base.principal, name, input);
      emitted.push(jobEvent('created', job));
      return job;
    };
    this.#scope = scope;
  }

  get now(): Date {
    return this.#scope.now;
  }

  transaction(): Promise<never> {
    return Promise.reject(new Error('a transaction is open already'));
  }
}

class OpenContext extends CallContext implements Context {
  readonly withCommit = closed;
  readonly emit = closed;
  readonly startJob = closed;
  readonly transaction: Context['transaction'];

  constructor(base: BaseContext, transaction: Context['transaction']) {
    super(base);
    this.transaction = transaction;
  }

  get db(): never {
    return closed();
  }

  get now(): never {
    return closed();
  }
}

function closed(): never {
  throw new Error('this operation has no transaction of its own: use context.transaction');
}

export function baseContext(options: RegistryOptions, operation: Pick<Operation, 'name' | 'simple'>, request: CallRequest): BaseContext {
  const { settings, identity, models = noModels, vectors = noVectors, cache = noCache, log } = options;
  return {
    principal: request.principal,
    face: request.face,
    request_id: request.request_id,
    signal: request.signal,
    settings,
    identity,
    models,
    vectors,
    cache,
    log,
    newId,
    page_bytes: request.page_bytes ?? (request.face === 'rest' ? undefined : modelPageBytes),
    progress: (done, total, message, parts) => request.progress?.({ done, total, message, parts }),
    ask: (question) => {
      if (operation.simple !== false) throw new Error(`${operation.name} asks, and must say so with simple: false`);
      return ask(request.answers, question);
    },
  };
}
