/** The operations on tasks, in the order in which a user meets them. */

import { z } from 'zod';
import { readCursor, toPage, writeCursor } from '../../operations/cursor.ts';
import { cursor, expectedVersion, limit, line, nextCursor, timestampInput } from '../../operations/fields.ts';
import { defineOperation } from '../../operations/operation.ts';
import { findProject, noSuchProject, personalKey, projectKey } from '../workspace/index.ts';
import { addNote, findAssignee, findParent, replaceDependencies, settle, toChanges } from './changes.ts';
import { createTasks } from './create.ts';
import { dependentsOf } from './dependencies.ts';
import { listTaskRows } from './list.ts';
import { loadTask, loadTasks, showHistory, showTask, toView } from './load.ts';
import { checkFence, checkTransition, checkUnblocked, checkVersion, resourceOf, taskNeeded } from './rules.ts';
import { detail, fence, force, listDetail, noteText, statuses, task, taskFields, taskId, taskRow, title, toRow } from './schema.ts';
import { deleteTaskRow, firstReadyTask, tasksByIds, updateTaskRow } from './store.ts';

/** What other systems call a task. */
const taskWords = 'ticket issue job item card story bug todo';

const oneTask = z.object({ task });
const project = projectKey.default(personalKey).describe('Key of the project; none: your own tasks');

export const createTask = defineOperation({
  name: 'create_task',
  title: 'Create a task',
  description:
    'Adds a task to a project, or to your own tasks when no project is given. Use depends_on for what must be completed first; a task is ready when all of that is.',
  keywords: `new write down plan report file open record note ${taskWords}`,
  input: z.strictObject({ title, project, ...taskFields }),
  output: oneTask,
  access: 'write',
  scope: 'tasks:write',
  http: { method: 'POST', path: '/tasks', status: 201 },
  aliases: ['add_task'],
  async handler(context, input) {
    const [row] = await tasksByIds(context, await createTasks(context, [input]));
    if (row === undefined) throw new Error('a task was created and is not there');
    return { task: showTask(row, context.now) };
  },
});

/** Most tasks of one batch: one transaction that stays well under the statement time-out. */
const maxBatch = 100;

