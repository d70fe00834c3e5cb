/** Restores a dump into an empty PostgreSQL database, and makes right what a dump cannot carry to another server. */

import { sql } from 'kysely';
import { internalsOf } from '../../../platform/database/internals.ts';
import { appRole, appRoleExists, grantToAppRole, makeAppRole } from '../../../platform/database/security.ts';
import type { Database } from '../../../platform/database/types.ts';
import { settleEvents } from '../../../platform/events/restored.ts';
import type { Manifest } from '../manifest.ts';
import { findTool, runTool } from './tools.ts';

export interface RestoreOptions {
  /** Empty; opened on `databaseUrl`. */
  database: Database;
  databaseUrl: string;
  serverVersion: string;
  /** The dump, checked and decrypted. */
  file: string;
  manifest: Manifest;
  signal: AbortSignal | undefined;
}

/** @throws Error with what `pg_restore` complained of; the database is then half filled */
export async function restorePostgres({ database, databaseUrl, serverVersion, file, manifest, signal }: RestoreOptions): Promise<void> {
  const tool = await findTool('pg_restore', serverVersion);
  await internalsOf(database).unhurried((db) => (manifest.app_role ? requireAppRole(db) : Promise.resolve()));
  // Without owners and privileges: they name roles of the server that the dump is from.
  const flags = [
    '--exit-on-error',
    '--no-owner',
    '--no-privileges',
    '--no-password',
    `--dbname=${new URL(databaseUrl).pathname.slice(1)}`,
    file,
  ];
  await runTool({ tool, databaseUrl, flags, signal });
  await internalsOf(database).unhurried(async (db) => {
    await db.transaction().execute(async (transaction) => {
      await sql`select set_config('app.system', 'on', true)`.execute(transaction);
      if (manifest.app_role) await grantToAppRole(transaction);
      await settleEvents(transaction);
    });
    // A dump has no statistics, and the first plans of a full table would be those of an empty one.
    await sql`analyze`.execute(db);
  });
}

async function requireAppRole(db: Parameters<typeof makeAppRole>[0]): Promise<void> {
  await makeAppRole(db);
  if (await appRoleExists(db)) return;
  throw new Error(
    `The backup needs the role ${appRole}, which keeps workspaces apart, and this user may not make it. Run \`create role ${appRole} nologin; grant ${appRole} to …\` as an administrator.`,
  );
}
