/** A question of the whole server to the person behind a client: deleting a project that still has tasks. */

import type { Client, ClientCapabilities } from '@modelcontextprotocol/client';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type TestServer, type TestUser, signUp, startTestServer } from '../../support/server.ts';
import { clientKinds, connect, connectSecond } from './support/clients.ts';

let server: TestServer;
let ada: TestUser;
const open: Client[] = [];
let projects = 0;

beforeAll(async () => {
  server = await startTestServer();
  ada = await signUp(server.url, 'Ada');
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
});
afterAll(() => server.close());

async function projectWithTask(): Promise<string> {
  projects += 1;
  const key = `Q${projects}`;
  await ada.agent.post('/projects', { key, name: key });
  expect((await ada.agent.post('/tasks', { project: key, title: 'left over' })).status).toBe(201);
  return key;
}

const endpoint = () => ({ url: `${server.url}/mcp?toolsets=workspace`, token: ada.key });
const canAsk: ClientCapabilities = { elicitation: { form: {} } };

/** A client whose person gives these answers, one after the other; returns what they were asked, too. */
async function clientWithPerson(answers: (() => Promise<boolean | undefined> | boolean | undefined)[]) {
  const client = await connectSecond('2026-07-28', endpoint(), canAsk);
  open.push(client);
  const asked: string[] = [];
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    asked.push(params.message);
    const confirm = await answers.shift()?.();
    return confirm === undefined ? { action: 'decline' } : { action: 'accept', content: { confirm } };
  });
  const remove = async (project: string) => {
    const { isError, content, structuredContent } = await client.callTool({ name: 'delete_project', arguments: { project } });
    const [first] = content;
    return { isError, structuredContent, text: first?.type === 'text' ? first.text : '' };
  };
  return { asked, remove };
}

const exists = async (project: string) => (await ada.agent.get(`/tasks?project=${project}`)).status === 200;

test('the project goes when the person confirms', async () => {
  const project = await projectWithTask();
  const { asked, remove } = await clientWithPerson([() => true]);
  expect((await remove(project)).structuredContent).toEqual({ project, status: 'deleted', deleted_tasks: 1, deleted_sources: 0 });
  expect(asked).toEqual([expect.stringContaining(`Project ${project} has 1 task`)]);
  expect(await exists(project)).toBe(false);
});

test.each([false, undefined])('the project stays when the answer is %s', async (answer) => {
  const project = await projectWithTask();
  const { remove } = await clientWithPerson([() => answer]);
  expect(await remove(project)).toMatchObject({ isError: true, text: expect.stringMatching(/^declined: /) });
  expect(await exists(project)).toBe(true);
});

test('the person is asked again when the project has changed while they thought', async () => {
  const project = await projectWithTask();
  const addTask = async () => {
    await ada.agent.post('/tasks', { project, title: 'one more' });
    return true;
  };
  const { asked, remove } = await clientWithPerson([addTask, () => false]);
  expect((await remove(project)).text).toMatch(/^declined: /);
  expect(asked).toEqual([expect.stringContaining('has 1 task.'), expect.stringContaining('has 2 tasks')]);
  expect(await exists(project)).toBe(true);
});

test.each(clientKinds)('a client of %s that cannot ask is told what to pass instead', async (kind) => {
  const project = await projectWithTask();
  const client = await connect(kind, endpoint());
  const refused = await client.callTool('delete_project', { project });
  expect(refused).toMatchObject({ isError: true, text: expect.stringMatching(/^conflict: .*force=true/) });
  expect((await client.callTool('delete_project', { project, force: true })).structured).toMatchObject({ status: 'deleted' });
  await client.close();
});

test('nobody is asked over REST', async () => {
  const project = await projectWithTask();
  expect(await ada.agent.delete(`/projects/${project}`)).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } });
});
