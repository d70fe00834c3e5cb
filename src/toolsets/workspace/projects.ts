/** Finding a project as a caller names it; other toolsets use this. */

import type { Context } from '../../operations/context.ts';
import { actorOf } from '../../platform/identity/principal.ts';
import { type Problem, notFound } from '../../platform/problem.ts';
import { type ProjectRow, findProjectRow, insertProject } from './store.ts';

/** The key of everybody's own project: it is resolved against the caller. */
export const personalKey = 'ME';

export function noSuchProject(key: string): Problem {
  return notFound({
    message: `There is no project ${key} that you can see.`,
    next: 'Call list_projects to see the projects, or create_project to make one.',
  });
}

/** The project with this key, the caller's own for `ME`; undefined: there is none. */
export async function findProject(context: Context, key: string): Promise<ProjectRow | undefined> {
  return findProjectRow(context, key, key === personalKey ? context.user_id : null);
}

/** @throws Problem `not_found`; the caller's own project is made when it is first needed. */
export async function openProject(context: Context, key: string): Promise<ProjectRow> {
  const found = (await findProject(context, key)) ?? (key === personalKey ? await createPersonal(context) : undefined);
  if (found === undefined) throw noSuchProject(key);
  return found;
}

/** Two first tasks at once both insert; the one that loses finds the row of the other. */
async function createPersonal(context: Context): Promise<ProjectRow | undefined> {
  const made = await insertProject(context, {
    id: context.newId(),
    owner_id: context.user_id,
    key: personalKey,
    name: 'My tasks',
    created_by: actorOf(context.principal),
  });
  return made ?? findProject(context, personalKey);
}
