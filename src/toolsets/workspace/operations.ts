/** What everybody needs first: who am I, which projects are there. */

import { z } from 'zod';
import type { Context } from '../../operations/context.ts';
import { pageById } from '../../operations/cursor.ts';
import { cursor, limit, nextCursor } from '../../operations/fields.ts';
import { defineOperation } from '../../operations/operation.ts';
import { actorOf } from '../../platform/identity/principal.ts';
import { notWanted } from '../../operations/question.ts';
import { conflict, invalidInput } from '../../platform/problem.ts';
import { openProject, personalKey } from './projects.ts';
import { me, project, projectKey, projectName, workspace } from './schema.ts';
import { type ProjectRow, type ProjectContent, countContent, deleteProjectRow, insertProject, listProjectRows } from './store.ts';

export const whoami = defineOperation({
  name: 'whoami',
  title: 'Who am I',
  description: 'Shows who you are here: your name, the person you act for, the workspace, your role and what you may do.',
  keywords: 'who myself identity account profile permissions rights role scopes admin allowed am',
  input: z.strictObject({}),
  output: z.object({ me, workspace }),
  access: 'read',
  scope: 'workspace:read',
  http: { method: 'GET', path: '/me' },
  transaction: 'none',
  async handler({ principal }) {
    const { email, expires_at, workspace_id, workspace_name, role } = principal;
    return {
      me: {
        ...actorOf(principal),
        email,
        scopes: [...principal.scopes],
        toolsets: principal.toolsets === null ? null : [...principal.toolsets],
        expires_at,
      },
      workspace: { id: workspace_id, name: workspace_name, role },
    };
  },
});

export const createProject = defineOperation({
  name: 'create_project',
  title: 'Create a project',
  description: 'Makes a project, a named part of the workspace. Its key begins the ids of its tasks: key WEB gives WEB-1, WEB-2.',
  keywords: 'new start begin add set up board area',
  input: z.strictObject({ key: projectKey.describe('1 to 10 capital letters and digits, a letter first, such as WEB'), name: projectName }),
  output: z.object({ project }),
  access: 'write',
  scope: 'workspace:write',
  http: { method: 'POST', path: '/projects', status: 201 },
  async handler(context, { key, name }) {
    if (key === personalKey)
      throw invalidInput({
        message: `The key ${personalKey} is reserved: it is everybody's own project and exists already.`,
        next: 'Choose another key.',
        details: { problems: [{ path: 'key', message: 'is reserved' }] },
      });
    const made = await insertProject(context, { id: context.newId(), owner_id: null, key, name, created_by: actorOf(context.principal) });
    if (made === undefined)
      throw conflict({
        message: `There is a project ${key} already.`,
        next: 'Use it, or choose another key. list_projects shows what there is.',
        details: { key },
      });
    context.emit({ type: 'project.created', subject: key, data: { name } });
    return { project: toProject(made) };
  },
});

export const listProjects = defineOperation({
  name: 'list_projects',
  title: 'List projects',
  description: 'Lists the projects of the workspace and, as ME, your own.',
  keywords: 'show which exist overview board area all',
  input: z.strictObject({ limit, cursor }),
  output: z.object({ items: z.array(project), next_cursor: nextCursor }),
  access: 'read',
  scope: 'workspace:read',
  http: { method: 'GET', path: '/projects' },
  async handler(context, input) {
    return pageById('projects', input, context.page_bytes, (page) => listProjectRows(context, page), toProject);
  },
});

export const deleteProject = defineOperation({
  name: 'delete_project',
  title: 'Delete a project',
  description:
    'Deletes a project. With tasks or sources in it, the person is asked first, or it is refused unless forced; then they are deleted too.',
  keywords: 'remove drop erase destroy board area whole',
  input: z.strictObject({ project: projectKey, force: z.boolean().default(false).describe('Delete what is in it with it') }),
  output: z.object({ project: z.string(), status: z.literal('deleted'), deleted_tasks: z.int(), deleted_sources: z.int() }),
  access: 'destroy',
  scope: 'workspace:write',
  http: { method: 'DELETE', path: '/projects/{project}' },
  faces: ['mcp', 'rest'],
  simple: false,
  async handler(context, { project: key, force }) {
    const found = await openProject(context, key);
    const counts = await countContent(context, found.id);
    if (counts.tasks + counts.sources > 0 && !force) confirmDeletion(context, key, counts);
    await deleteProjectRow(context, found.id);
    context.emit({ type: 'project.deleted', subject: key, owner_id: found.owner_id, data: { tasks: counts.tasks } });
    return { project: key, status: 'deleted' as const, deleted_tasks: counts.tasks, deleted_sources: counts.sources };
  },
});

/** @throws Problem `conflict` where nobody can be asked; `declined` */
function confirmDeletion(context: Context, key: string, counts: ProjectContent): void {
  const number = (count: number, what: string) => (count === 1 ? `1 ${what}` : `${count} ${what}s`);
  const parts = [counts.tasks > 0 && number(counts.tasks, 'task'), counts.sources > 0 && number(counts.sources, 'source')].filter(Boolean);
  const needed =
    counts.needed_elsewhere === 0 ? '' : `, and ${number(counts.needed_elsewhere, 'task')} of other projects wait for its tasks`;
  const what = `Project ${key} has ${parts.join(' and ')}${needed}.`;
  const { confirm } = context.ask({
    key: 'confirm_deletion',
    message: `${what} Delete the project with all that is in it? There is no undo.`,
    schema: z.object({ confirm: z.boolean().describe('Yes, delete them all') }),
    otherwise: conflict({ message: what, next: 'Pass force=true to delete them all; there is no undo.', details: { ...counts } }),
  });
  if (!confirm) throw notWanted();
}

function toProject(row: ProjectRow): z.input<typeof project> {
  const { id, key, name, created_by, created_at } = row;
  return { id, key, name, personal: row.owner_id !== null, created_by, created_at };
}
