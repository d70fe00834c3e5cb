/** Too much at once: what is turned away, and what goes on. A query that sleeps keeps the server busy for as long as a test needs. */

import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest';
import { type Answer, type TestServer, type TestUser, client, signUp, startTestServer } from '../../support/server.ts';
import { sleeping, slowProjects, wake } from '../../support/slow.ts';

const noConcurrency = 'the embedded database has one connection, so a slow query keeps everybody waiting';

async function start(environment: Record<string, string>): Promise<TestServer> {
  const server = await startTestServer({ environment: { QUARTERDECK_STATEMENT_TIMEOUT_MS: '25000', ...environment } });
  onTestFinished(() => server.close());
  return server;
}

let projects = 0;
/** A call that takes as long as the database is slow. */
const newProject = (agent: TestUser['agent']) => () => agent.post('/projects', { key: `S${(projects += 1)}`, name: 'slow' });

/** Tasks to claim, made before anything is slow. */
async function readyUser(server: TestServer): Promise<TestUser> {
  const user = await signUp(server.url);
  const tasks = Array.from({ length: 5 }, (_, index) => ({ title: `ready ${index}` }));
  expect((await user.agent.post('/tasks/batch', { tasks })).status).toBe(201);
  return user;
}

/** Calls that do not come back until `wake`, once so many of them sleep in the database. */
async function occupy(server: TestServer, calls: (() => Promise<Answer<unknown>>)[], asleep: number): Promise<Promise<number>[]> {
  await slowProjects(server.platform, 20);
  const statuses = calls.map(async (call) => (await call()).status);
  await expect.poll(() => sleeping(server.platform), { timeout: 10_000 }).toBe(asleep);
  return statuses;
}

describe('with every connection of the pool but the reserved one in a slow query', () => {
  it('health, sign-in and claims are answered, and other calls wait for their turn', async ({ skip }) => {
    if (inject('databaseKind') === 'embedded') skip(noConcurrency);
    const server = await start({ QUARTERDECK_DATABASE_POOL: '4', QUARTERDECK_POOL_TIMEOUT_MS: '1500' });
    const { agent, email, password } = await readyUser(server);
    const slow = await occupy(
      server,
      Array.from({ length: 8 }, () => newProject(agent)),
      3,
    );

    const claim = await agent.post<{ task: { id: string }; claim: { fence: number } }>('/queue/claim', { project: 'ME' });
    expect(claim.status).toBe(200);
    const held = { task_id: claim.body.task.id, fence: claim.body.claim.fence };
    expect((await agent.post('/queue/renew', held)).status).toBe(200);
    expect((await agent.post('/queue/finish', held)).status).toBe(200);
    expect((await client(server.url).get('/health')).body).toMatchObject({ status: 'healthy' });
    expect((await client(server.url).get('/health/ready')).status).toBe(200);
    expect((await client(server.url).get('/metrics')).status).toBe(200);
    expect((await client(server.url).post('/api/auth/signin', { email, password })).status).toBe(200);

    const waited = await agent.get('/tasks');
    expect(waited).toMatchObject({
      status: 503,
      body: { error: { code: 'unavailable', retryable: true, message: expect.stringContaining('QUARTERDECK_POOL_TIMEOUT_MS') } },
    });
    expect(await sleeping(server.platform)).toBe(3);
    await wake(server.platform);
    await Promise.all(slow);
    expect((await agent.get('/tasks')).status).toBe(200);
  });
});

describe('with as many requests in work as there may be', () => {
  let server: TestServer;
  let user: TestUser;
  beforeEach(async () => {
    if (inject('databaseKind') === 'embedded') return;
    server = await startTestServer({
      environment: {
        QUARTERDECK_STATEMENT_TIMEOUT_MS: '25000',
        QUARTERDECK_POOL_TIMEOUT_MS: '20000',
        QUARTERDECK_MAX_REQUESTS: '3',
        QUARTERDECK_MAX_REQUESTS_PER_CREDENTIAL: '2',
      },
    });
    user = await readyUser(server);
  });
  afterEach(async () => {
    if (inject('databaseKind') === 'postgres') await server.close();
  });

  it('the next ones wait, those after them get 503 and when to come back, and claims and health go on', async ({ skip }) => {
    if (inject('databaseKind') === 'embedded') skip(noConcurrency);
    const other = await signUp(server.url, 'Bob');
    const create = (by: TestUser) => newProject(by.agent);
    // Two of the one credential and one of the other are in work; the rest waits, three at most.
    const slow = await occupy(server, [create(user), create(user), create(other)], 3);
    const waiting = [user, user, other].map((by) => newProject(by.agent)());
    await expect.poll(async () => (await other.agent.get('/tasks')).status, { timeout: 10_000 }).toBe(503);
    const refused = await other.agent.get('/tasks');
    expect(refused).toMatchObject({ status: 503, body: { error: { code: 'overloaded', retryable: true } } });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await user.agent.post('/queue/claim', { project: 'ME' })).body).toMatchObject({ claim: { fence: 1 } });
    expect((await client(server.url).get('/health')).status).toBe(200);
    expect((await client(server.url).get<string>('/metrics')).body).toMatch(/quarterdeck_limits_hit_total\{limit="overload"\} [1-9]/);
    await wake(server.platform);
    await Promise.all(slow);
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([201, 201, 201]);
    expect((await other.agent.get('/tasks')).status).toBe(200);
  });

  it('one credential leaves room for another', async ({ skip }) => {
    if (inject('databaseKind') === 'embedded') skip(noConcurrency);
    const other = await signUp(server.url, 'Bob');
    const create = newProject(user.agent);
    const slow = await occupy(server, [create, create, create], 2);
    expect((await other.agent.get('/tasks')).status).toBe(200);
    await wake(server.platform);
    await Promise.all(slow);
  });

  it('a model is told so by its tool', async ({ skip }) => {
    if (inject('databaseKind') === 'embedded') skip(noConcurrency);
    const call = (name: string, args: object) =>
      client(server.url, user.key).request<string>(
        'POST',
        '/mcp',
        { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } },
        {
          Accept: 'application/json, text/event-stream',
          'MCP-Protocol-Version': '2025-06-18',
        },
      );
    const create = newProject(user.agent);
    const slow = await occupy(
      server,
      Array.from({ length: 5 }, () => create),
      2,
    );
    await expect
      .poll(async () => (await call('list_tasks', {})).body, { timeout: 10_000 })
      .toMatch(/overloaded: The server has more to do .*"isError":true/);
    expect((await call('claim_task', { project: 'ME' })).body).toContain('fence');
    await wake(server.platform);
    await Promise.all(slow);
  });
});
