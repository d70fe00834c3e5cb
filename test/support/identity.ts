/** A migrated database with one or more identities on it, as replicas would open them. */

import { rm } from 'node:fs/promises';
import { inject } from 'vitest';
import { readSettings } from '../../src/platform/config/read.ts';
import type { Settings } from '../../src/platform/config/settings.ts';
import { migrateUp } from '../../src/platform/database/migrate.ts';
import { openDatabase } from '../../src/platform/database/open.ts';
import type { Database, TransactionScope } from '../../src/platform/database/types.ts';
import { openIdentity } from '../../src/platform/identity/open.ts';
import type { Principal } from '../../src/platform/identity/principal.ts';
import type { Identity } from '../../src/platform/identity/types.ts';
import { createLog } from '../../src/platform/telemetry/log.ts';
import { createDataFolder, createMigratedDataFolder } from './data-folder.ts';
import { createMigratedTestDatabase } from './postgres.ts';

export type DatabaseKind = 'embedded' | 'postgres';

export interface IdentityHouse {
  settings: Settings;
  database: Database;
  /** Opens an identity as a replica: on PostgreSQL with connections of its own. */
  replica(options?: { settings?: Partial<Settings>; issuer?: string; loopback?: boolean }): Promise<Identity>;
  /** Runs `work` in a transaction of the principal's workspace. */
  within<Result>(principal: Principal, work: (scope: TransactionScope) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

export const issuer = 'http://127.0.0.1:8000';

/** One connection is the hardest case: whoever asks for a second one while it holds the first waits for itself. */
export async function openIdentityHouse(kind: DatabaseKind, { connections = 1 } = {}): Promise<IdentityHouse> {
  const data = kind === 'postgres' ? await createDataFolder() : await createMigratedDataFolder(inject('templates'));
  const postgres = kind === 'postgres' ? await createMigratedTestDatabase() : undefined;
  const { settings } = readSettings({ environment: { DATABASE_URL: postgres?.url }, folder: data, flags: { data } });
  const ours = { ...settings, databasePool: connections, logLevel: 'silent' as const };
  const log = createLog(ours);
  const database = await openDatabase({ settings: ours, log });
  await migrateUp(database, log);
  const opened: { close(): Promise<void> }[] = [];

  return {
    settings: ours,
    database,
    async replica({ settings: changed, loopback = true, issuer: address = issuer } = {}) {
      const own = { ...ours, ...changed };
      const connected = kind === 'postgres' ? await openDatabase({ settings: own, log }) : database;
      if (connected !== database) opened.unshift(connected);
      const identity = await openIdentity({ settings: own, database: connected, log, issuer: address, loopback });
      opened.unshift(identity);
      return identity;
    },
    within: ({ workspace_id, user_id }, work) => database.transaction({ workspace_id, user_id }, { mode: 'write' }, work),
    async close() {
      for (const item of opened) await item.close();
      await database.close();
      await postgres?.drop();
      await rm(data, { recursive: true, force: true });
    },
  };
}
