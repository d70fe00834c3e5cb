/** Creating tasks, one or a batch, in one transaction. */

import type { z } from 'zod';
import type { Context } from '../../operations/context.ts';
import { actorOf } from '../../platform/identity/principal.ts';
import { type Problem, invalidInput } from '../../platform/problem.ts';
import { type ProjectRow, openProject, takeNumbers } from '../workspace/index.ts';
import { findParent, toChanges } from './changes.ts';
import { type Edge, insertDependencies } from './dependencies.ts';
import { loadTasks } from './load.ts';
import { checkSharedReference, formatTaskId, resourceOf } from './rules.ts';
import type { taskFields } from './schema.ts';
import { type NewTask, insertTasks } from './store.ts';

type Fields = { [Name in keyof typeof taskFields]?: z.output<(typeof taskFields)[Name]> };

/** What one task of a batch is made from; `depends_on` may name earlier ones as `#1`. */
export interface TaskInput extends Fields {
  title: string;
  project: string;
}

/** Creates the tasks in the order given, and returns their ids (the internal ones). */
export async function createTasks(context: Context, inputs: readonly TaskInput[]): Promise<string[]> {
  const projects = await openProjects(context, inputs);
  const numbers = await numberTasks(context, inputs, projects);
  const tasks: NewTask[] = [];
  for (const [place, input] of inputs.entries()) tasks.push(await toNewTask(context, input, project(projects, input), numbers[place] ?? 0));
  const edges = await findEdges(context, inputs, tasks);
  await insertTasks(context, tasks);
  await insertDependencies(context, edges);
  for (const [place, input] of inputs.entries()) {
    const name = formatTaskId(input.project, numbers[place] ?? 0);
    const owner_id = project(projects, input).owner_id;
    context.emit({ type: 'task.created', subject: name, resource: resourceOf(name), owner_id, data: { title: input.title } });
  }
  return tasks.map((task) => task.id);
}

async function openProjects(context: Context, inputs: readonly TaskInput[]): Promise<Map<string, ProjectRow>> {
  const projects = new Map<string, ProjectRow>();
  // In the order of the keys: two batches then take the numbers of two projects in the same order.
  for (const key of [...new Set(inputs.map((input) => input.project))].sort()) projects.set(key, await openProject(context, key));
  return projects;
}

function project(projects: ReadonlyMap<string, ProjectRow>, input: TaskInput): ProjectRow {
  const found = projects.get(input.project);
  if (found === undefined) throw new Error(`project ${input.project} was not opened`);
  return found;
}

async function numberTasks(context: Context, inputs: readonly TaskInput[], projects: ReadonlyMap<string, ProjectRow>): Promise<number[]> {
  const next = new Map<string, number>();
  for (const [key, row] of projects) {
    const count = inputs.filter((input) => input.project === key).length;
    next.set(key, await takeNumbers(context, row.id, count));
  }
  return inputs.map((input) => {
    const number = next.get(input.project) ?? 0;
    next.set(input.project, number + 1);
    return number;
  });
}

async function toNewTask(context: Context, input: TaskInput, { id: project_id, owner_id }: ProjectRow, number: number): Promise<NewTask> {
  const { project: _project, title, parent, ...fields } = input;
  return {
    ...(await toChanges(context, fields)),
    id: context.newId(),
    project_id,
    owner_id,
    number,
    title,
    parent_id: parent === undefined || parent === null ? null : await findParent(context, { owner_id }, parent),
    created_by: actorOf(context.principal),
  };
}

/** A new task cannot close a cycle: nothing depends on it yet, and within a batch only earlier ones can be named. */
async function findEdges(context: Context, inputs: readonly TaskInput[], tasks: readonly NewTask[]): Promise<Edge[]> {
  const names = inputs.flatMap((input) => input.depends_on ?? []).filter((name) => !name.startsWith('#'));
  const existing = new Map((await loadTasks(context, names, 'share')).map((row) => [row.display_id, row]));
  return inputs.flatMap((input, place) => {
    const task = tasks[place];
    if (task === undefined) return [];
    return [...new Set(input.depends_on)].map((name) => {
      const row = existing.get(name);
      if (row !== undefined) checkSharedReference(task, row, 'depends_on');
      const needed = row ?? earlier(tasks, name, place);
      if (task.owner_id === null && needed.owner_id !== null) throw personalInBatch(place, name);
      return { task_id: task.id, depends_on_id: needed.id, owner_id: task.owner_id };
    });
  });
}

function earlier(tasks: readonly NewTask[], name: string, place: number): NewTask {
  const number = Number(name.slice(1));
  const needed = number <= place ? tasks[number - 1] : undefined;
  if (needed !== undefined) return needed;
  const message = `${name} is not an earlier task of this batch`;
  throw invalidInput({
    message: `tasks[${place}].depends_on: ${message}.`,
    next: 'Put a task behind those that it depends on; #1 is the first.',
    details: { problems: [{ path: `tasks[${place}].depends_on`, message }] },
  });
}

function personalInBatch(place: number, name: string): Problem {
  const message = `${name} is personal, and a shared task cannot point to it`;
  return invalidInput({
    message: `tasks[${place}].depends_on: ${message}.`,
    next: 'Give both tasks a project, or make both personal.',
    details: { problems: [{ path: `tasks[${place}].depends_on`, message }] },
  });
}
