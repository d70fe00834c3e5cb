/** What a handler gets: who asks, the clock, the open transaction, and the services below. */

import type { TransactionOptions, TransactionScope } from '../platform/database/types.ts';
import type { NewEvent } from '../platform/events/types.ts';
import type { Principal } from '../platform/identity/principal.ts';
import type { Identity } from '../platform/identity/types.ts';
import type { Settings } from '../platform/config/settings.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { Face } from './operation.ts';

/** What is the same with and without an open transaction. */
export interface BaseContext {
  principal: Principal;
  face: Face;
  request_id: string;
  /** Aborted when the caller goes away. */
  signal: AbortSignal;
  settings: Settings;
  identity: Identity;
  log: Log;
  /** A new id: uuid version 7. */
  newId(): string;
  /** Most bytes that a page of items should take; undefined: no limit but the caller's. MCP results are read by models. */
  page_bytes: number | undefined;
}

export interface Context extends BaseContext, TransactionScope {
  /** Records that something happened; written to the outbox in this transaction. */
  emit(event: NewEvent): void;
  /**
   * A short transaction of an operation whose own `transaction` is `none`.
   * Nothing outside the database may be awaited inside.
   */
  transaction<Result>(mode: TransactionOptions['mode'], work: (context: Context) => Promise<Result>): Promise<Result>;
}
