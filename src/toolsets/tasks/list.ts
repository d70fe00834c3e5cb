/** SQL of the list of tasks, always within one workspace. */

import { type SqlBool, sql } from 'kysely';
import type { TransactionScope } from '../../platform/database/types.ts';
import type { Status } from './schema.ts';
import { type TaskRow } from './rows.ts';
import { isReadyNow, visibleTasks } from './store.ts';

export interface TaskFilter {
  project_id?: string | undefined;
  status?: Status | undefined;
  ready?: boolean | undefined;
  label?: string | undefined;
  assignee_id?: string | undefined;
  /** Words to find in the title or the description. */
  query?: string | undefined;
  updated_after?: string | undefined;
  /** The id of the last task of the page before. */
  after?: string | undefined;
  limit: number;
}

/** Newest first. */
export async function listTaskRows(scope: TransactionScope, filter: TaskFilter): Promise<TaskRow[]> {
  let query = visibleTasks(scope);
  if (filter.project_id !== undefined) query = query.where('tasks.project_id', '=', filter.project_id);
  if (filter.status !== undefined) query = query.where('tasks.status', '=', sql.lit(filter.status));
  if (filter.ready !== undefined) query = query.where(filter.ready ? isReadyNow : sql<SqlBool>`not (${isReadyNow})`);
  if (filter.label !== undefined) query = query.where(sql<SqlBool>`tasks.labels @> array[${filter.label}]::text[]`);
  if (filter.assignee_id !== undefined) query = query.where(sql<SqlBool>`tasks.assignee ->> 'id' = ${filter.assignee_id}`);
  if (filter.updated_after !== undefined) query = query.where('tasks.updated_at', '>', new Date(filter.updated_after));
  for (const word of (filter.query ?? '').split(/\s+/).filter((part) => part !== '')) {
    const pattern = `%${word.replace(/[\\%_]/g, '\\$&')}%`;
    query = query.where((where) => where.or([where('tasks.title', 'ilike', pattern), where('tasks.description', 'ilike', pattern)]));
  }
  if (filter.after !== undefined) query = query.where('tasks.id', '<', filter.after);
  // As a literal: a prepared statement is planned without knowing its parameters, and a page of unknown length would be sorted.
  return query.orderBy('tasks.id', 'desc').limit(sql.lit(filter.limit)).execute();
}
