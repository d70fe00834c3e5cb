/** What the modules of this folder know about an open database beyond what the rest of the house sees. */

import type { Kysely } from 'kysely';
import type { Database } from './types.ts';

export interface DatabaseInternals {
  /** Where it is, for people: `host:port/name` or the folder. Never a password. */
  place: string;
  /** Queries of the owner on one connection without time-outs, for migrations and copies, which take as long as they take. */
  unhurried<Result>(work: (db: Kysely<unknown>) => Promise<Result>): Promise<Result>;
}

const known = new WeakMap<Database, DatabaseInternals>();

export function rememberInternals(database: Database, internals: DatabaseInternals): void {
  known.set(database, internals);
}

export function internalsOf(database: Database): DatabaseInternals {
  const internals = known.get(database);
  if (internals === undefined) throw new Error('this database was not opened with openDatabase');
  return internals;
}
