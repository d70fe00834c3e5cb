/** Whether a restored database holds what its manifest says, and is a good one. */

import { internalsOf } from '../../platform/database/internals.ts';
import { type Inventory, takeInventory } from '../../platform/database/inventory.ts';
import type { Database } from '../../platform/database/types.ts';
import { brokenInvariants } from './invariants.ts';
import type { Manifest } from './manifest.ts';
import { majorOf } from './postgres/tools.ts';

/** One sentence for each thing that is wrong; none: it is what was backed up. */
export function inspect(database: Database, manifest: Manifest): Promise<string[]> {
  return internalsOf(database).unhurried((db) =>
    db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (transaction) => {
        const differences = compare(manifest, await takeInventory(transaction));
        // Without the tables the questions would fail instead of being answered.
        return differences.length > 0 ? differences : brokenInvariants(transaction);
      }),
  );
}

type Expected = Pick<Manifest, 'rows' | 'migration' | 'schema_hash' | 'server_version'>;

export function compare(expected: Expected, found: Pick<Inventory, keyof Expected>): string[] {
  const tables = new Set([...Object.keys(expected.rows), ...Object.keys(found.rows)]);
  const counts = [...tables].flatMap((table) => {
    const [was, is] = [expected.rows[table], found.rows[table]];
    if (was === is) return [];
    if (is === undefined) return [`${table} is missing, and had ${was} rows`];
    return [was === undefined ? `${table} is there, and was not` : `${table} has ${is} rows, and had ${was}`];
  });
  const migration =
    expected.migration === found.migration
      ? []
      : [`the newest migration is ${found.migration ?? 'none'}, and was ${expected.migration ?? 'none'}`];
  return [...counts, ...migration, ...compareShape(expected, found)];
}

/** Another major version may word the same definitions otherwise; there, the rows have to do. */
function compareShape(expected: Expected, found: Pick<Inventory, keyof Expected>): string[] {
  if (majorOf(expected.server_version) !== majorOf(found.server_version) || expected.schema_hash === found.schema_hash) return [];
  return ['the tables, policies or rights are not those that were backed up'];
}
