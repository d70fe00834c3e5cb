/** Finding tasks as callers name them, and showing them as callers read them. */

import type { Context } from '../../operations/context.ts';
import { historyOf } from '../../platform/events/outbox.ts';
import { blockersOf, isClaimed, isReady, noSuchTask, parseTaskId, priorityName } from './rules.ts';
import type { TaskView } from './schema.ts';
import { type TaskRow } from './rows.ts';
import { type Lock, findTasks } from './store.ts';

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
  const found = await findTasks(context, [...new Set(ids)].map(parseTaskId), lock);
  const missing = ids.find((id) => !found.some((task) => task.display_id === id));
  if (missing !== undefined) throw noSuchTask(missing);
  return found;
}

/** Shows one task with its notes. */
export function showTask(row: TaskRow, now: Date): TaskView {
  return { ...toView(row, now), notes: row.notes };
}

/** Shows tasks with their notes and newest changes. */
export async function showHistory(context: Context, rows: readonly TaskRow[]): Promise<TaskView[]> {
  const history = await loadHistory(context, rows);
  return rows.map((row) => ({ ...showTask(row, context.now), history: history.get(row.display_id) ?? [] }));
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

/** A task as a list shows it. */
export function toView(row: TaskRow, now: Date): TaskView {
  const { title, description, status, labels, assignee, due, attempts, version } = row;
  const { inputs, expected_outputs, outputs, created_by, created_at, updated_at, completed_at } = row;
  return {
    id: row.display_id,
    project: parseTaskId(row.display_id).key,
    title,
    description,
    status,
    priority: priorityName(row.priority),
    labels,
    assignee,
    parent: row.parent_display_id,
    due,
    depends_on: row.dependencies.map((needed) => needed.display_id),
    blocked_by: blockersOf(row),
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
