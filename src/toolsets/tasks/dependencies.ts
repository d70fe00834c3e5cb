/** SQL of the dependency graph, always within one workspace. */

import { sql } from 'kysely';
import type { TransactionScope } from '../../platform/database/types.ts';
import { taskTables } from './rows.ts';

/** Ids of what the task depends on. */
export async function dependenciesOf(scope: TransactionScope, task_id: string): Promise<string[]> {
  const rows = await taskTables(scope)
    .selectFrom('task_dependencies')
    .select('depends_on_id')
    .where('workspace_id', '=', scope.workspace_id)
    .where('task_id', '=', task_id)
    .execute();
  return rows.map((row) => row.depends_on_id);
}

/** Ids of the tasks that depend on this one and that the caller can see, as people write them. */
export async function dependentsOf(scope: TransactionScope, task_id: string): Promise<string[]> {
  const rows = await taskTables(scope)
    .selectFrom('task_dependencies as edge')
    .innerJoin('tasks as waiting', (join) =>
      join.onRef('waiting.workspace_id', '=', 'edge.workspace_id').onRef('waiting.id', '=', 'edge.task_id'),
    )
    .innerJoin('projects', (join) =>
      join.onRef('projects.workspace_id', '=', 'waiting.workspace_id').onRef('projects.id', '=', 'waiting.project_id'),
    )
    .where('edge.workspace_id', '=', scope.workspace_id)
    .where('edge.depends_on_id', '=', task_id)
    .select(sql<string>`projects.key || '-' || waiting.number`.as('display_id'))
    .orderBy('waiting.created_at')
    .limit(100)
    .execute();
  return rows.map((row) => row.display_id);
}

export interface Edge {
  task_id: string;
  depends_on_id: string;
  owner_id: string | null;
}

export async function insertDependencies(scope: TransactionScope, given: readonly Edge[]): Promise<void> {
  if (given.length === 0) return;
  // In the order of the dependencies, because the trigger locks each: two inserts then never wait for each other.
  const ordered = [...given].sort((a, b) => (a.depends_on_id < b.depends_on_id ? -1 : 1));
  await taskTables(scope)
    .insertInto('task_dependencies')
    .values(ordered.map((edge) => ({ ...edge, workspace_id: scope.workspace_id })))
    .execute();
}

export async function deleteDependencies(scope: TransactionScope, task_id: string, depends_on_ids: readonly string[]): Promise<void> {
  if (depends_on_ids.length === 0) return;
  await taskTables(scope)
    .deleteFrom('task_dependencies')
    .where('workspace_id', '=', scope.workspace_id)
    .where('task_id', '=', task_id)
    .where('depends_on_id', 'in', depends_on_ids)
    .execute();
}

/** Which of `candidates` already wait, directly or not, for `task_id`: a dependency on one of them would be a cycle. */
export async function waitingFor(scope: TransactionScope, task_id: string, candidates: readonly string[]): Promise<string[]> {
  if (candidates.length === 0) return [];
  const { rows } = await sql<{ id: string }>`
    with recursive waiting(id) as (
      select task_id from task_dependencies where workspace_id = ${scope.workspace_id} and depends_on_id = ${task_id}
      union
      select edge.task_id from task_dependencies edge join waiting on edge.depends_on_id = waiting.id
        where edge.workspace_id = ${scope.workspace_id}
    )
    select id from waiting where id = any(${[...candidates]}::uuid[])`.execute(scope.db);
  return rows.map((row) => row.id);
}

/** The task itself and every task that it is a part of, directly or not. */
export async function ancestorsOf(scope: TransactionScope, task_id: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    with recursive above(id, parent_id) as (
      select id, parent_id from tasks where workspace_id = ${scope.workspace_id} and id = ${task_id}
      union
      select tasks.id, tasks.parent_id from tasks join above on tasks.id = above.parent_id
        where tasks.workspace_id = ${scope.workspace_id}
    )
    select id from above`.execute(scope.db);
  return rows.map((row) => row.id);
}

/** One editor of the graph of a workspace at a time: two edits that are fine alone can close a cycle together. */
export async function lockGraph(scope: TransactionScope): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`tasks:${scope.workspace_id}`}, 0))`.execute(scope.db);
}
