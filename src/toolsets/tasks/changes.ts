/** What a caller asks for, turned into what is stored: names become ids, and every reference is checked. */

import type { RawBuilder } from 'kysely';
import type { z } from 'zod';
import type { Context } from '../../operations/context.ts';
import { type Actor, actorOf } from '../../platform/identity/principal.ts';
import { conflict, invalidInput } from '../../platform/problem.ts';
import { ancestorsOf, deleteDependencies, dependenciesOf, insertDependencies, lockGraph, waitingFor } from './dependencies.ts';
import { loadTask } from './load.ts';
import { checkSharedReference, cycleThrough, priorityNumber } from './rules.ts';
import type { Status, taskFields, title } from './schema.ts';
import type { Note, TaskRow } from './rows.ts';
import type { TaskChanges } from './store.ts';

type Fields = { [Name in keyof typeof taskFields]?: z.output<(typeof taskFields)[Name]> } & { title?: z.output<typeof title> };

/** The plain fields, ready to be stored. `undefined` means: not asked for. */
export async function toChanges(context: Context, fields: Fields): Promise<TaskChanges> {
  const { priority, assignee, due, parent: _parent, depends_on: _dependsOn, ...plain } = fields;
  return dropUndefined({
    ...plain,
    priority: priority === undefined ? undefined : priorityNumber(priority),
    assignee: assignee === undefined || assignee === null ? assignee : await findAssignee(context, assignee),
    due: due === undefined || due === null ? due : new Date(due),
  });
}

function dropUndefined<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Value;
}

/** @throws Problem `invalid_input` */
export async function findAssignee(context: Context, text: string): Promise<Actor> {
  const found = await context.identity.findActor(context, context.principal, text);
  if (found !== undefined) return found;
  throw invalidInput({
    message: `assignee: nobody in this workspace is called ${text}.`,
    next: 'Use me, the e-mail address or id of a member, or the name or id of an API key.',
    details: { problems: [{ path: 'assignee', message: 'is nobody in this workspace' }] },
  });
}

/** The id of the parent. @throws Problem when it is not visible, personal, or a part of the task itself. */
export async function findParent(context: Context, task: { id?: string; owner_id: string | null }, name: string): Promise<string> {
  const parent = await loadTask(context, name);
  checkSharedReference(task, parent, 'parent');
  if (task.id !== undefined && (await ancestorsOf(context, parent.id)).includes(task.id))
    throw conflict({
      message: `${name} cannot be the parent: it is this task, or a part of it.`,
      next: 'Choose another parent, or set parent to null.',
      details: { parent: name },
    });
  return parent.id;
}

/** Makes `needed` the whole set of what the task depends on. @throws Problem `dependency_cycle` */
export async function replaceDependencies(context: Context, task: TaskRow, needed: readonly TaskRow[]): Promise<void> {
  await lockGraph(context);
  const before = await dependenciesOf(context, task.id);
  const added = needed.filter((row) => !before.includes(row.id));
  const removed = before.filter((id) => !needed.some((row) => row.id === id));
  for (const row of added) checkSharedReference(task, row, 'depends_on');
  const itself = added.find((row) => row.id === task.id);
  if (itself !== undefined) throw cycleThrough(task.display_id, task.display_id);
  await deleteDependencies(context, task.id, removed);
  const [cycle] = await waitingFor(
    context,
    task.id,
    added.map((row) => row.id),
  );
  if (cycle !== undefined) throw cycleThrough(task.display_id, added.find((row) => row.id === cycle)?.display_id ?? 'it');
  await insertDependencies(
    context,
    added.map((row) => ({ task_id: task.id, depends_on_id: row.id, owner_id: task.owner_id })),
  );
}

/** Everything that follows from a new status: the claim ends with the work, and completion has its time. */
export function settle(status: Status, now: Date | RawBuilder<Date>): TaskChanges {
  const completed_at = status === 'completed' ? now : null;
  if (status === 'in_progress') return { status, completed_at };
  return { status, completed_at, claimed_by: null, claimed_at: null, claimed_until: null };
}

export function addNote(context: Context, task: { notes: readonly Note[] }, text: string | undefined): TaskChanges {
  if (text === undefined) return {};
  return { notes: [...task.notes, { text, by: actorOf(context.principal), at: context.now.toISOString() }] };
}
