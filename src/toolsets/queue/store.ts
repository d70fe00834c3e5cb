/** SQL of claims that ran out. */

import { sql } from 'kysely';
import type { TransactionScope } from '../../platform/database/types.ts';
import { type TaskRow, taskTables, visibleTasks } from '../tasks/index.ts';

/** Leases returned in one go: enough to keep up, few enough to stay a short transaction. */
const batch = 100;

/** Tasks whose lease has ended, locked; those that somebody else is returning just now are left to them. */
export async function lockExpired(scope: TransactionScope, project_id?: string): Promise<TaskRow[]> {
  return visibleTasks(scope)
    .where('tasks.claimed_until', '<=', scope.now)
    .$if(project_id !== undefined, (query) => query.where('tasks.project_id', '=', project_id ?? ''))
    .orderBy('tasks.id')
    .limit(batch)
    .forUpdate('tasks')
    .skipLocked()
    .execute();
}

/** Whose leases have ended, over all workspaces; for the sweeper, as the system. */
export async function tenantsWithExpired(scope: TransactionScope): Promise<{ workspace_id: string; owner_id: string | null }[]> {
  return taskTables(scope)
    .selectFrom('tasks')
    .select(['workspace_id', 'owner_id'])
    .distinct()
    .where('claimed_until', '<=', sql<Date>`now()`)
    .limit(batch)
    .execute();
}
