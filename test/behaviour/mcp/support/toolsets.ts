/** Toolsets small enough to read at a glance, with tasks in memory: what the tests of the MCP face call. */

import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Context } from '../../../../src/operations/context.ts';
import { type Operation, type Toolset, defineOperation } from '../../../../src/operations/operation.ts';
import { invalidInput, notFound } from '../../../../src/platform/problem.ts';

const task = z.object({ id: z.string(), title: z.string(), status: z.string(), priority: z.string(), updated_at: z.string() });

/** What the operations remember. Tasks are kept for each workspace, so that a foreign one is not found. */
export interface State {
  tasks: Map<string, z.output<typeof task>[]>;
  /** The labels of the calls of `hang` that have begun, and of those that were aborted. */
  started: string[];
  aborted: string[];
}

export function createToolsets(state: State): Toolset[] {
  return [
    { name: 'workspace', description: 'Who is here.', operations: workspaceOperations() },
    { name: 'tasks', description: 'Work to be done.', operations: [...taskOperations(state), ...oddOperations(state)] },
    { name: 'talking', description: 'What needs more of a client.', operations: talkingOperations(state) },
  ];
}

function operation<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: Pick<Operation<Input, Output>, 'name' | 'description' | 'input' | 'output' | 'handler'> & Partial<Operation<Input, Output>>,
): Operation {
  // A list of operations forgets the types of their inputs, as the lists of the toolsets do.
  const complete: unknown = defineOperation({
    title: definition.name.replaceAll('_', ' '),
    access: 'read',
    scope: 'tasks:read',
    http: { method: 'POST', path: `/${definition.name}` },
    ...definition,
  });
  return complete as Operation;
}

function workspaceOperations(): Operation[] {
  return [
    operation({
      name: 'whoami',
      description: 'Tells who you are.',
      scope: 'workspace:read',
      input: z.strictObject({}),
      output: z.object({ name: z.string() }),
      handler: async ({ principal: { name } }) => ({ name, password_hash: 'leak' }),
    }),
  ];
}

function taskOperations(state: State): Operation[] {
  const tasksOf = (context: Context) => state.tasks.get(context.workspace_id) ?? [];
  const find = (context: Context, id: string) => {
    const found = tasksOf(context).find((candidate) => candidate.id === id);
    if (found !== undefined) return found;
    throw notFound({ message: `There is no task ${id}.`, next: 'Call list_tasks to see what there is.' });
  };
  return [
    operation({
      name: 'create_task',
      description: 'Makes a task. Use it to plan work.',
      access: 'write',
      scope: 'tasks:write',
      aliases: ['add_task'],
      input: z.strictObject({ title: z.string().min(1).max(200) }),
      output: z.object({ task }),
      handler: async (context, { title }) => {
        const tasks = tasksOf(context);
        const created = {
          id: `WEB-${tasks.length + 1}`,
          title,
          status: 'pending',
          priority: 'normal',
          updated_at: context.now.toISOString(),
        };
        state.tasks.set(context.workspace_id, [...tasks, created]);
        context.emit({ type: 'task.created', subject: created.id, resource: `quarterdeck://tasks/${created.id}` });
        return { task: created };
      },
    }),
    operation({
      name: 'list_tasks',
      description: 'Lists tasks.',
      input: z.strictObject({ limit: z.int().default(50), cursor: z.string().optional() }),
      output: z.object({ items: z.array(task), next_cursor: z.string().nullable() }),
      handler: async (context, { cursor = '0' }) => {
        const from = Number(cursor);
        const items = tasksOf(context).slice(from, from + 2);
        return { items, next_cursor: from + 2 < tasksOf(context).length ? String(from + 2) : null };
      },
    }),
    operation({
      name: 'get_task',
      description: 'Reads one task.',
      input: z.strictObject({ task_id: z.string().regex(/^[A-Z]+-\d+$/) }),
      output: z.object({ task }),
      handler: async (context, { task_id }) => ({ task: find(context, task_id) }),
    }),
    operation({
      name: 'update_task',
      description: 'Changes a task.',
      access: 'write',
      scope: 'tasks:write',
      input: z.strictObject({ task_id: z.string(), status: z.string() }),
      output: z.object({ task }),
      handler: async (context, { task_id, status }) => {
        const changed = Object.assign(find(context, task_id), { status });
        context.emit({ type: 'task.updated', subject: task_id, resource: `quarterdeck://tasks/${task_id}` });
        return { task: changed };
      },
    }),
    operation({
      name: 'delete_task',
      description: 'Deletes a task for good.',
      access: 'destroy',
      scope: 'tasks:write',
      input: z.strictObject({ task_id: z.string() }),
      output: z.object({ task_id: z.string() }),
      handler: async (context, { task_id }) => {
        state.tasks.set(
          context.workspace_id,
          tasksOf(context).filter(({ id }) => id !== find(context, task_id).id),
        );
        context.emit({ type: 'task.deleted', subject: task_id, resource: `quarterdeck://tasks/${task_id}` });
        return { task_id };
      },
    }),
  ];
}

