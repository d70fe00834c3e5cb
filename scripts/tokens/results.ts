/** Typical results of the tools, as a model reads them: of a project with fifty tasks that were written by hand. */

/** Calls a tool; the text of its result. @throws Error when the tool refuses */
export type CallTool = (name: string, args: Record<string, unknown>) => Promise<string>;

const titles = [
  'Draw the start page',
  'Write the price list for spring',
  'Check all links of the blog',
  'Move the newsletter to the new provider',
  'Measure how long the shop takes to open on a telephone',
];
const description =
  'The present page is from 2023 and shows products that we no longer sell. It is done when the owner has agreed and the old page redirects.';

const priorities = ['low', 'normal', 'high', 'urgent'];

/** One entry a tool: what it was asked, and the text that it answered. */
export async function typicalResults(call: CallTool, project: string): Promise<Record<string, string>> {
  await call('create_project', { key: project, name: 'Website' });
  let created = '';
  for (let index = 0; index < 50; index += 1) {
    // A third waits for the one before: lists of tasks are never all ready.
    const waits = index % 3 === 2 ? { depends_on: [`${project}-${index}`] } : {};
    const title = titles[index % titles.length];
    created = await call('create_task', { project, title, description, priority: priorities[index % priorities.length], ...waits });
  }
  return {
    create_task: created,
    get_task: await call('get_task', { task_id: `${project}-3` }),
    'list_tasks of 50': await call('list_tasks', { project, limit: 50 }),
    claim_task: await call('claim_task', { project }),
    finish_task: await call('finish_task', { task_id: `${project}-4`, fence: 1, notes: 'Drawn and agreed; the old page redirects.' }),
    find_tools: await call('find_tools', { query: 'give a task back that I cannot finish' }),
    list_projects: await call('list_projects', {}),
    whoami: await call('whoami', {}),
  };
}
