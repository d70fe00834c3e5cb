/** Migrations: each once and whole, whoever else starts at the same time, and never on a newer database. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OpenedDatabase, databaseKinds, openTestDatabase, silentLog } from '../../../test/support/databases.ts';
import { migrateDown, migrateUp, migrationStatus } from './migrate.ts';
import { migrations } from './migrations/index.ts';
import type { Database, Migration } from './types.ts';

const creating = (name: string, table: string): Migration => ({
  name,
  up: async (db) => void (await sql`create table ${sql.id(table)} (id integer)`.execute(db)),
  down: async (db) => void (await sql`drop table ${sql.id(table)}`.execute(db)),
});
const first = creating('0001_first', 'first');
const second = creating('0002_second', 'second');
const broken: Migration = {
  name: '0003_broken',
  async up(db) {
    await sql`create table third (id integer)`.execute(db);
    await sql`select 1 / 0`.execute(db);
  },
  down: () => Promise.reject(new Error('there is no way back from 0003_broken: the old values are gone')),
};

async function tables({ owner }: Database): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1`.execute(owner);
  return rows.map(({ name }) => name).filter((name) => name !== 'quarterdeck_migrations');
}

test('the list is in the order of its numbers, each used once', () => {
  const names = migrations.map(({ name }) => name);
  expect(names).toEqual([...names].sort());
  expect(new Set(names.map((name) => name.slice(0, 4))).size).toBe(names.length);
});

describe.each(databaseKinds)('migrations on %s', (kind) => {
  let opened: OpenedDatabase;
  let database: Database;
  beforeAll(async () => {
    opened = await openTestDatabase(kind, { migrated: false });
    database = opened.database;
  }, 60_000);
  afterAll(() => opened.close());

  test('run in order, and only what is missing', async () => {
    expect(await migrationStatus(database, [first, second])).toEqual({
      applied: [],
      pending: ['0001_first', '0002_second'],
      unknown: [],
      incompatible: [],
    });
    expect(await migrateUp(database, silentLog, [first])).toEqual(['0001_first']);
    expect(await migrateUp(database, silentLog, [first, second])).toEqual(['0002_second']);
    expect(await migrateUp(database, silentLog, [first, second])).toEqual([]);
    expect(await tables(database)).toEqual(['first', 'second']);
    const { applied, pending } = await migrationStatus(database, [first, second]);
    expect(applied).toEqual([
      { name: '0001_first', applied_at: expect.any(Date) },
      { name: '0002_second', applied_at: expect.any(Date) },
    ]);
    expect(pending).toEqual([]);
  });

  test('that fail leave nothing of themselves, and all before them', async () => {
    await expect(migrateUp(database, silentLog, [first, second, broken])).rejects.toThrow('division by zero');
    expect(await tables(database)).toEqual(['first', 'second']);
    expect((await migrationStatus(database, [first, second, broken])).pending).toEqual(['0003_broken']);
  });

  test('refuse a database that is newer than the program, up and down', async () => {
    const newer = /newer than this program: it has 0002_second.*Run the newer version/;
    await expect(migrateUp(database, silentLog, [first])).rejects.toThrow(newer);
    await expect(migrateDown(database, silentLog, { steps: 1 }, [first])).rejects.toThrow(newer);
    expect((await migrationStatus(database, [first])).unknown).toEqual(['0002_second']);
  });

  test('of a newer version are no obstacle where that says that this one works with them', async () => {
    const roomier: Migration = { ...creating('0003_roomier', 'roomier'), expands: true };
    expect(await migrateUp(database, silentLog, [first, second, roomier])).toEqual(['0003_roomier']);
    expect(await migrationStatus(database, [first, second])).toMatchObject({ pending: [], unknown: ['0003_roomier'], incompatible: [] });
    expect(await migrateUp(database, silentLog, [first, second])).toEqual([]);
    await expect(migrateDown(database, silentLog, { steps: 1 }, [first, second])).rejects.toThrow('newer than this program');
    expect(await migrateDown(database, silentLog, { steps: 1 }, [first, second, roomier])).toEqual(['0003_roomier']);
  });

  test('remember that in a table that an older version made without it', async () => {
    await sql`alter table quarterdeck_migrations drop column expands`.execute(database.owner);
    expect((await migrationStatus(database, [first])).incompatible).toEqual(['0002_second']);
    const third: Migration = { ...creating('0003_third', 'third'), expands: true };
    await migrateUp(database, silentLog, [first, second, third]);
    expect((await migrationStatus(database, [first])).incompatible).toEqual(['0002_second']);
    await migrateDown(database, silentLog, { steps: 1 }, [first, second, third]);
  });

  test('go back by steps or to a name, newest first', async () => {
    expect(await migrateDown(database, silentLog, { steps: 1 }, [first, second])).toEqual(['0002_second']);
    expect(await tables(database)).toEqual(['first']);
    await migrateUp(database, silentLog, [first, second]);
    await expect(migrateDown(database, silentLog, { to: '0009_typo' }, [first, second])).rejects.toThrow('no applied migration 0009_typo');
    expect(await migrateDown(database, silentLog, { to: '0001_first' }, [first, second])).toEqual(['0002_second']);
    expect(await migrateDown(database, silentLog, { steps: 9 }, [first, second])).toEqual(['0001_first']);
    expect(await tables(database)).toEqual([]);
  });

  test('all of ours go up, down without a trace, and up again', async () => {
    await migrateUp(database, silentLog);
    const before = await tables(database);
    await migrateDown(database, silentLog, { steps: migrations.length });
    expect(await tables(database)).toEqual([]);
    await migrateUp(database, silentLog);
    expect(await tables(database)).toEqual(before);
  });
});

/** Opens the database and migrates it, as a replica does at its start; prints what it ran. */
const replica = `
  const here = (path) => import(new URL(path, ${JSON.stringify(import.meta.url)}).href);
  const { openDatabase } = await here('./open.ts');
  const { migrateUp } = await here('./migrate.ts');
  const { createLog } = await here('../telemetry/log.ts');
  const log = createLog({ logLevel: 'silent' });
  const database = await openDatabase({ settings: JSON.parse(process.argv[1]), log });
  console.log(JSON.stringify(await migrateUp(database, log)));
  await database.close();
`;

test('ten replicas that start at once run each migration once', async () => {
  const opened = await openTestDatabase('postgres', { migrated: false, settings: { databasePool: 2 } });
  const outputs = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const args = ['--input-type=module', '--eval', replica, JSON.stringify(opened.settings)];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      child.stdout.on('data', (part: Buffer) => (text += part.toString()));
      const [status] = (await once(child, 'close')) as [number];
      expect(status).toBe(0);
      return JSON.parse(text) as string[];
    }),
  );
  expect(outputs.flat().sort()).toEqual(migrations.map(({ name }) => name));
  await opened.close();
}, 120_000);
