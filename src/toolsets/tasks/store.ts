/** SQL of tasks and their dependencies, always within one workspace. */

import { type ColumnType, type Generated, type JSONColumnType, type Selectable, sql } from 'kysely';
import type { TransactionScope } from '../../platform/database/types.ts';
import type { Actor } from '../../platform/identity/principal.ts';
import type { Status } from './schema.ts';

type Json = Record<string, unknown>;
type NullableJson<Value> = ColumnType<Value | null, string | null, string | null>;

export interface Note {
  text: string;
  by: Actor;
  at: string;
}

export type TaskTables = {
  tasks: {
    workspace_id: string;
    id: string;
    project_id: string;
    owner_id: string | null;
    number: number;
    title: string;
    description: string;
    status: Status;
    priority: number;
    labels: string[];
    assignee: NullableJson<Actor>;
    parent_id: string | null;
    due: Date | null;
    inputs: NullableJson<Json>;
    expected_outputs: NullableJson<Json>;
    outputs: NullableJson<Json>;
    notes: JSONColumnType<Note[]>;
    open_dependencies: Generated<number>;
    attempts: Generated<number>;
    version: Generated<number>;
    fence: Generated<number>;
    claimed_by: NullableJson<Actor>;
    claimed_at: Date | null;
    claimed_until: Date | null;
    created_by: JSONColumnType<Actor>;
    created_at: Date;
    updated_at: Date;
    completed_at: Date | null;
  };
  projects: { workspace_id: string; id: string; key: string };
  task_dependencies: {
    workspace_id: string;
    owner_id: string | null;
    task_id: string;
    depends_on_id: string;
    satisfied: Generated<boolean>;
  };
};

/** A task as it is stored, with the key of its project and its id as people write it. */
export type TaskRow = Omit<Selectable<TaskTables['tasks']>, 'workspace_id'> & { project_key: string; display_id: string };

export const taskTables = (scope: TransactionScope) => scope.db.withTables<TaskTables>();

const taskColumns = [
  'tasks.id',
  'tasks.project_id',
  'tasks.owner_id',
  'tasks.number',
  'tasks.title',
  'tasks.description',
  'tasks.status',
  'tasks.priority',
  'tasks.labels',
  'tasks.assignee',
  'tasks.parent_id',
  'tasks.due',
  'tasks.inputs',
  'tasks.expected_outputs',
  'tasks.outputs',
  'tasks.notes',
  'tasks.open_dependencies',
  'tasks.attempts',
  'tasks.version',
  'tasks.fence',
  'tasks.claimed_by',
  'tasks.claimed_at',
  'tasks.claimed_until',
  'tasks.created_by',
  'tasks.created_at',
  'tasks.updated_at',
  'tasks.completed_at',
] as const;

/** Every task that the caller may see: shared ones and its own. */
export function visibleTasks(scope: TransactionScope) {
  return taskTables(scope)
    .selectFrom('tasks')
    .innerJoin('projects', (join) =>
      join.onRef('projects.workspace_id', '=', 'tasks.workspace_id').onRef('projects.id', '=', 'tasks.project_id'),
    )
    .where('tasks.workspace_id', '=', scope.workspace_id)
    .where((where) => where.or([where('tasks.owner_id', 'is', null), where('tasks.owner_id', '=', scope.user_id)]))
    .select([...taskColumns, 'projects.key as project_key', sql<string>`projects.key || '-' || tasks.number`.as('display_id')]);
}

export type Lock = 'read' | 'share' | 'update';

/** Tasks by project key and number, in the order of their ids, which is the order in which they are locked. */
export async function findTasks(
  scope: TransactionScope,
  names: readonly { key: string; number: number; personal: boolean }[],
  lock: Lock,
): Promise<TaskRow[]> {
  if (names.length === 0) return [];
  return visibleTasks(scope)
    .where((where) =>
      where.or(
        names.map(({ key, number, personal }) =>
          where.and([
            where('projects.key', '=', key),
            where('tasks.number', '=', number),
            where('tasks.owner_id', personal ? '=' : 'is', personal ? scope.user_id : null),
          ]),
        ),
      ),
    )
    .orderBy('tasks.id')
    .$if(lock === 'share', (query) => query.forShare('tasks'))
    .$if(lock === 'update', (query) => query.forUpdate('tasks'))
    .execute();
}

export async function tasksByIds(scope: TransactionScope, ids: readonly string[]): Promise<TaskRow[]> {
  if (ids.length === 0) return [];
  return visibleTasks(scope).where('tasks.id', 'in', ids).execute();
}

/** The head of the queue: highest priority, then oldest. */
export async function firstReadyTask(
  scope: TransactionScope,
  project_id: string,
  lock: 'skip locked' | 'read',
): Promise<TaskRow | undefined> {
  return visibleTasks(scope)
    .where('tasks.project_id', '=', project_id)
    .where('tasks.status', '=', 'pending')
    .where('tasks.open_dependencies', '=', 0)
    .orderBy('tasks.priority', 'desc')
    .orderBy('tasks.created_at')
    .orderBy('tasks.number')
    .limit(1)
    .$if(lock === 'skip locked', (query) => query.forUpdate('tasks').skipLocked())
    .executeTakeFirst();
}

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
  claimed_at?: Date | null;
  claimed_until?: Date | null;
  completed_at?: Date | null;
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

/** Saves the changes and counts the version up. */
export async function updateTaskRow(scope: TransactionScope, id: string, changes: TaskChanges): Promise<void> {
  const { assignee, inputs, expected_outputs, outputs, notes, claimed_by, ...plain } = changes;
  const json = { assignee, inputs, expected_outputs, outputs, notes, claimed_by };
  const given = Object.fromEntries(
    Object.entries(json)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, asJson(value ?? null)]),
  );
  await taskTables(scope)
    .updateTable('tasks')
    .set((set) => ({ ...plain, ...given, version: set('version', '+', 1), updated_at: scope.now }))
    .where('workspace_id', '=', scope.workspace_id)
    .where('id', '=', id)
    .execute();
}

export async function deleteTaskRow(scope: TransactionScope, id: string): Promise<void> {
  await taskTables(scope).deleteFrom('tasks').where('workspace_id', '=', scope.workspace_id).where('id', '=', id).execute();
}

/** jsonb null is stored as SQL null, so that `is null` means what it says. */
function asJson(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
