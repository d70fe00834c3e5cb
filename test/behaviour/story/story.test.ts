/** Two agents share a queue over MCP; one dies at work, and all twenty tasks are done once, in order. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, type TestServer, client, signUp, startTestServer } from '../../support/server.ts';
import { type Account, type Agent, sdkAgent } from '../../support/story-agents.ts';
import { type Held, createPlan, finish, plan, work, workAndDie } from '../../support/story.ts';

const project = 'SITE';

interface Task {
  id: string;
  status: string;
  attempts: number;
  depends_on: string[];
  completed_at: string;
  history: { type: string; by: { name: string }; data: { fence?: number } }[];
}

let server: TestServer;
let person: Client;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.close());

/** Signs in to the same workspace with a key of its own. */
async function account(name: string): Promise<Account> {
  const { body } = await person.post<{ key: string }>('/keys', { name });
  return { url: server.url, key: body.key };
}

async function tasksInFull(): Promise<Task[]> {
  const { body } = await person.get<{ items: Task[] }>(`/tasks?project=${project}&limit=200&detail=full`);
  return body.items;
}

describe.each([
  { survivor: '2026-07-28', victim: '2025' },
  { survivor: '2025', victim: '2026-07-28' },
] as const)('a client of $survivor works on when one of $victim dies', ({ survivor, victim }) => {
  const agents: Record<string, Agent> = {};
  let ids: string[];
  let abandoned: Held;
  let finishedBy: Record<string, string[]>;
  let tasks: Task[];

  beforeAll(async () => {
    const user = await signUp(server.url);
    person = client(server.url, user.token);
    await person.post('/projects', { key: project, name: 'A page on the web' });
    const [strong, mortal] = await Promise.all([sdkAgent(survivor, await account('survivor')), sdkAgent(victim, await account('victim'))]);
    Object.assign(agents, { strong, mortal });
    ids = await createPlan(strong, project);
    const isDone = async () => (await tasksInFull()).every(({ status }) => status === 'completed');
    const [strongFinished, dead] = await Promise.all([work(strong, project, isDone), workAndDie(mortal, project, 3)]);
    abandoned = dead.abandoned;
    finishedBy = { survivor: strongFinished, victim: dead.finished };
    tasks = await tasksInFull();
  }, 120_000);
  afterAll(() => Promise.all(Object.values(agents).map((agent) => agent.close())));

  const find = (id: string) => tasks.find((task) => task.id === id);
  const completedAt = (id: string) => Date.parse(find(id)?.completed_at ?? '');
  const happened = (task: Task | undefined, type: string) => task?.history.filter((entry) => entry.type === type) ?? [];

  test('all twenty are completed', () => {
    expect(tasks.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(tasks.filter(({ status }) => status !== 'completed')).toEqual([]);
  });

  test('each is completed once, by the one who says so', () => {
    expect([...(finishedBy['survivor'] ?? []), ...(finishedBy['victim'] ?? [])].sort()).toEqual([...ids].sort());
    for (const [name, finished] of Object.entries(finishedBy)) {
      for (const id of finished) expect(happened(find(id), 'task.completed').map(({ by }) => by.name)).toEqual([name]);
    }
    expect(finishedBy['victim']).toHaveLength(3);
  });

  test('none is completed before those that it depends on', () => {
    for (const [place, { after }] of plan.entries()) {
      const task = find(ids[place] ?? '');
      expect(task?.depends_on.toSorted()).toEqual(after.map((needed) => ids[needed]).toSorted());
      for (const needed of task?.depends_on ?? []) expect(completedAt(needed)).toBeLessThan(completedAt(task?.id ?? ''));
    }
  });

  test('the task of the dead came back with its attempt counted, and was claimed under a higher fence', () => {
    const task = find(abandoned.task_id);
    expect(task?.attempts).toBe(1);
    expect(tasks.filter(({ attempts }) => attempts > 0)).toHaveLength(1);
    expect(happened(task, 'claim.expired').map(({ data }) => data.fence)).toEqual([abandoned.fence]);
    expect(happened(task, 'claim.taken').map(({ data, by }) => [by.name, data.fence])).toEqual([
      ['survivor', abandoned.fence + 1],
      ['victim', abandoned.fence],
    ]);
  });

  test('the dead who comes back is refused, and told what to do', async () => {
    const { mortal } = agents;
    if (mortal === undefined) throw new Error('nobody died');
    await expect(finish(mortal, abandoned)).rejects.toMatchObject({
      code: 'stale_claim',
      message: expect.stringContaining('Stop working on it'),
    });
    expect(happened(find(abandoned.task_id), 'task.completed')).toHaveLength(1);
  });
});
