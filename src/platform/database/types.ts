/** What the rest of the house sees of the database. */

import type { Compilable, Kysely } from 'kysely';

/** Which rows a transaction may see; it becomes settings that row-level security reads. */
export type Tenant =
  | { workspace_id: string; user_id: string }
  /** Background work over all workspaces: the outbox, the sweepers, copying. Never on behalf of a request. */
  | 'system';

/** One open transaction of one tenant. Every store function takes one. */
export interface TransactionScope {
  /** No tables are known here; a store adds its own with `scope.db.withTables<…>()`. */
  db: Kysely<unknown>;
  workspace_id: string;
  user_id: string;
  /** The database's clock, read with BEGIN. In an eager transaction it throws until the first query has its answer. */
  readonly now: Date;
  /** Sends this statement together with COMMIT, in one round trip: for a write whose result nobody reads. Its failure fails the commit. */
  withCommit(query: Compilable): void;
}

export interface TransactionOptions {
  mode: 'read' | 'write';
  /** It does not queue behind ordinary transactions: see `lanes.ts`. Default: false. */
  essential?: boolean | undefined;
  /**
   * `work` is called at once, so that its first query goes out together with BEGIN. When the connection turns out to have died, `work` is
   * called again: it must do nothing but ask the database before that answer is there. Default: false.
   */
  eager?: boolean | undefined;
  /** Aborting it cancels the running query (on PostgreSQL), rolls back, and rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

export interface Database {
  readonly kind: 'embedded' | 'postgres';

  /**
   * Runs `work` in one transaction with the tenant set. BEGIN, role, settings, time-outs and the clock
   * go in one round trip. Commits when `work` resolves, rolls back when it rejects.
   * Nothing but this database may be awaited inside.
   * @throws Problem `unavailable` or `timed_out` for what the database does; what `work` throws passes through.
   */
  transaction<Result>(tenant: Tenant, options: TransactionOptions, work: (scope: TransactionScope) => Promise<Result>): Promise<Result>;

  /** Queries as the owner, outside row-level security, for identity's own schema (`auth`) and for migrations only. */
  readonly owner: Kysely<unknown>;

  /** Resolves when the database answers `select 1` within `timeout_ms`. @throws Problem `unavailable` */
  ping(timeout_ms: number): Promise<void>;

  /** Calls `listener` after each NOTIFY on the channel (PostgreSQL) and after each reconnect; embedded: after each `notify` in this process. */
  listen(channel: string, listener: () => void): Promise<() => Promise<void>>;
  /** A NOTIFY without payload, outside any transaction. */
  notify(channel: string): Promise<void>;

  /** When a transaction last found the disk full, in milliseconds of `performance.now()`. */
  storageFullAt(): number | undefined;

  /** Numbers for metrics and `doctor`. */
  stats(): { total: number; idle: number; waiting: number };

  close(): Promise<void>;
}

/** One numbered migration. `down` undoes it or says why it cannot. */
export interface Migration {
  name: string;
  /**
   * The version before works with it, so that it can be run while that one serves, and gone back to afterwards. Kept in the database,
   * because only there can the version before read it. Default: it does not, or nobody has said so.
   */
  expands?: true;
  up(db: Kysely<unknown>): Promise<void>;
  down(db: Kysely<unknown>): Promise<void>;
}
