/** SQL of what clients of 2025 want to be told: one row for each credential. */

import { sql } from 'kysely';
import type { TransactionScope } from '../../../platform/database/types.ts';

export interface Wishes {
  /** Severity from which messages are wanted; null: none. */
  log_level: string | null;
  /** URIs whose changes are wanted. */
  resources: readonly string[];
}

type Tables = {
  mcp_wishes: Wishes & { workspace_id: string; principal_id: string; owner_id: string; resources: string[]; updated_at: Date };
};

const tables = (scope: TransactionScope) => scope.db.withTables<Tables>();

export async function findWishes(scope: TransactionScope, principal_id: string, lock = false): Promise<Wishes | undefined> {
  const query = tables(scope)
    .selectFrom('mcp_wishes')
    .select(['log_level', 'resources'])
    .where('workspace_id', '=', scope.workspace_id)
    .where('principal_id', '=', principal_id);
  return (lock ? query.forUpdate() : query).executeTakeFirst();
}

/** Makes the row if there is none, and changes it. */
export async function changeWishes(scope: TransactionScope, principal_id: string, change: (wishes: Wishes) => Wishes): Promise<void> {
  await tables(scope)
    .insertInto('mcp_wishes')
    .values({
      workspace_id: scope.workspace_id,
      principal_id,
      owner_id: scope.user_id,
      log_level: null,
      resources: [],
      updated_at: scope.now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const { log_level, resources } = change((await findWishes(scope, principal_id, true)) ?? { log_level: null, resources: [] });
  await tables(scope)
    .updateTable('mcp_wishes')
    .set({ log_level, resources: [...resources], updated_at: scope.now })
    .where('workspace_id', '=', scope.workspace_id)
    .where('principal_id', '=', principal_id)
    .execute();
}

/** Deletes what nobody has said for so long; returns how many. Runs as the system over all workspaces. */
export async function deleteOldWishes(scope: TransactionScope, days: number): Promise<number> {
  const { numDeletedRows } = await tables(scope)
    .deleteFrom('mcp_wishes')
    .where('updated_at', '<', sql<Date>`${scope.now}::timestamptz - make_interval(days => ${days})`)
    .executeTakeFirst();
  return Number(numDeletedRows);
}
