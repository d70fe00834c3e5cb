/** One moment of a database, held while somebody copies it. */

import { constants } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { internalsOf } from './internals.ts';
import { type Inventory, takeInventory } from './inventory.ts';
import type { Database } from './types.ts';

export interface Snapshot {
  /** What `pg_dump --snapshot` takes. */
  id: string;
  inventory: Inventory;
}

/**
 * Runs `work` while a transaction of PostgreSQL holds the snapshot that the inventory was read in. Writers are not held up; rows that
 * they replace meanwhile are kept, as in any dump.
 */
export function withSnapshot<Result>(database: Database, work: (snapshot: Snapshot) => Promise<Result>): Promise<Result> {
  return internalsOf(database).unhurried((db) =>
    db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(async (transaction) => {
        // It idles while the dump is written.
        await sql`set local idle_in_transaction_session_timeout = 0`.execute(transaction);
        const { rows } = await sql<{ id: string }>`select pg_export_snapshot() as id`.execute(transaction);
        const inventory = await takeInventory(transaction);
        return work({ id: rows[0]?.id ?? '', inventory });
      }),
  );
}

/**
 * Copies the files of the embedded database to `folder`/database while nobody writes: its one connection is held meanwhile. What is
 * copied is what a crash at this moment would leave, after a checkpoint, so that there is next to nothing to recover.
 */
export async function copyEmbedded(database: Database, folder: string): Promise<Inventory> {
  const { place, unhurried } = internalsOf(database);
  if (database.kind !== 'embedded')
    throw new Error('The server on this data folder has its data in PostgreSQL. Set DATABASE_URL as it is set for that server.');
  return unhurried(async (db) => {
    const inventory = await db.transaction().setIsolationLevel('repeatable read').execute(takeInventory);
    await sql`checkpoint`.execute(db);
    await cp(join(place, 'database'), join(folder, 'database'), { recursive: true, mode: constants.COPYFILE_FICLONE, errorOnExist: true });
    return inventory;
  });
}