/** Not listed by default: what needs more of the client than a result. */
function talkingOperations(state: State): Operation[] {
  const otherwise = invalidInput({ message: 'It is not known who is greeted.', next: 'Pass name.' });
  return [
    operation({
      name: 'count_up',
      description: 'Counts, and tells how far it is.',
      simple: false,
      input: z.strictObject({ to: z.int() }),
      output: z.object({ counted: z.int() }),
      handler: async ({ progress }, { to }) => {
        for (let done = 1; done <= to; done += 1) {
          progress(done, to, `counted ${done}`);
          progress(done, to, 'the same again');
          await sleep(60);
        }
        return { counted: to };
      },
    }),
    operation({
      name: 'greet_person',
      description: 'Asks for a name and for a wish, and greets.',
      simple: false,
      input: z.strictObject({ name: z.string().optional(), occasion: z.string().default('today') }),
      output: z.object({ greeting: z.string() }),
      handler: async (context, { name, occasion }) => {
        state.started.push('greet_person');
        const about = { key: 'name', message: `Who are you, ${occasion}?`, schema: z.object({ name: z.string().min(2) }) };
        const who = name ?? context.ask({ ...about, otherwise }).name;
        const wish = { key: 'wish', message: `What do you wish, ${who}?`, schema: z.object({ wish: z.string() }) };
        return { greeting: `Hello ${who}, have ${context.ask({ ...wish, otherwise }).wish}` };
      },
    }),
    operation({
      name: 'ask_in_secret',
      description: 'Asks without saying that it does.',
      input: z.strictObject({}),
      output: z.object({}),
      handler: async (context) => context.ask({ key: 'x', message: 'x?', schema: z.object({}), otherwise }),
    }),
  ];
}

/** Not listed by default: one to be found, one that waits, one with a bug. */
function oddOperations(state: State): Operation[] {
  return [
    operation({
      name: 'estimate_effort',
      description: 'Guesses how long the work on something takes.',
      input: z.strictObject({ hint: z.string().optional() }),
      output: z.object({ hours: z.number() }),
      handler: async () => ({ hours: 3 }),
    }),
    operation({
      name: 'hang',
      description: 'Waits until it is cancelled.',
      input: z.strictObject({ label: z.string() }),
      output: z.object({}),
      handler: ({ signal }, { label }) =>
        new Promise((_, reject) => {
          state.started.push(label);
          signal.addEventListener('abort', () => {
            state.aborted.push(label);
            reject(signal.reason as Error);
          });
        }),
    }),
    operation({
      name: 'break_down',
      description: 'Has a bug.',
      input: z.strictObject({}),
      output: z.object({}),
      handler: async () => {
        throw new Error('select secret from auth.account');
      },
    }),
  ];
}
