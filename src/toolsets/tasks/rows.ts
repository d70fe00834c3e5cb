/** A task as it is stored, and the columns to read it with: ids as people write them, its parent and its dependencies among them. */

import { type ColumnType, type Generated, type JSONColumnType, type Selectable, sql } from 'kysely';
import type { TransactionScope } from '../../platform/database/types.ts';
import type { Actor } from '../../platform/identity/principal.ts';
import type { Status } from './schema.ts';

export type Json = Record<string, unknown>;
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

/** What a task waits for, or waited for. */
export interface Dependency {
  display_id: string;
  satisfied: boolean;
}

/** A task as it is stored, with what is needed to show it: ids as people write them, and its dependencies, the oldest first. */
export type TaskRow = Omit<Selectable<TaskTables['tasks']>, 'workspace_id'> & {
  display_id: string;
  parent_display_id: string | null;
  dependencies: Dependency[];
};

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

/**
 * Ids as people write them. Each row of another table is found by its key in a query of its own, and not by a join: a plan of
 * these cannot go wrong, also while a new table has no statistics yet.
 */
const keyOf = (alias: string) =>
  sql<string>`(select key from projects where projects.workspace_id = ${sql.ref(`${alias}.workspace_id`)} and projects.id = ${sql.ref(`${alias}.project_id`)})`;
const nameOf = (alias: string) => sql<string>`${keyOf(alias)} || '-' || ${sql.ref(`${alias}.number`)}`;

const parentName = sql<string | null>`(
  select ${nameOf('parent')} from tasks parent where parent.workspace_id = tasks.workspace_id and parent.id = tasks.parent_id)`;

/** In the order of their ids, which is that of their making. */
const dependencyList = sql<Dependency[]>`(
  select coalesce(json_agg(json_build_object(
      'display_id', (select ${nameOf('needed')} from tasks needed where needed.workspace_id = edge.workspace_id and needed.id = edge.depends_on_id),
      'satisfied', edge.satisfied) order by edge.depends_on_id), '[]')
  from task_dependencies edge where edge.workspace_id = tasks.workspace_id and edge.task_id = tasks.id)`;

/** The columns of a `TaskRow`. */
export const shownColumns = [
  ...taskColumns,
  nameOf('tasks').as('display_id'),
  parentName.as('parent_display_id'),
  dependencyList.as('dependencies'),
];

/** Whether there is a parent, or anything that it waits or waited for. Most tasks have neither, and then nobody need look for their names. */
const isRelated = sql<boolean>`(tasks.parent_id is not null or exists (
  select from task_dependencies edge where edge.workspace_id = tasks.workspace_id and edge.task_id = tasks.id))`;

/** For a statement that runs often and knows the project: `completeRow` makes a `TaskRow` of what it returns. */
export const leanColumns = [...taskColumns, isRelated.as('related')];

type LeanRow = Omit<TaskRow, 'display_id' | 'parent_display_id' | 'dependencies'> & { related: boolean };

export async function completeRow(scope: TransactionScope, key: string, { related, ...row }: LeanRow): Promise<TaskRow> {
  const display_id = `${key}-${row.number}`;
  if (!related) return { ...row, display_id, parent_display_id: null, dependencies: [] };
  const names = await taskTables(scope)
    .selectFrom('tasks')
    .where('tasks.workspace_id', '=', scope.workspace_id)
    .where('tasks.id', '=', row.id)
    .select([parentName.as('parent_display_id'), dependencyList.as('dependencies')])
    .executeTakeFirstOrThrow();
  return { ...row, display_id, ...names };
}
