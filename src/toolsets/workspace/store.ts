/** SQL of projects, always within one workspace. */

import { type Generated, type JSONColumnType, sql } from 'kysely';
import type { TransactionScope } from '../../platform/database/types.ts';
import type { Actor } from '../../platform/identity/principal.ts';

type ProjectTables = {
  projects: {
    workspace_id: string;
    id: string;
    /** Whose own project it is; null: shared. */
    owner_id: string | null;
    key: string;
    name: string;
    /** The number that the next task gets. */
    next_number: Generated<number>;
    created_by: JSONColumnType<Actor>;
    created_at: Date;
  };
};

export interface ProjectRow {
  id: string;
  owner_id: string | null;
  key: string;
  name: string;
  next_number: number;
  created_by: Actor;
  created_at: Date;
}

const tables = (scope: TransactionScope) => scope.db.withTables<ProjectTables>();
const columns = ['id', 'owner_id', 'key', 'name', 'next_number', 'created_by', 'created_at'] as const;

/** Inserts the project; undefined when the key (or the caller's own project) exists already. */
export async function insertProject(
  scope: TransactionScope,
  project: { id: string; owner_id: string | null; key: string; name: string; created_by: Actor },
): Promise<ProjectRow | undefined> {
  return tables(scope)
    .insertInto('projects')
    .values({
      ...project,
      workspace_id: scope.workspace_id,
      created_by: JSON.stringify(project.created_by),
      created_at: scope.now,
    })
    .onConflict((conflicting) => conflicting.doNothing())
    .returning(columns)
    .executeTakeFirst();
}

/** A shared project by its key, or with `owner_id` that person's own. */
export async function findProjectRow(scope: TransactionScope, key: string, owner_id: string | null): Promise<ProjectRow | undefined> {
  return tables(scope)
    .selectFrom('projects')
    .select(columns)
    .where('workspace_id', '=', scope.workspace_id)
    .where('key', '=', key)
    .where('owner_id', owner_id === null ? 'is' : '=', owner_id)
    .executeTakeFirst();
}

/** Shared projects and the caller's own, by id, which is by age. */
export async function listProjectRows(scope: TransactionScope, page: { after: string | undefined; limit: number }): Promise<ProjectRow[]> {
  return tables(scope)
    .selectFrom('projects')
    .select(columns)
    .where('workspace_id', '=', scope.workspace_id)
    .where((where) => where.or([where('owner_id', 'is', null), where('owner_id', '=', scope.user_id)]))
    .$if(page.after !== undefined, (query) => query.where('id', '>', page.after ?? ''))
    .orderBy('id')
    .limit(page.limit)
    .execute();
}

/** Takes `count` task numbers of the project, and returns the first. Creators of one project queue up here. */
export async function takeNumbers(scope: TransactionScope, project_id: string, count: number): Promise<number> {
  const row = await tables(scope)
    .updateTable('projects')
    .set((set) => ({ next_number: set('next_number', '+', count) }))
    .where('workspace_id', '=', scope.workspace_id)
    .where('id', '=', project_id)
    .returning('next_number')
    .executeTakeFirstOrThrow();
  return row.next_number - count;
}

/** Deletes the project with its tasks. */
export async function deleteProjectRow(scope: TransactionScope, project_id: string): Promise<void> {
  await tables(scope).deleteFrom('projects').where('workspace_id', '=', scope.workspace_id).where('id', '=', project_id).execute();
}

/** What goes with a project, and how many tasks of other projects wait for its tasks. */
export interface ProjectContent {
  tasks: number;
  needed_elsewhere: number;
  sources: number;
}

export async function countContent(scope: TransactionScope, project_id: string): Promise<ProjectContent> {
  const { rows } = await sql<ProjectContent>`
    select
      (select count(*) from tasks where workspace_id = ${scope.workspace_id} and project_id = ${project_id}) as tasks,
      (select count(distinct waiting.id)
        from task_dependencies edge
        join tasks needed on needed.workspace_id = edge.workspace_id and needed.id = edge.depends_on_id
        join tasks waiting on waiting.workspace_id = edge.workspace_id and waiting.id = edge.task_id
        where edge.workspace_id = ${scope.workspace_id} and needed.project_id = ${project_id} and waiting.project_id <> ${project_id}
      ) as needed_elsewhere,
      (select count(*) from sources where workspace_id = ${scope.workspace_id} and project_id = ${project_id}) as sources`.execute(
    scope.db,
  );
  return rows[0] ?? { tasks: 0, needed_elsewhere: 0, sources: 0 };
}
