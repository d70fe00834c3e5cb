/** A PostgreSQL of the system's packages with its own programs, which the server from npm comes without. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Cluster, type TestDatabase, createDatabase, query, startPostgres } from './cluster.ts';

const folder = '/usr/lib/postgresql/15/bin';

const binaries = { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') };

/** Why a test of it is skipped; undefined: it is there. */
export const withoutPostgres15 = [...Object.values(binaries), join(folder, 'pg_dump'), join(folder, 'pg_restore')].every((path) =>
  existsSync(path),
)
  ? undefined
  : 'PostgreSQL 15 is not installed (apt: postgresql-15)';

export interface Postgres15 extends Cluster {
  /** A database of a user that may also make databases, as whoever restores has to. */
  createDatabase(): Promise<TestDatabase>;
  /** Queries as the superuser, in the database of this name. */
  query(text: string, database?: string): Promise<Record<string, unknown>[]>;
}

export async function startPostgres15(settings: Readonly<Record<string, string>> = {}): Promise<Postgres15> {
  const cluster = await startPostgres({ binaries, settings });
  const ask: Postgres15['query'] = (text, database) => query(cluster.adminUrl, text, database);
  await ask('alter role quarterdeck_owner createdb');
  return { ...cluster, createDatabase: () => createDatabase(cluster.adminUrl), query: ask };
}
