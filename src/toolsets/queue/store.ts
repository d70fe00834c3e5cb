/** SQL of claims that ran out. */

import { sql } from 'kysely';
import { transactionTime } from '../../platform/database/transaction-time.ts';
import type { TransactionScope } from '../../platform/database/types.ts';
import type { Actor } from '../../platform/identity/principal.ts';
import {
  type Note,
  type TaskChanges,
  type TaskRow,
  completeRow,
  isReadyIn,
  leanColumns,
  projectNamed,
  queueOrder,
  taskTables,
  toColumns,
  visibleTasks,
} from '../tasks/index.ts';

/** Who takes a task, and for how long. */
export interface NewClaim {
  claimed_by: Actor;
  lease_seconds: number;
}

/** When a lease that begins now ends. */
export const leaseEnd = (seconds: number) => sql<Date>`${transactionTime} + make_interval(secs => ${seconds})`;

/**
 * Claims the head of a project's queue and returns it, in one statement; rows that others are just claiming are passed over.
 * `unless a lease has ended`: takes nothing then, because what is held by nobody any more may come before the head.
 */
export async function claimHead(
  scope: TransactionScope,
  key: string,
  { claimed_by, lease_seconds }: NewClaim,
  when: 'always' | 'unless a lease has ended',
): Promise<TaskRow | undefined> {
  const project = sql<string>`(select id from project)`;
  const ended = sql<boolean>`exists (select from tasks held where held.workspace_id = ${scope.workspace_id}
    and held.project_id = ${project} and held.claimed_until <= ${transactionTime})`;
  const row = await taskTables(scope)
    .with('project', (db) => db.selectNoFrom(projectNamed(scope, key).as('id')))
    .with('head', (db) =>
      db
        .selectFrom('tasks')
        .select('tasks.id')
        .where('tasks.workspace_id', '=', scope.workspace_id)
        .where(isReadyIn(project))
        .$if(when !== 'always', (query) => query.where(sql<boolean>`not ${ended}`))
        .orderBy(queueOrder)
        .limit(sql.lit(1))
        .forUpdate()
        .skipLocked(),
    )
    .updateTable('tasks')
    .set({
      ...toColumns({ claimed_by, claimed_until: leaseEnd(lease_seconds), status: 'in_progress', claimed_at: transactionTime }),
      fence: sql`tasks.fence + 1`,
      version: sql`tasks.version + 1`,
      updated_at: transactionTime,
    })
    .where('tasks.workspace_id', '=', scope.workspace_id)
    .where('tasks.id', '=', (where) => where.selectFrom('head').select('head.id'))
    .returning(leanColumns)
    .executeTakeFirst();
  return row === undefined ? undefined : completeRow(scope, key, row);
}

/**
 * Changes the task that this fence holds, in one statement; gives it as it now is, and who held it until now.
 * undefined: the fence does not hold it, or there is no such task.
 */
export async function updateHeld(
  scope: TransactionScope,
  { key, number, fence }: { key: string; number: number; fence: number },
  changes: Omit<TaskChanges, 'notes'>,
  note: Omit<Note, 'at'> | undefined,
): Promise<{ row: TaskRow; holder: Actor | null } | undefined> {
  const found = await taskTables(scope)
    .with('held', (db) =>
      db
        .selectFrom('tasks')
        .select(['tasks.id', 'tasks.claimed_by'])
        .where('tasks.workspace_id', '=', scope.workspace_id)
        .where('tasks.project_id', '=', projectNamed(scope, key))
        .where('tasks.number', '=', number)
        .where('tasks.fence', '=', fence)
        // Not as an index would have it: the task is found by its number, and not among all that are held.
        .where(sql<boolean>`(tasks.claimed_until > ${transactionTime}) is true`)
        .forUpdate(),
    )
    .updateTable('tasks')
    .set({
      ...toColumns(changes),
      ...(note === undefined
        ? {}
        : { notes: sql`tasks.notes || jsonb_build_array(${JSON.stringify(note)}::jsonb || ${atTransactionTime})` }),
      version: sql`tasks.version + 1`,
      updated_at: transactionTime,
    })
    .where('tasks.workspace_id', '=', scope.workspace_id)
    .where('tasks.id', '=', (where) => where.selectFrom('held').select('held.id'))
    .returning((shown) => [...leanColumns, shown.selectFrom('held').select('held.claimed_by').as('holder')])
    .executeTakeFirst();
  if (found === undefined) return undefined;
  const { holder, ...row } = found;
  return { row: await completeRow(scope, key, row), holder };
}

/** As `Date.toISOString` writes it. */
const atTransactionTime = sql`jsonb_build_object('at', to_char(${transactionTime} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))`;

/** Leases returned in one go: enough to keep up, few enough to stay a short transaction. */
const batch = 100;

/** Tasks whose lease has ended, the oldest first, locked; those that somebody else is returning just now are left to them. */
export async function lockExpired(scope: TransactionScope, project_id?: string): Promise<TaskRow[]> {
  return visibleTasks(scope)
    .where('tasks.claimed_until', '<=', scope.now)
    .$if(project_id !== undefined, (query) => query.where('tasks.project_id', '=', project_id ?? ''))
    .orderBy('tasks.claimed_until')
    .limit(sql.lit(batch))
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
