/** SQL of tasks and their dependencies, always within one workspace. */

import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { TransactionScope } from '../../platform/database/types.ts';
import type { Actor } from '../../platform/identity/principal.ts';
import { personalKey } from '../workspace/index.ts';
import { type Json, type Note, type TaskRow, shownColumns, taskTables } from './rows.ts';
import type { Status } from './schema.ts';

/** The id of a project by its key: a shared one, or the caller's own. */
export const projectNamed = (scope: TransactionScope, key: string) =>
  sql<string>`(select id from projects where workspace_id = ${scope.workspace_id} and key = ${key}
    and owner_id ${key === personalKey ? sql`= ${scope.user_id}` : sql`is null`})`;

/** Every task that the caller may see: shared ones and its own. */
export function visibleTasks(scope: TransactionScope) {
  return taskTables(scope)
    .selectFrom('tasks')
    .where('tasks.workspace_id', '=', scope.workspace_id)
    .where((where) => where.or([where('tasks.owner_id', 'is', null), where('tasks.owner_id', '=', scope.user_id)]))
    .select(shownColumns);
}

export type Lock = 'read' | 'share' | 'update';

/**
 * Tasks by project key and number, in the order of their ids, which is the order in which they are locked. One alone is not sorted, and
 * several not by an index: with either, PostgreSQL may take the index that has the order, and read whole projects to find the numbers.
 */
export async function findTasks(
  scope: TransactionScope,
  names: readonly { key: string; number: number }[],
  lock: Lock,
): Promise<TaskRow[]> {
  if (names.length === 0) return [];
  return visibleTasks(scope)
    .where((where) =>
      where.or(
        names.map(({ key, number }) =>
          where.and([where('tasks.project_id', '=', projectNamed(scope, key)), where('tasks.number', '=', number)]),
        ),
      ),
    )
    .$if(names.length > 1, (query) => query.orderBy(sql`tasks.id::text collate "C"`))
    .$if(lock === 'share', (query) => query.forShare('tasks'))
    .$if(lock === 'update', (query) => query.forUpdate('tasks'))
    .execute();
}

export async function tasksByIds(scope: TransactionScope, ids: readonly string[]): Promise<TaskRow[]> {
  if (ids.length === 0) return [];
  return visibleTasks(scope)
    .where('tasks.id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .execute();
}

export const isReadyNow = sql<SqlBool>`tasks.status = 'pending' and tasks.open_dependencies = 0`;

/** What the queue of a project gives, in the words of the index `tasks_ready`. */
export const isReadyIn = (project: RawBuilder<string>) =>
  sql<SqlBool>`${isReadyNow} and (case when ${isReadyNow} then tasks.project_id end) = ${project}`;

/** What comes next: highest priority, then oldest. */
export const queueOrder = sql`tasks.priority desc, tasks.created_at, tasks.number`;

/** The head of the queue, without taking it. */
export async function firstReadyTask(scope: TransactionScope, project_id: string): Promise<TaskRow | undefined> {
  return visibleTasks(scope)
    .where(isReadyIn(sql`${project_id}::uuid`))
    .orderBy(queueOrder)
    .limit(sql.lit(1))
    .executeTakeFirst();
}

/** One that is known, or that the statement works out. */
type Time = Date | RawBuilder<Date>;

/** What a caller may set; everything else follows from rules. */
export interface TaskChanges {
  title?: string;
  description?: string;
  status?: Status;
  priority?: number;
  labels?: string[];
  assignee?: Actor | null;
  parent_id?: string | null;
  due?: Date | null;
  inputs?: Json | null;
  expected_outputs?: Json | null;
  outputs?: Json | null;
  notes?: Note[];
  attempts?: number;
  fence?: number;
  claimed_by?: Actor | null;
  claimed_at?: Time | null;
  claimed_until?: Time | null;
  completed_at?: Time | null;
}

export interface NewTask extends TaskChanges {
  id: string;
  project_id: string;
  owner_id: string | null;
  number: number;
  title: string;
  created_by: Actor;
}

export async function insertTasks(scope: TransactionScope, tasks: readonly NewTask[]): Promise<void> {
  await taskTables(scope)
    .insertInto('tasks')
    .values(
      tasks.map((task) => ({
        workspace_id: scope.workspace_id,
        id: task.id,
        project_id: task.project_id,
        owner_id: task.owner_id,
        number: task.number,
        title: task.title,
        description: task.description ?? '',
        status: 'pending' as const,
        priority: task.priority ?? 1,
        labels: task.labels ?? [],
        assignee: asJson(task.assignee ?? null),
        parent_id: task.parent_id ?? null,
        due: task.due ?? null,
        inputs: asJson(task.inputs ?? null),
        expected_outputs: asJson(task.expected_outputs ?? null),
        outputs: asJson(null),
        notes: '[]',
        claimed_by: asJson(null),
        created_by: JSON.stringify(task.created_by),
        created_at: scope.now,
        updated_at: scope.now,
      })),
    )
    .execute();
}

/** Saves the changes, counts the version up, and returns the task as it now is. */
export async function updateTaskRow(scope: TransactionScope, id: string, changes: TaskChanges): Promise<TaskRow> {
  return taskTables(scope)
    .updateTable('tasks')
    .set((set) => ({ ...toColumns(changes), version: set('version', '+', 1), updated_at: scope.now }))
    .where('workspace_id', '=', scope.workspace_id)
    .where('id', '=', id)
    .returning(shownColumns)
    .executeTakeFirstOrThrow();
}

/** Changes as they are stored: JSON as text. */
export function toColumns({ assignee, inputs, expected_outputs, outputs, notes, claimed_by, ...plain }: TaskChanges) {
  const json = { assignee, inputs, expected_outputs, outputs, notes, claimed_by };
  const given = Object.fromEntries(
    Object.entries(json)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, asJson(value ?? null)]),
  );
  return { ...plain, ...given };
}

export async function deleteTaskRow(scope: TransactionScope, id: string): Promise<void> {
  await taskTables(scope).deleteFrom('tasks').where('workspace_id', '=', scope.workspace_id).where('id', '=', id).execute();
}

/** jsonb null is stored as SQL null, so that `is null` means what it says. */
function asJson(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