/** A dependency within a batch: `#1` is its first task. */
const batchReference = z.union([
  taskId,
  z.string().regex(/^#[1-9][0-9]?[0-9]?$/, 'must be a task id such as WEB-12, or #1 for the first task of this batch'),
]);

export const createTaskBatch = defineOperation({
  name: 'create_tasks',
  title: 'Create many tasks',
  description: 'Adds up to 100 tasks, all or none. In depends_on, #1 means the first task of the batch; only earlier ones can be named.',
  keywords: `many several multiple bulk batch import once list ${taskWords}`,
  input: z.strictObject({
    tasks: z
      .array(z.strictObject({ title, project, ...taskFields, depends_on: z.array(batchReference).max(100).optional() }))
      .min(1)
      .max(maxBatch),
  }),
  output: z.object({ tasks: z.array(task) }),
  access: 'write',
  scope: 'tasks:write',
  http: { method: 'POST', path: '/tasks/batch', status: 201 },
  faces: ['rest'],
  async handler(context, input) {
    const ids = await createTasks(context, input.tasks);
    const rows = new Map((await tasksByIds(context, ids)).map((row) => [row.id, row]));
    return { tasks: ids.flatMap((id) => rows.get(id) ?? []).map((row) => showTask(row, context.now)) };
  },
});

export const listTasks = defineOperation({
  name: 'list_tasks',
  title: 'List tasks',
  description:
    'Lists tasks you can see, newest first. Narrow with project, status, ready, label, assignee or query (words in title or description).',
  keywords: `show search find filter which all everything open backlog overview assigned ${taskWords} blocked waiting stuck ready mine about`,
  input: z.strictObject({
    project: projectKey.optional(),
    status: z.enum(statuses).optional(),
    ready: z.boolean().optional().describe('true: only what can be claimed now'),
    label: line(50).optional(),
    assignee: line(320).optional().describe('me, an e-mail address, or the name or id of an agent key'),
    query: line(200).optional(),
    updated_after: timestampInput.optional().describe('Only what changed after this time'),
    limit,
    cursor,
    detail: listDetail,
  }),
  output: z.object({ items: z.array(taskRow), next_cursor: nextCursor }),
  access: 'read',
  scope: 'tasks:read',
  http: { method: 'GET', path: '/tasks' },
  async handler(context, input) {
    const { limit: most, cursor: from, detail: depth, project: key, assignee, ...plain } = input;
    const filters = { key, assignee, ...plain };
    const after = readCursor('tasks', filters, from, 1)?.[0];
    const found = key === undefined ? undefined : await findProject(context, key);
    if (key !== undefined && found === undefined) {
      // Your own project is made with its first task; until then it is empty, not missing.
      if (key === personalKey) return { items: [], next_cursor: null };
      throw noSuchProject(key);
    }
    const rows = await listTaskRows(context, {
      ...plain,
      project_id: found?.id,
      assignee_id: assignee === undefined ? undefined : (await findAssignee(context, assignee)).id,
      after: after === undefined ? undefined : String(after),
      limit: most + 1,
    });
    const views = depth === 'full' ? await showHistory(context, rows) : rows.map((row) => toView(row, context.now));
    const ids = new Map(rows.map((row) => [row.display_id, row.id]));
    return toPage(views, {
      limit: most,
      bytes: context.page_bytes,
      // Programs, whose pages have no limit of bytes, get whole tasks; what a model reads is a prompt that somebody pays for.
      item: (view) => (depth === 'full' || !Number.isFinite(context.page_bytes) ? view : toRow(view)),
      cursor: (view) => writeCursor('tasks', filters, [ids.get(view.id) ?? '']),
    });
  },
});

export const nextTask = defineOperation({
  name: 'next_task',
  title: 'Show the next task',
  description: 'Shows the task that claim_task would give, without claiming it.',
  keywords: 'peek preview upcoming first queue look without taking',
  input: z.strictObject({ project: projectKey }),
  output: z.object({ task: task.nullable() }),
  access: 'read',
  scope: 'tasks:read',
  http: { method: 'GET', path: '/tasks/next' },
  faces: ['rest'],
  async handler(context, { project: key }) {
    const found = await findProject(context, key);
    if (found === undefined && key !== personalKey) throw noSuchProject(key);
    const row = found === undefined ? undefined : await firstReadyTask(context, found.id);
    return { task: row === undefined ? null : showTask(row, context.now) };
  },
});

export const getTask = defineOperation({
  name: 'get_task',
  title: 'Get a task',
  description: 'Shows one task with its notes. detail full adds its newest changes.',
  keywords: `read view look open details comments notes history ${taskWords} one single id fetch`,
  input: z.strictObject({ task_id: taskId, detail }),
  output: oneTask,
  access: 'read',
  scope: 'tasks:read',
  http: { method: 'GET', path: '/tasks/{task_id}' },
  eager: true,
  async handler(context, input) {
    const row = await loadTask(context, input.task_id);
    const [full] = input.detail === 'full' ? await showHistory(context, [row]) : [];
    return { task: full ?? showTask(row, context.now) };
  },
});

export const updateTask = defineOperation({
  name: 'update_task',
  title: 'Change a task',
  description:
    'Changes the fields you give. depends_on and labels replace what was there; notes adds a note. Changing the status of a claimed task needs the fence of the claim.',
  keywords: `edit modify set rename assign comment note priority label due cancel reopen ${taskWords} deadline parent move depends waits below`,
  input: z.strictObject({
    task_id: taskId,
    title: title.optional(),
    ...taskFields,
    status: z.enum(statuses).optional(),
    outputs: taskFields.inputs.describe('The result, as a JSON object'),
    notes: noteText.optional().describe('A note to add'),
    expected_version: expectedVersion,
    fence: fence.optional(),
    force,
  }),
  output: oneTask,
  access: 'write',
  scope: 'tasks:write',
  http: { method: 'PATCH', path: '/tasks/{task_id}' },
  async handler(context, input) {
    const { task_id, status, notes, expected_version, fence: held, force: forced, depends_on, parent, ...fields } = input;
    // Dependencies are locked before the task that waits for them: everybody locks in this order, so nobody waits in a circle.
    const needed = depends_on === undefined ? undefined : await loadTasks(context, depends_on, 'share');
    const row = await loadTask(context, task_id, 'update');
    checkVersion(row, expected_version);
    if (status !== undefined && status !== row.status) {
      checkFence(row, { fence: held, force: forced }, context.principal, context.now);
      checkTransition(row, status);
      if (status === 'completed' && !forced) checkUnblocked(row);
    }
    if (needed !== undefined) await replaceDependencies(context, row, needed);
    const changed = await updateTaskRow(context, row.id, {
      ...(await toChanges(context, fields)),
      ...(parent === undefined ? {} : { parent_id: parent === null ? null : await findParent(context, row, parent) }),
      ...addNote(context, row, notes),
      ...(status === undefined || status === row.status ? {} : settle(status, context.now)),
    });
    context.emit({
      type: 'task.updated',
      subject: row.display_id,
      resource: resourceOf(row.display_id),
      owner_id: row.owner_id,
      data: {
        fields: Object.keys(input).filter((name) => !['task_id', 'expected_version', 'fence', 'force'].includes(name)),
        ...(status === undefined || status === row.status ? {} : { from: row.status, to: status, forced }),
      },
    });
    return { task: showTask(changed, context.now) };
  },
});

export const completeTask = defineOperation({
  name: 'complete_task',
  title: 'Complete a task',
  description:
    'Marks a task as completed. For a task that you claimed, pass its fence, or call finish_task. The second time changes nothing.',
  keywords: `done close resolve mark finished tick ${taskWords}`,
  input: z.strictObject({ task_id: taskId, notes: noteText.optional().describe('What was done'), fence: fence.optional(), force }),
  output: oneTask,
  access: 'write',
  scope: 'tasks:write',
  http: { method: 'POST', path: '/tasks/{task_id}/complete' },
  hints: { idempotent: true },
  aliases: ['mark_complete'],
  async handler(context, input) {
    const row = await loadTask(context, input.task_id, 'update');
    if (row.status === 'completed') return { task: showTask(row, context.now) };
    checkFence(row, input, context.principal, context.now);
    checkTransition(row, 'completed');
    if (!input.force) checkUnblocked(row);
    const changed = await updateTaskRow(context, row.id, { ...settle('completed', context.now), ...addNote(context, row, input.notes) });
    context.emit({
      type: 'task.completed',
      subject: row.display_id,
      resource: resourceOf(row.display_id),
      owner_id: row.owner_id,
      data: { from: row.status, forced: input.force },
    });
    return { task: showTask(changed, context.now) };
  },
});

export const deleteTask = defineOperation({
  name: 'delete_task',
  title: 'Delete a task',
  description:
    'Deletes a task for good. It is refused while other tasks depend on it, or somebody holds it, unless forced. To keep a record, set the status to cancelled instead.',
  keywords: `remove erase throw away discard destroy good ${taskWords}`,
  input: z.strictObject({ task_id: taskId, fence: fence.optional(), force }),
  output: z.object({
    task_id: z.string(),
    status: z.literal('deleted'),
    no_longer_waiting: z.array(z.string()).describe('Tasks that depended on it'),
  }),
  access: 'destroy',
  scope: 'tasks:write',
  http: { method: 'DELETE', path: '/tasks/{task_id}' },
  async handler(context, input) {
    const row = await loadTask(context, input.task_id, 'update');
    checkFence(row, input, context.principal, context.now);
    const dependents = await dependentsOf(context, row.id);
    if (dependents.length > 0 && !input.force)
      throw taskNeeded({
        message: `${dependents.join(', ')} depend${dependents.length === 1 ? 's' : ''} on ${row.display_id}.`,
        next: 'Change what they depend on, set the status to cancelled instead, or pass force to delete it all the same.',
        details: { dependents },
      });
    await deleteTaskRow(context, row.id);
    context.emit({
      type: 'task.deleted',
      subject: row.display_id,
      resource: resourceOf(row.display_id),
      owner_id: row.owner_id,
      data: { title: row.title, dependents, forced: input.force },
    });
    return { task_id: row.display_id, status: 'deleted' as const, no_longer_waiting: dependents };
  },
});
