/** Attempts to do more than one's own role, scopes, toolsets or claim allow. */

import { type Client, type TestUser, client, signUp } from '../../../support/server.ts';
import { type Stage, join, overMcp } from '../stage.ts';
import { type Attempt, outcomeOf } from '../table.ts';

const forbidden = '403 forbidden';

export function escalationAttempts(stage: () => Stage): Attempt[] {
  const keyOf = async (maker: Client, narrowed: Record<string, unknown>) => {
    const made = await maker.post<{ key: string }>('/keys', { name: 'narrow', ...narrowed });
    return made.body.key;
  };
  const withKey = async (narrowed: Record<string, unknown>, call: (agent: Client) => ReturnType<Client['get']>) =>
    outcomeOf(await call(client(stage().url, await keyOf(stage().ada.person, narrowed))));
  const tool = (name: string, args: Record<string, unknown>, key?: string) =>
    overMcp(stage().url, key ?? stage().ada.key, async (agent) => {
      const { isError, text } = await agent.callTool(name, args);
      return isError ? (text.split(':')[0] ?? '') : 'done';
    });

  return [
    {
      attempt: 'an agent that makes a key',
      expected: forbidden,
      run: async () => outcomeOf(await stage().ada.agent.post('/keys', { name: 'another' })),
    },
    {
      attempt: 'an agent that revokes a key',
      expected: forbidden,
      run: async () => outcomeOf(await stage().ada.agent.delete(`/keys/${stage().ada.key_id}`)),
    },
    {
      attempt: 'an agent that invites',
      expected: forbidden,
      run: async () => outcomeOf(await stage().ada.agent.post('/invitations', { email: 'x@example.com', role: 'owner' })),
    },
    {
      attempt: 'a viewer who makes a task',
      expected: forbidden,
      run: async () => outcomeOf(await stage().viewer.post('/tasks', { title: 'x' })),
    },
    {
      attempt: 'a viewer who claims',
      expected: forbidden,
      run: async () => outcomeOf(await stage().viewer.post('/queue/claim', { project: 'VICTIM' })),
    },
    {
      attempt: 'a viewer whose key may write',
      expected: forbidden,
      run: async () => outcomeOf(await stage().viewer.post('/keys', { name: 'wide', scopes: ['tasks:write'] })),
    },
    {
      attempt: 'a member whose key may manage members',
      expected: '422 invalid_input',
      run: async () => outcomeOf(await stage().member.post('/keys', { name: 'wide', scopes: ['members:write'] })),
    },
    {
      attempt: 'a member who invites',
      expected: forbidden,
      run: async () => outcomeOf(await stage().member.post('/invitations', { email: 'x@example.com', role: 'member' })),
    },
    {
      attempt: 'a member who makes himself an owner',
      expected: forbidden,
      run: async () => outcomeOf(await stage().member.patch(`/members/${stage().member_ids.member}`, { role: 'owner' })),
    },
    {
      attempt: 'an admin who makes himself an owner',
      expected: forbidden,
      run: async () => outcomeOf(await stage().admin.patch(`/members/${stage().member_ids.member}`, { role: 'owner' })),
    },
    {
      attempt: 'an admin who removes the last owner',
      expected: '409 conflict',
      run: async () => outcomeOf(await stage().admin.delete(`/members/${stage().member_ids.ada}`)),
    },
    {
      attempt: 'an admin who invites an owner',
      expected: forbidden,
      run: async () => outcomeOf(await stage().admin.post('/invitations', { email: 'y@example.com', role: 'owner' })),
    },
    {
      attempt: 'a scope that there is not',
      expected: '422 invalid_input',
      run: async () => outcomeOf(await stage().ada.person.post('/keys', { name: 'x', scopes: ['*'] })),
    },
    {
      attempt: 'a role that there is not',
      expected: '422 invalid_input',
      run: async () => outcomeOf(await stage().ada.person.patch(`/members/${stage().member_ids.member}`, { role: 'root' })),
    },
    {
      attempt: 'a key for reading that writes',
      expected: forbidden,
      run: () => withKey({ scopes: ['tasks:read'] }, (agent) => agent.post('/tasks', { title: 'x' })),
    },
    {
      attempt: 'a key of one toolset in another',
      expected: forbidden,
      run: () => withKey({ toolsets: ['tasks'] }, (agent) => agent.post('/queue/claim', { project: 'VICTIM' })),
    },
    {
      attempt: 'a key of one toolset that widens itself in the address of the endpoint',
      expected: 'forbidden',
      run: async () => {
        const key = await keyOf(stage().ada.person, { toolsets: ['tasks'] });
        return overMcp(
          stage().url,
          key,
          async (agent) => (await agent.callTool('claim_task', { project: 'VICTIM' })).text.split(':')[0] ?? '',
          '?toolsets=tasks,queue',
        );
      },
    },
    { attempt: 'an operation that no agent sees, as a tool', expected: '-32602', run: () => tool('create_key', { name: 'x' }) },
    {
      attempt: 'an operation that no agent sees, through call_tool',
      expected: 'not_found',
      run: () => tool('call_tool', { name: 'create_key', arguments: { name: 'x' } }),
    },
    {
      attempt: 'destroying through call_tool',
      expected: 'forbidden',
      run: () => tool('call_tool', { name: 'delete_task', arguments: { task_id: stage().task } }),
    },
    {
      attempt: 'call_tool through call_tool',
      expected: 'not_found',
      run: () => tool('call_tool', { name: 'call_tool', arguments: { name: 'delete_task' } }),
    },
    {
      attempt: 'a claimed task, completed by a colleague without the fence',
      expected: '409 task_claimed',
      run: async () => outcomeOf(await stage().member.post(`/tasks/${await claimed(stage())}/complete`)),
    },
    {
      attempt: 'a claimed task, finished with a guessed fence',
      expected: '409 stale_claim',
      run: async () => outcomeOf(await stage().member.post('/queue/finish', { task_id: await claimed(stage()), fence: 7 })),
    },
    {
      attempt: 'a claimed task, taken over by force by a member',
      expected: '409 task_claimed',
      run: async () => outcomeOf(await stage().member.post(`/tasks/${await claimed(stage())}/complete`, { force: true })),
    },
    {
      attempt: 'a key of a member who was removed',
      expected: '401 unauthenticated',
      run: async () => {
        const owner = await signUp(stage().url, 'Owner');
        const leaver = await join(stage().url, owner, 'member');
        const agent = client(stage().url, await keyOf(leaver, {}));
        if ((await agent.get('/me')).status !== 200) return 'the key never worked';
        const { items } = (await owner.person.get<{ items: { id: string; role: string }[] }>('/members')).body;
        await owner.person.delete(`/members/${items.find(({ role }) => role === 'member')?.id}`);
        return outcomeOf(await agent.get('/me'));
      },
    },
    {
      attempt: 'a key for writing of somebody who is now a viewer',
      expected: forbidden,
      run: async () => {
        const owner = await signUp(stage().url, 'Owner');
        const agent = client(stage().url, await keyOf(await join(stage().url, owner, 'member'), { scopes: ['tasks:write'] }));
        const { items } = (await owner.person.get<{ items: { id: string; role: string }[] }>('/members')).body;
        await owner.person.patch(`/members/${items.find(({ role }) => role === 'member')?.id}`, { role: 'viewer' });
        return outcomeOf(await agent.post('/tasks', { title: 'x' }));
      },
    },
  ];
}

/** A task of the project that Ada's agent holds. */
async function claimed({ ada, project }: { ada: TestUser; project: string }): Promise<string> {
  const made = await ada.agent.post<{ task: { id: string } }>('/tasks', { project, title: 'Held' });
  await ada.agent.post('/queue/claim', { task_id: made.body.task.id });
  return made.body.task.id;
}
