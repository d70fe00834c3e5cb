/** The PostgreSQL server around a database: other databases on it are made, renamed and dropped from here. */

import pg from 'pg';
import { databaseOf, withDatabase } from './address.ts';

/** Every server has them, and neither is anybody's data: `create database` needs to be connected to some database. */
const maintenance = ['postgres', 'template1'];

/** How long a server that does not answer is waited for. */
const connectMs = 10_000;

/** @throws Error when the server cannot be reached, or lets us into neither of the two */
export async function connectServer(databaseUrl: string): Promise<pg.Client> {
  const failures: unknown[] = [];
  // A database that somebody is connected to cannot be renamed.
  for (const name of maintenance.filter((each) => each !== databaseOf(databaseUrl))) {
    const client = new pg.Client({
      connectionString: withDatabase(databaseUrl, name),
      connectionTimeoutMillis: connectMs,
      application_name: 'quarterdeck backup',
      keepAlive: true,
    });
    // A connection that breaks between two queries is told by the next one.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      failures.push(error);
    }
  }
  const reason = failures[0] instanceof Error ? failures[0].message : String(failures[0]);
  throw new Error(
    `The server of ${databaseOf(databaseUrl)} cannot be reached through its database ${maintenance.join(' or ')}: ${reason}. Check the address, and that this user may connect there.`,
  );
}

export async function withServer<Result>(databaseUrl: string, work: (server: pg.Client) => Promise<Result>): Promise<Result> {
  const server = await connectServer(databaseUrl);
  return work(server).finally(() => server.end());
}

export async function serverVersion(server: pg.Client): Promise<string> {
  const { rows } = await server.query<{ version: string }>(`select current_setting('server_version') as version`);
  return rows[0]?.version ?? '';
}

export async function databaseExists(server: pg.Client, name: string): Promise<boolean> {
  return (await server.query('select from pg_database where datname = $1', [name])).rows.length > 0;
}

/** Of the server's own encoding and order of texts; from the empty template, because the other may have been added to. */
export async function makeDatabase(server: pg.Client, name: string): Promise<void> {
  const { rows } = await server.query<{ may: boolean }>(
    `select rolcreatedb or rolsuper as may, current_user as who from pg_roles where rolname = current_user`,
  );
  if (rows[0]?.may !== true)
    throw new Error(
      'The database user may not make databases, and a backup is restored into a new one. Run `alter role … createdb` as an administrator, or name a server with QUARTERDECK_SCRATCH_URL.',
    );
  await server.query(`create database ${pg.escapeIdentifier(name)} template template0 encoding 'UTF8'`);
}

export async function dropDatabase(server: pg.Client, name: string): Promise<void> {
  await server.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
}
