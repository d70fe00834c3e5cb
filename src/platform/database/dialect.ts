/** Kysely over our sessions: one dialect for PostgreSQL and for the embedded database. */

import { type Dialect, type Driver, Kysely, type KyselyPlugin, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import type pg from 'pg';
import { Session } from './session.ts';

/** Queries on one session, which is in a transaction already and whose end is somebody else's business. */
export function kyselyInTransaction(session: Session, plugins: KyselyPlugin[]): Kysely<unknown> {
  return kyselyOn({ open: async () => session, close: async () => undefined, transactions: false }, plugins);
}

/** Queries and transactions on one session, which somebody else gives back. */
export function kyselyOnSession(session: Session): Kysely<unknown> {
  return kyselyOn({ open: async () => session, close: async () => undefined, transactions: true });
}

/** Queries and transactions on any session of the pool. */
export function kyselyOnPool(pool: pg.Pool): Kysely<unknown> {
  return kyselyOn({ open: () => Session.open(pool), close: (session) => session.close(), transactions: true });
}

/** Where queries get their session from. */
interface SessionSource {
  open(): Promise<Session>;
  close(session: Session): Promise<void>;
  /** Whether Kysely may begin and end transactions. */
  transactions: boolean;
}

function kyselyOn(source: SessionSource, plugins: KyselyPlugin[] = []): Kysely<unknown> {
  const dialect: Dialect = {
    createDriver: () => createDriver(source),
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
  return new Kysely<unknown>({ dialect, plugins });
}

/** Kysely hands back the session that it was given, typed as any connection. */
function createDriver({ open, close, transactions }: SessionSource): Driver {
  return {
    init: async () => undefined,
    acquireConnection: open,
    async beginTransaction(session: Session, { isolationLevel, accessMode }) {
      if (!transactions) throw new Error('a transaction is open already: use its `db`');
      const isolation = isolationLevel === undefined ? '' : ` isolation level ${isolationLevel}`;
      await session.command(`begin${isolation}${accessMode === undefined ? '' : ` ${accessMode}`}`);
    },
    commitTransaction: (session: Session) => commit(session),
    rollbackTransaction: async (session: Session) => void (await session.command('rollback')),
    releaseConnection: (session: Session) => close(session),
    destroy: async () => undefined,
  };
}

/** PostgreSQL answers COMMIT with ROLLBACK, and no error, when a statement had failed before. */
export async function commit(session: Session): Promise<void> {
  const { command } = await session.command('commit');
  if (command === 'ROLLBACK')
    throw new Error('nothing was committed: a statement in the transaction had failed, and its error was caught instead of passed on');
}
