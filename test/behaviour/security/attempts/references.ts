/** Attempts to reach what is somebody else's without naming it: lists, cursors, replays, resources. */

import { type Client, client } from '../../../support/server.ts';
import { type Stage, overMcp } from '../stage.ts';
import { type Attempt, outcomeOf } from '../table.ts';

const gone = '404 not_found';

export function referenceAttempts(stage: () => Stage): Attempt[] {
  const eve = () => stage().eve.person;
  /** As `outcomeOf`; and what the answer says may not differ from that of a thing that there is not. */
  const blind = async (call: (id: string) => ReturnType<Client['get']>, id: string, missing: string) => {
    const [real, none] = [await call(id), await call(missing)];
    const same = JSON.stringify(none.body).replaceAll(missing, id) === JSON.stringify(real.body);
    return same ? outcomeOf(real) : `tells apart: ${JSON.stringify(real.body)}`;
  };
  const uuid = '01890000-0000-7000-8000-000000000000';
  const make = (fields: Record<string, unknown>) => eve().post('/tasks', { title: 'Of Eve', ...fields });

  return [
    {
      attempt: 'a cursor of another workspace',
      expected: '200 with none of it',
      run: async () => {
        await stage().ada.agent.post('/tasks', { project: stage().project, title: 'Of Ada, too' });
        const { body } = await stage().ada.agent.get<{ next_cursor: string }>('/tasks?limit=1');
        const page = await eve().get(`/tasks?limit=200&cursor=${body.next_cursor}`);
        return `${outcomeOf(page)}${JSON.stringify(page.body).includes('VICTIM') ? ' with it' : ' with none of it'}`;
      },
    },
    {
      attempt: 'an idempotency key of another workspace',
      expected: '201 of its own',
      run: async () => {
        const key = { 'idempotency-key': 'the-same-for-both' };
        await stage().ada.agent.post('/tasks', { project: stage().project, title: 'Secret of Ada' }, key);
        const answer = await stage().eve.agent.post<{ task: { title: string } }>('/tasks', { title: 'Of Eve' }, key);
        return `${outcomeOf(answer)}${answer.body.task.title === 'Of Eve' ? ' of its own' : ' of another'}`;
      },
    },
    {
      attempt: 'a resource of another workspace over MCP',
      expected: '-32602',
      run: () =>
        overMcp(stage().url, stage().eve.key, async (agent) => {
          await agent.readResource(`quarterdeck://tasks/${stage().task}`);
          return 'read';
        }),
    },
    {
      attempt: 'a personal task of a colleague in a list',
      expected: '200 without it',
      run: async () => {
        await stage().member.post('/tasks', { title: 'Mine alone' });
        const page = await stage().ada.person.get('/tasks?limit=200&query=alone');
        const seen = JSON.stringify(page.body);
        return `${outcomeOf(page)}${seen.includes('Mine alone') || !seen.includes('Of Ada alone') ? ' with it' : ' without it'}`;
      },
    },
    {
      attempt: 'a workspace in the input',
      expected: '422 invalid_input',
      run: async () => outcomeOf(await make({ workspace_id: stage().ada.workspace.id })),
    },
    {
      attempt: 'a user in the input',
      expected: '422 invalid_input',
      run: async () => outcomeOf(await make({ user_id: stage().ada.user.id, created_by: stage().ada.user })),
    },
    {
      attempt: 'signing in to a workspace that one is not in',
      expected: gone,
      run: () => {
        const { email, password } = stage().eve;
        const signIn = (workspace: string) => client(stage().url).post('/api/auth/signin', { email, password, workspace });
        return blind(signIn, stage().ada.workspace.id, uuid);
      },
    },
  ];
}
