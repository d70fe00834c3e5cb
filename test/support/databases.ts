/** Opens a fresh database of either kind for one test file, with the settings that the test is about. */

import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { KyselyPlugin } from 'kysely';
import { inject } from 'vitest';
import { readSettings } from '../../src/platform/config/read.ts';
import type { Settings } from '../../src/platform/config/settings.ts';
import { migrateUp } from '../../src/platform/database/migrate.ts';
import { openDatabase } from '../../src/platform/database/open.ts';
import type { Database } from '../../src/platform/database/types.ts';
import { createLog } from '../../src/platform/telemetry/log.ts';
import { createDataFolder, createMigratedDataFolder } from './data-folder.ts';
import { createMigratedTestDatabase, createTestDatabase } from './postgres.ts';

export const databaseKinds = ['embedded', 'postgres'] as const;
export type DatabaseKind = (typeof databaseKinds)[number];

export interface OpenedDatabase {
  database: Database;
  settings: Settings;
  /** Closes and deletes it. */
  close(): Promise<void>;
}

export interface OpenOptions {
  /** Over the defaults. */
  settings?: Partial<Settings>;
  plugins?: KyselyPlugin[];
  /** Default: true. */
  migrated?: boolean;
}

export const silentLog = createLog({ logLevel: 'silent' });

/** Embedded takes about half a second, or two when it is not migrated, because that is not copied from a template; PostgreSQL a fifth of one. */
export async function openTestDatabase(
  kind: DatabaseKind,
  { settings, plugins, migrated = true }: OpenOptions = {},
): Promise<OpenedDatabase> {
  const place = await createPlace(kind, migrated);
  const all: Settings = { ...defaultSettings(), ...place.settings, ...settings };
  const database = await openDatabase({ settings: all, log: silentLog, plugins });
  if (migrated) await migrateUp(database, silentLog);
  return {
    database,
    settings: all,
    async close() {
      await database.close();
      await place.remove();
    },
  };
}

/** The defaults, whatever the environment of the test run says. */
export function defaultSettings(): Settings {
  return readSettings({ environment: {}, folder: tmpdir() }).settings;
}

async function createPlace(kind: DatabaseKind, migrated: boolean): Promise<{ settings: Partial<Settings>; remove(): Promise<void> }> {
  if (kind === 'postgres') {
    const { url, drop } = await (migrated ? createMigratedTestDatabase() : createTestDatabase());
    return { settings: { databaseUrl: url }, remove: drop };
  }
  const data = migrated ? await createMigratedDataFolder(inject('templates')) : await createDataFolder();
  return { settings: { data }, remove: () => rm(data, { recursive: true, force: true }) };
}
