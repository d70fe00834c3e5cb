/** The nouns of tasks: what a task is on the wire. */

import { z } from 'zod';
import { actor, jsonObject, line, smallJsonObject, timestamp, timestampInput } from '../../operations/fields.ts';

export const statuses = ['pending', 'in_progress', 'completed', 'cancelled', 'needs_attention'] as const;
export type Status = (typeof statuses)[number];

/** From least to most urgent; the place in the list is what the database stores. */
export const priorities = ['low', 'normal', 'high', 'urgent'] as const;
export type Priority = (typeof priorities)[number];

export const taskId = z
  .string()
  .trim()
  .regex(/^[A-Z][A-Z0-9]{0,9}-[1-9][0-9]{0,8}$/, 'must be a task id such as WEB-12')
  .describe('Id of a task, such as WEB-12');

/** Most dependencies and labels of one task: more is a sign of a task that should be several. */
export const maxDependencies = 100;
const maxLabels = 50;

export const note = z.object({ text: z.string(), by: actor, at: timestamp });

export const claim = z
  .object({
    fence: z.int().describe('Number of this claim; it grows with each claim of the task, and proves that you hold it'),
    holder: actor,
    claimed_at: timestamp,
    expires_at: timestamp,
  })
  .describe('Who has the right to work on the task, until when');

export const historyEntry = z.object({
  type: z.string(),
  by: actor,
  at: timestamp,
  data: jsonObject,
});

export const task = z
  .object({
    id: z.string().describe('Such as WEB-12'),
    project: z.string().describe('Key of its project'),
    title: z.string(),
    description: z.string(),
    status: z.enum(statuses),
    priority: z.enum(priorities),
    labels: z.array(z.string()),
    assignee: actor.nullable(),
    parent: z.string().nullable().describe('Id of the task it is a part of'),
    due: timestamp.nullable(),
    depends_on: z.array(z.string()).describe('Ids of tasks that must be completed first'),
    blocked_by: z.array(z.string()).describe('Those of depends_on that are not completed, cancelled ones too'),
    ready: z.boolean().describe('Pending, not claimed, and everything it depends on is completed'),
    attempts: z.int().describe('Claims that ran out without a result'),
    version: z.int().describe('Grows with each change'),
    claim: claim.nullable(),
    inputs: jsonObject.nullable(),
    expected_outputs: jsonObject.nullable(),
    outputs: jsonObject.nullable(),
    notes: z.array(note).optional().describe('With detail full or of one task'),
    history: z.array(historyEntry).optional().describe('The newest changes, with detail full'),
    created_by: actor,
    created_at: timestamp,
    updated_at: timestamp,
    completed_at: timestamp.nullable(),
  })
  .describe('The task, with the fields that get_task lists');

/** What the handlers give; the registry turns it into what leaves. */
export type TaskView = z.input<typeof task>;

/** A task in a list: for a model only what tells whether to look closer, and even that only where there is something to tell. */
export const taskRow = task
  .partial()
  .required({ id: true, title: true, status: true, priority: true, ready: true })
  .describe('A task: always id, title, status, priority, ready; the rest of its fields where they are set, all with detail full');

const whereSet = ['labels', 'assignee', 'parent', 'due', 'blocked_by', 'claim'] as const;

/** The row of a task, about 30 tokens where the whole is 300: fifty of them are a page that a model can read. */
export function toRow(view: TaskView): z.input<typeof taskRow> {
  const { id, title: heading, status, priority, ready } = view;
  const said = whereSet.filter((name) => view[name] !== null && !(Array.isArray(view[name]) && view[name].length === 0));
  return { id, title: heading, status, priority, ready, ...Object.fromEntries(said.map((name) => [name, view[name]])) };
}

export const fence = z.int().min(1).describe('The fence of your claim, when the task is claimed');

export const force = z
  .boolean()
  .default(false)
  .describe('Do it although others hold or need the task; taking over a claim is for owners and admins');

export const detail = z.enum(['brief', 'full']).default('brief').describe('full adds notes and history');

export const listDetail = detail.describe('full: whole tasks, with notes and history');

/** A note is for the next reader, not a store for results. */
export const noteText = z.string().trim().min(1).max(10_000);

const label = line(50);

/** The fields that a caller may set, all optional, in the words of `create_task` and `update_task`. */
export const taskFields = {
  description: z.string().max(10_000).optional().describe('What is to be done, and how one sees that it is done'),
  priority: z.enum(priorities).optional().describe('Default: normal'),
  labels: z.array(label).max(maxLabels).optional(),
  depends_on: z.array(taskId).max(maxDependencies).optional().describe('Tasks that must be completed first'),
  parent: taskId.nullable().optional().describe('The task it is a part of'),
  assignee: line(320).nullable().optional().describe('me, the e-mail address or id of a member, or the name or id of an agent key'),
  due: timestampInput.nullable().optional().describe('RFC 3339, such as 2026-01-31T09:00:00Z'),
  inputs: smallJsonObject.nullable().optional().describe('What the worker needs, as a JSON object'),
  expected_outputs: smallJsonObject.nullable().optional().describe('What the result should hold, as a JSON object'),
};

export const title = line(200).describe('One line that says what is to be done');
