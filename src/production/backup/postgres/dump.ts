/** A dump of a PostgreSQL database by its own `pg_dump`, of the moment in which the rows were counted. */

import { withSnapshot } from '../../../platform/database/snapshot.ts';
import type { Inventory } from '../../../platform/database/inventory.ts';
import type { Database } from '../../../platform/database/types.ts';
import type { Bytes } from '../content.ts';
import { findTool, output } from './tools.ts';

export interface DumpOptions {
  database: Database;
  databaseUrl: string;
  signal: AbortSignal | undefined;
}

/**
 * The custom format, which compresses by itself and which plain `pg_restore` reads. Row-level security stays on, because for the owner
 * `pg_dump` would rather fail than have it filter; our policies let it through, and the number of rows is compared after a restore.
 */
export function dumpPostgres<Result>(
  { database, databaseUrl, signal }: DumpOptions,
  store: (inventory: Inventory, content: Bytes) => Promise<Result>,
): Promise<Result> {
  return withSnapshot(database, async ({ id, inventory }) => {
    const tool = await findTool('pg_dump', inventory.server_version);
    const flags = ['--format=custom', '--enable-row-security', '--no-unlogged-table-data', `--snapshot=${id}`, '--no-password'];
    return store(inventory, output({ tool, databaseUrl, flags, signal }));
  });
}
