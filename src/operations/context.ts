/** What a handler gets: who asks, the clock, the open transaction, and the services below. */

import type { Cache } from '../platform/cache.ts';
import type { TransactionOptions, TransactionScope } from '../platform/database/types.ts';
import type { NewEvent } from '../platform/events/types.ts';
import type { Principal } from '../platform/identity/principal.ts';
import type { Identity } from '../platform/identity/types.ts';
import type { Models } from '../platform/models/types.ts';
import type { Vectors } from '../platform/vectors/types.ts';
import type { JobRow } from '../platform/jobs/types.ts';
import type { Settings } from '../platform/config/settings.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { z } from 'zod';
import type { JobDefinition } from './job.ts';
import type { Face } from './operation.ts';
import type { Question } from './question.ts';
import type { AnswerPart } from './types.ts';

/** What is the same with and without an open transaction. */
export interface BaseContext {
  principal: Principal;
  face: Face;
  request_id: string;
  /** Aborted when the caller goes away. */
  signal: AbortSignal;
  settings: Settings;
  identity: Identity;
  /** Each is undefined where it is not switched on. Never awaited inside a transaction. */
  models: Models;
  /** Where texts are compared by what they mean, if an embedding model is switched on. */
  vectors: Vectors;
  cache: Cache;
  log: Log;
  /** A new id: uuid version 7. */
  newId(): string;
  /** Most bytes that a page of items should take; undefined: no limit but the caller's. MCP results are read by models. */
  page_bytes: number | undefined;
  /**
   * Tells how far the work is: `done` of `total`, in any unit, growing; and, where the operation streams, pieces of the answer. Heard only by a
   * client that asked to; costs nothing otherwise.
   */
  progress(done: number, total?: number, message?: string, parts?: readonly AnswerPart[]): void;
  /**
   * Asks the person behind the client. The first time this ends the call: its transaction is rolled back, and once the person has
   * answered, the operation is run again from its beginning, and this returns the answer. So ask before anything outside
   * the database is done. Only for operations with `simple: false`.
   * @throws Problem `otherwise` of the question where nobody can be asked; `declined` when the person does not want to
   */
  ask<Schema extends z.ZodObject>(question: Question<Schema>): z.output<Schema>;
}

export interface Context extends BaseContext, TransactionScope {
  /** Records that something happened; written to the outbox in this transaction. */
  emit(event: NewEvent): void;
  /**
   * Begins a job of the caller's, with this transaction. @throws Problem `overloaded` when the caller has too many
   */
  startJob<Input extends z.ZodObject>(definition: JobDefinition<Input>, input: z.output<Input>): Promise<JobRow>;
  /**
   * A short transaction of an operation whose own `transaction` is `none`.
   * Nothing outside the database may be awaited inside.
   */
  transaction<Result>(mode: TransactionOptions['mode'], work: (context: Context) => Promise<Result>): Promise<Result>;
}
