/** Databases that a backup is restored into, on a real server: gone afterwards, unless they are given a name to stay. */

import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { withDatabase } from './address.ts';
import { dropDatabase, makeDatabase, withServer } from './server.ts';

const prefix = 'quarterdeck_scratch_';

/** Held by whoever uses the database of this name, as long as its connection lives: so one that nobody holds was left behind. */
const lockOf = `hashtextextended($1, 0)`;

export interface ScratchDatabase {
  url: string;
  /** Gives it a name to stay under, and a remark that `--switch` asks for. Nobody may be connected to it. */
  keepAs(name: string, remark: string): Promise<void>;
}

export function withScratchDatabase<Result>(serverUrl: string, work: (scratch: ScratchDatabase) => Promise<Result>): Promise<Result> {
  return withServer(serverUrl, async (server) => {
    await dropAbandoned(server);
    const name = `${prefix}${randomBytes(6).toString('hex')}`;
    await server.query(`select pg_advisory_lock(${lockOf})`, [name]);
    await makeDatabase(server, name);
    try {
      return await work({ url: withDatabase(serverUrl, name), keepAs: (to, remark) => keep(server, name, to, remark) });
    } finally {
      // There is none of this name once it was kept.
      await dropDatabase(server, name).catch((error: unknown) => {
        throw new Error(`The scratch database ${name} could not be dropped: ${String(error)}. The next backup command drops it.`, {
          cause: error,
        });
      });
    }
  });
}

async function keep(server: pg.Client, name: string, to: string, remark: string): Promise<void> {
  await server.query('begin');
  try {
    await server.query(`comment on database ${pg.escapeIdentifier(name)} is ${pg.escapeLiteral(remark)}`);
    await server.query(`alter database ${pg.escapeIdentifier(name)} rename to ${pg.escapeIdentifier(to)}`);
    await server.query('commit');
  } catch (error) {
    await server.query('rollback');
    throw error;
  }
}

async function dropAbandoned(server: pg.Client): Promise<void> {
  const { rows } = await server.query<{ name: string }>(
    `select datname as name from pg_database where datname like '${prefix.replaceAll('_', '\\_')}%' and pg_has_role(datdba, 'MEMBER')`,
  );
  for (const { name } of rows) {
    const { rows: locks } = await server.query<{ free: boolean }>(`select pg_try_advisory_lock(${lockOf}) as free`, [name]);
    if (locks[0]?.free !== true) continue;
    await dropDatabase(server, name);
    await server.query(`select pg_advisory_unlock(${lockOf})`, [name]);
  }
}
