/** The MCP face of the whole server, with the official clients of both eras. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { resultBudget } from '../../../scripts/tokens/budget.ts';
import { sizeOf } from '../../../scripts/tokens/count.ts';
import { typicalResults } from '../../../scripts/tokens/results.ts';
import { type TestServer, type TestUser, signUp, startTestServer } from '../../support/server.ts';
import { type TestClient, type ToolResult, clientKinds, connect } from './support/clients.ts';

let server: TestServer;
let ada: TestUser;
let ben: TestUser;
const open: TestClient[] = [];

beforeAll(async () => {
  server = await startTestServer();
  [ada, ben] = [await signUp(server.url, 'Ada'), await signUp(server.url, 'Ben')];
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
});
afterAll(() => server.close());

/** A project key that no other test has. */
let projects = 0;
async function newProject(user: TestUser): Promise<string> {
  projects += 1;
  const key = `P${projects}`;
  expect((await user.agent.post('/projects', { key, name: key })).status).toBe(201);
  return key;
}

function part(result: ToolResult, name: string): Record<string, unknown> {
  expect(result.isError, result.text).toBe(false);
  expect(JSON.parse(result.text), 'the text is complete alone').toEqual(result.structured);
  return result.structured?.[name] as Record<string, unknown>;
}

describe.each(clientKinds)('an agent with a client of %s', (kind) => {
  const agent = async (user: TestUser, query = '') => {
    const client = await connect(kind, { url: `${server.url}/mcp${query}`, token: user.key });
    open.push(client);
    return client;
  };

  test('claims, keeps and finishes the tasks of a project in the order of their dependencies', async () => {
    const project = await newProject(ada);
    const client = await agent(ada);
    const first = part(await client.callTool('create_task', { project, title: 'first' }), 'task')['id'];
    await client.callTool('create_task', { project, title: 'second', depends_on: [first], priority: 'urgent' });
    for (const title of ['first', 'second']) {
      const claimed = await client.callTool('claim_task', { project });
      const { id, title: got } = part(claimed, 'task');
      const { fence } = part(claimed, 'claim');
      expect(got).toBe(title);
      part(await client.callTool('renew_claim', { task_id: id, fence }), 'claim');
      const finished = part(await client.callTool('finish_task', { task_id: id, fence, notes: 'done', outputs: { ok: true } }), 'task');
      expect(finished).toMatchObject({ status: 'completed', outputs: { ok: true } });
    }
    expect((await client.callTool('claim_task', { project })).structured).toEqual({ task: null, claim: null });
  });

  test('gets results that fit the output schemas it was given', async () => {
    const project = await newProject(ada);
    const client = await agent(ada);
    // A client that has the list refuses a result that does not fit.
    const listed = (await client.listTools()).map(({ name }) => name);
    const call = async (name: string, args: Record<string, unknown> = {}) => {
      expect(listed).toContain(name);
      expect(await client.callTool(name, args)).toMatchObject({ isError: false, structured: expect.any(Object) });
    };
    await call('create_task', { project, title: 'first', labels: ['a'], due: '2026-01-31T09:00:00Z' });
    const task_id = `${project}-1`;
    await call('create_task', { project, title: 'second', depends_on: [task_id], parent: task_id });
    await call('update_task', { task_id, notes: 'a note', assignee: 'me' });
    for (const detail of ['brief', 'full']) {
      await call('list_tasks', { project, detail });
      await call('get_task', { task_id, detail });
    }
    await call('claim_task', { project });
    await call('renew_claim', { task_id, fence: 1 });
    await call('release_claim', { task_id, fence: 1 });
    await call('complete_task', { task_id });
    await call('claim_task', { project: 'ME' });
    for (const name of ['whoami', 'list_projects']) await call(name);
    await call('find_tools', { query: 'delete a task' });
  });

  test('is told by a stale fence that somebody else has the task', async () => {
    const project = await newProject(ada);
    const client = await agent(ada);
    const id = part(await client.callTool('create_task', { project, title: 'contested' }), 'task')['id'];
    const { fence } = part(await client.callTool('claim_task', { task_id: id }), 'claim');
    await client.callTool('release_claim', { task_id: id, fence, reason: 'another go' });
    await client.callTool('claim_task', { task_id: id });
    const stale = await client.callTool('finish_task', { task_id: id, fence });
    expect(stale).toMatchObject({ isError: true, structured: undefined });
    expect(stale.text).toMatch(/^stale_claim: /);
  });

  test('repeats a call with the same idempotency key without a second task', async () => {
    const project = await newProject(ada);
    const client = await agent(ada);
    const meta = { 'quarterdeck/idempotency_key': `once-in-${project}` };
    const input = { project, title: 'once' };
    const made = [await client.callTool('create_task', input, { meta }), await client.callTool('create_task', input, { meta })];
    expect(made[0]).toMatchObject({ isError: false });
    expect(made[0]).toEqual(made[1]);
    const other = await client.callTool('create_task', { project, title: 'another' }, { meta });
    expect(other.text).toMatch(/^idempotency_mismatch: /);
  });

  test('sees its own tasks as resources, and others see none of them', async () => {
    const mine = await agent(ada);
    const id = String(part(await mine.callTool('create_task', { title: `personal ${kind}` }), 'task')['id']);
    expect(id).toMatch(/^ME-/);
    const uri = `quarterdeck://tasks/${id}`;
    expect(JSON.parse(await mine.readResource(uri))).toMatchObject({ task: { id, title: `personal ${kind}` } });
    expect((await mine.listResources()).map((resource) => resource.uri)).toContain(uri);
    const theirs = await agent(ben);
    await expect(theirs.readResource(uri)).rejects.toMatchObject({ code: -32602 });
    expect(await theirs.listResources()).toEqual([]);
  });

  test('deletes a task at an endpoint that lists what destroys, and not through call_tool', async () => {
    const client = await agent(ada);
    const task_id = part(await client.callTool('create_task', { title: 'mistake' }), 'task')['id'];
    const refused = await client.callTool('call_tool', { name: 'delete_task', arguments: { task_id } });
    expect(refused.text).toMatch(/^forbidden: .*toolsets=tasks/);
    const narrow = await agent(ada, '?toolsets=tasks');
    expect((await narrow.listTools()).map(({ name }) => name)).toContain('delete_task');
    expect((await narrow.callTool('delete_task', { task_id })).structured).toMatchObject({ task_id, status: 'deleted' });
  });

  test('lists no more than its key is narrowed to', async () => {
    const made = await ada.person.post<{ key: string }>('/keys', { name: `narrow ${kind}`, scopes: ['tasks:read'], toolsets: ['tasks'] });
    const client = await agent({ ...ada, key: made.body.key });
    expect((await client.listTools()).map(({ name }) => name)).toEqual(['list_tasks', 'get_task', 'find_tools', 'call_tool']);
    expect((await client.callTool('create_task', { title: 'no' })).text).toMatch(/^forbidden: /);
    expect((await client.callTool('claim_task', { project: 'ME' })).text).toMatch(/^forbidden: /);
  });
});

test('typical results stay within their budget', async () => {
  const client = await connect('2026-07-28', { url: `${server.url}/mcp`, token: ada.key });
  open.push(client);
  const call = async (name: string, args: Record<string, unknown>) => {
    const { isError, text } = await client.callTool(name, args);
    expect(isError, text).toBe(false);
    return text;
  };
  const results = await typicalResults(call, 'TYPICAL');
  for (const [name, text] of Object.entries(results)) expect(sizeOf(text).tokens, `${name}: ${text}`).toBeLessThan(resultBudget.tokens);
  expect(JSON.parse(results['list_tasks of 50'] ?? '')).toMatchObject({ items: { length: 50 }, next_cursor: null });
});

test('a client without a credential is led to where it can get one', async () => {
  const response = await fetch(`${server.url}/mcp`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
  expect(response.status).toBe(401);
  const challenge = response.headers.get('www-authenticate') ?? '';
  const [, metadata = ''] = /^Bearer .*resource_metadata="([^"]+)"/.exec(challenge) ?? [];
  const described = (await (await fetch(metadata)).json()) as Record<string, unknown>;
  expect(described).toMatchObject({ resource: `${server.url}/mcp`, bearer_methods_supported: ['header'] });
});
