/** Finding tasks as callers name them, and showing them as callers read them. */

import type { Context } from '../../operations/context.ts';
import { historyOf } from '../../platform/events/outbox.ts';
import { personalKey } from '../workspace/index.ts';
import { dependenciesOf } from './dependencies.ts';
import { isClaimed, isReady, noSuchTask, parseTaskId, priorityName } from './rules.ts';
import type { TaskView } from './schema.ts';
import { type Lock, type TaskRow, findTasks, tasksByIds } from './store.ts';

/** Newest changes shown with `detail: full`. */
const historyLength = 20;

/** @throws Problem `not_found`, also for tasks of others. */
export async function loadTask(context: Context, id: string, lock: Lock = 'read'): Promise<TaskRow> {
  const [task] = await loadTasks(context, [id], lock);
  if (task === undefined) throw noSuchTask(id);
  return task;
}

/** @throws Problem `not_found` for the first id that is none. */
export async function loadTasks(context: Context, ids: readonly string[], lock: Lock = 'read'): Promise<TaskRow[]> {
  const names = [...new Set(ids)].map((id) => ({ ...parseTaskId(id), personal: parseTaskId(id).key === personalKey }));
  const found = await findTasks(context, names, lock);
  const missing = ids.find((id) => !found.some((task) => task.display_id === id));
  if (missing !== undefined) throw noSuchTask(missing);
  return found;
}

/** Shows one task, read again after a change. */
export async function showTask(context: Context, id: string, detail: 'brief' | 'full' = 'brief'): Promise<TaskView> {
  const [view] = await showTasks(context, await tasksByIds(context, [id]), { notes: true, history: detail === 'full' });
  if (view === undefined) throw noSuchTask(id);
  return view;
}

export async function showTasks(
  context: Context,
  rows: readonly TaskRow[],
  show: { notes: boolean; history: boolean },
): Promise<TaskView[]> {
  const edges = await dependenciesOf(
    context,
    rows.map((row) => row.id),
  );
  const parents = await tasksByIds(
    context,
    rows.flatMap((row) => (row.parent_id === null ? [] : [row.parent_id])),
  );
  const history = show.history ? await loadHistory(context, rows) : undefined;
  return rows.map((row) => {
    const needs = edges.filter((edge) => edge.task_id === row.id);
    return {
      ...toView(row, context.now),
      parent: parents.find((parent) => parent.id === row.parent_id)?.display_id ?? null,
      depends_on: needs.map((edge) => edge.display_id),
      blocked_by: needs.filter((edge) => !edge.satisfied).map((edge) => edge.display_id),
      ...(show.notes ? { notes: row.notes } : {}),
      ...(history === undefined ? {} : { history: history.get(row.display_id) ?? [] }),
    };
  });
}

async function loadHistory(context: Context, rows: readonly TaskRow[]): Promise<Map<string, NonNullable<TaskView['history']>>> {
  const events = await historyOf(
    context,
    rows.map((row) => row.display_id),
    historyLength,
  );
  return Map.groupBy(
    events.map(({ type, actor, at, data, subject }) => ({ type, by: actor, at, data, subject })),
    (event) => event.subject,
  );
}

function toView(row: TaskRow, now: Date): Omit<TaskView, 'parent' | 'depends_on' | 'blocked_by'> {
  const { title, description, status, labels, assignee, due, attempts, version } = row;
  const { inputs, expected_outputs, outputs, created_by, created_at, updated_at, completed_at } = row;
  return {
    id: row.display_id,
    project: row.project_key,
    title,
    description,
    status,
    priority: priorityName(row.priority),
    labels,
    assignee,
    due,
    ready: isReady(row),
    attempts,
    version,
    claim: toClaim(row, now),
    inputs,
    expected_outputs,
    outputs,
    created_by,
    created_at,
    updated_at,
    completed_at,
  };
}

/** The claim as it is shown; a lease that ran out is none, also before it is swept. */
export function toClaim(row: TaskRow, now: Date): TaskView['claim'] {
  if (!isClaimed(row, now) || row.claimed_by === null || row.claimed_until === null) return null;
  return { fence: row.fence, holder: row.claimed_by, claimed_at: row.claimed_at ?? row.updated_at, expires_at: row.claimed_until };
}
