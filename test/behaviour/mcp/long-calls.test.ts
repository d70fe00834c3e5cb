/** Calls that go on after their request: who may see them, and that their end is known whatever happens to whom. */

import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createLongCalls } from '../../../src/server/mcp/long-calls/calls.ts';
import type { McpBackend } from '../../../src/server/mcp/backend.ts';
import { type Place, type TestServer, type TestUser, client, createPlace, signUp, startTestServer } from '../../support/server.ts';
import { clientKinds, connect } from './support/clients.ts';
import { type Brewing, openKitchen } from './support/kitchen.ts';
import { type SendOptions, type Sent, send } from './support/send.ts';

const soon = { timeout: 20_000, interval: 50 };
const { instead, open, stopped } = openKitchen();
const lines: Record<string, unknown>[] = [];
const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) });

let place: Place;
let server: TestServer;
let ada: TestUser;
let ben: TestUser;

const often = { QUARTERDECK_SWEEP_MS: '100', QUARTERDECK_LONG_CALL_LEASE_SECONDS: '9', QUARTERDECK_MAX_LONG_CALLS: '3' };
const start = (environment: Record<string, string> = {}) =>
  startTestServer({ place, instead, log, environment: { ...often, ...environment } });

beforeAll(async () => {
  place = await createPlace();
  server = await start();
  [ada, ben] = [await signUp(server.url, 'Ada'), await signUp(server.url, 'Ben')];
});
afterAll(async () => {
  await server.close();
  await place.remove();
});

const ask = (method: string, params: Record<string, unknown>, options: Partial<SendOptions> = {}): Promise<Sent> =>
  send(`${server.url}/mcp`, method, params, { token: ada.key, ...options });

async function brewing(input: Brewing, options: Partial<SendOptions> = {}): Promise<string> {
  const { result } = await ask('tools/call', { name: 'brew_tea', arguments: input }, options);
  expect(result).toMatchObject({ resultType: 'task', status: 'working', pollIntervalMs: 1_000, ttlMs: 7_200_000 });
  return result.taskId as string;
}

/** So much, and the time that the test has taken. */
const near = (ms: number): unknown => expect.toSatisfy((found: number) => found >= ms && found < ms + 60_000);

/** The key of somebody else in the same workspace. */
async function colleague(): Promise<string> {
  const { email, password, person } = await signUp(server.url, 'Cleo');
  const invitation = await ada.person.post<{ invitation: { token: string } }>('/invitations', { email, role: 'member' });
  const { token } = invitation.body.invitation;
  expect((await person.post(`/invitations/${token}/accept`, {})).status).toBe(200);
  const signedIn = await client(server.url).post<{ token: string }>('/api/auth/signin', { email, password, workspace: ada.workspace.id });
  return signedIn.body.token;
}

const get = async (taskId: string) => (await ask('tasks/get', { taskId })).result;
const reaches = (taskId: string, status: string) =>
  vi.waitFor(async () => {
    const call = await get(taskId);
    expect(call).toMatchObject({ status });
    return call;
  }, soon);

test('a client that takes tasks gets a handle, and the result when there is one', async () => {
  const taskId = await brewing({ gate: 'plain' });
  expect(await get(taskId)).toMatchObject({ resultType: 'complete', taskId, status: 'working' });
  expect((await client(server.url).get('/metrics')).body).toContain('\nquarterdeck_long_calls 1\n');
  open('plain');
  expect(await reaches(taskId, 'completed')).toMatchObject({ result: { structuredContent: { tea: 'green' } }, ttlMs: near(3_600_000) });
  const line = () => lines.find(({ msg, task }) => msg === 'long call' && task === taskId);
  await vi.waitFor(() => expect(line()).toBeDefined(), soon);
  expect(line()).toMatchObject({ tool: 'brew_tea', status: 'completed', principal: ada.key_id, request_id: expect.any(String) });
});

test('call_tool gives a handle as well', async () => {
  open('indirect');
  const { result } = await ask('tools/call', { name: 'call_tool', arguments: { name: 'brew_tea', arguments: { gate: 'indirect' } } });
  expect((await reaches(result.taskId as string, 'completed')).result).toMatchObject({ structuredContent: { tea: 'green' } });
});

test('what the tool refuses is a result, and a bug is a failure without its text', async () => {
  open('bad');
  const refused = await reaches(await brewing({ gate: 'bad', fail: 'refuse' }), 'completed');
  expect(refused.result).toMatchObject({ isError: true, content: [{ text: 'conflict: There is no tea. Buy some.' }] });
  const failed = await reaches(await brewing({ gate: 'bad', fail: 'bug' }), 'failed');
  expect(failed.error).toMatchObject({ code: -32603, message: expect.stringMatching(/^internal: /) });
  expect(JSON.stringify(failed)).not.toContain('secret');
});

test('only the credential that made the call sees, answers or ends it', async () => {
  const taskId = await brewing({ gate: 'private' });
  const other = await ada.person.post<{ key: string }>('/keys', { name: 'other' });
  for (const token of [ben.key, ada.token, other.body.key, await colleague()]) {
    for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
      const { error } = await ask(method, { taskId, ...(method === 'tasks/update' ? { inputResponses: {} } : {}) }, { token });
      expect(error).toMatchObject({ code: -32602, message: expect.stringContaining('Unknown task') });
    }
  }
  expect((await get(taskId)).status).toBe('working');
  for (const unknown of ['nonsense', '00000000-0000-7000-8000-000000000000'])
    expect((await ask('tasks/get', { taskId: unknown })).error).toMatchObject({ code: -32602 });
  await ask('tasks/cancel', { taskId });
});

test('the database alone shows a call to nobody but its person, in the workspace of the call', async () => {
  const taskId = await brewing({ gate: 'walled' });
  const seen = ({ id: workspace_id }: { id: string }, { id: user_id }: { id: string }) =>
    server.platform.database.transaction({ workspace_id, user_id }, { mode: 'read' }, async ({ db }) => {
      const { rows } = await sql`select 1 from mcp_tasks where id = ${taskId}`.execute(db);
      return rows.length;
    });
  expect(await Promise.all([seen(ada.workspace, ada.user), seen(ada.workspace, ben.user), seen(ben.workspace, ada.user)])).toEqual([
    1, 0, 0,
  ]);
  await ask('tasks/cancel', { taskId });
});

test('a credential has so many that have not ended, and not one more', async () => {
  const token = ben.key;
  const calls = Array.from({ length: 6 }, () => ask('tools/call', { name: 'brew_tea', arguments: { gate: 'many' } }, { token }));
  const results = (await Promise.all(calls)).map(({ result }) => result);
  const [refused, ...others] = results.filter(({ isError }) => isError);
  expect(others).toHaveLength(2);
  expect(refused.content[0].text).toMatch(/^overloaded: 3 long calls of this credential .* tasks\/cancel/);
  const [first, ...kept] = results.filter(({ resultType }) => resultType === 'task').map(({ taskId }) => taskId as string);
  await ask('tasks/cancel', { taskId: first }, { token });
  const again = await brewing({ gate: 'many' }, { token });
  for (const taskId of [again, ...kept]) await ask('tasks/cancel', { taskId }, { token });
});

test('a call tells how far it is, and ends with the key that made it', async () => {
  const { body } = await ada.person.post<{ id: string; key: string }>('/keys', { name: 'lost' });
  const taskId = await brewing({ gate: 'revoked' }, { token: body.key });
  const message = async () => (await ask('tasks/get', { taskId }, { token: body.key })).result.statusMessage as unknown;
  await vi.waitFor(async () => expect(await message()).toBe('The water is hot.'), soon);
  await ada.person.delete(`/keys/${body.id}`);
  await vi.waitFor(() => expect(stopped).toContain('revoked'), soon);
});

test('a cancelled call is stopped, and stays cancelled', async () => {
  const taskId = await brewing({ gate: 'cancelled' });
  for (const _ of [1, 2]) expect((await ask('tasks/cancel', { taskId })).result).toMatchObject({ resultType: 'complete' });
  await vi.waitFor(() => expect(stopped).toContain('cancelled'), soon);
  expect((await get(taskId)).status).toBe('cancelled');
});

test('a question waits with the call, each time under a new key', async () => {
  open('asks');
  const taskId = await brewing({ gate: 'asks', ask: true });
  const [first = ''] = Object.keys((await reaches(taskId, 'input_required')).inputRequests as object);
  await ask('tasks/update', {
    taskId,
    inputResponses: { [first]: { action: 'accept', content: { sure: 'maybe' } }, other: { action: 'accept' } },
  });
  const second = await vi.waitFor(async () => {
    const [key = first] = Object.keys((await reaches(taskId, 'input_required')).inputRequests as object);
    expect(key).not.toBe(first);
    return key;
  }, soon);
  await ask('tasks/update', { taskId, inputResponses: { [second]: { action: 'accept', content: { sure: true } } } });
  expect((await reaches(taskId, 'completed')).result).toMatchObject({ structuredContent: { tea: 'green' } });
});

test('a client that takes tasks and cannot be asked is told what to pass', async () => {
  const capabilities = { extensions: { 'io.modelcontextprotocol/tasks': {} } };
  const taskId = await brewing({ gate: 'mute', ask: true }, { capabilities });
  expect((await reaches(taskId, 'completed')).result).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining('Pass sure.') }],
  });
});

test.each(clientKinds)('a client of %s that says nothing of tasks gets the result on its own request', async (kind) => {
  open('direct');
  const connected = await connect(kind, { url: `${server.url}/mcp`, token: ada.key });
  expect((await connected.callTool('brew_tea', { gate: 'direct' })).structured).toEqual({ tea: 'green' });
  await connected.close();
});

test('the methods are refused to a client that does not say that it takes tasks', async () => {
  for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
    const { error } = await ask(method, { taskId: 'x', inputResponses: {} }, { capabilities: {} });
    expect(error).toMatchObject({ code: -32021, data: { requiredCapabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } } } });
  }
});

test('to a client of 2025 they are no methods at all', async () => {
  const headers = { 'mcp-protocol-version': '2025-11-25', accept: 'application/json, text/event-stream' };
  const { body: text } = await client(server.url, ada.key).post<string>(
    '/mcp',
    { jsonrpc: '2.0', id: 1, method: 'tasks/get', params: { taskId: 'x' } },
    headers,
  );
  expect(text).toContain('"code":-32601');
  expect(text).toContain('Method not found: tasks/get');
});

/** Changes the row behind the back of the server that runs it. */
const tamper = (taskId: string, column: 'leased_until' | 'expires_at') =>
  server.platform.database.transaction('system', { mode: 'write' }, ({ db, now }) =>
    sql`update mcp_tasks set ${sql.ref(column)} = ${new Date(now.getTime() - 1_000)} where id = ${taskId}`.execute(db),
  );

test('a call whose replica died fails, and says so', async () => {
  const taskId = await brewing({ gate: 'dead' });
  await tamper(taskId, 'leased_until');
  expect((await get(taskId)).error).toMatchObject({ message: expect.stringContaining('is gone') });
  // The run that comes late changes nothing any more, before and after the sweep.
  open('dead');
  expect((await reaches(taskId, 'failed')).error).toMatchObject({ message: expect.stringContaining('is gone') });
});

test('a call whose time is over is forgotten', async () => {
  open('old');
  const taskId = await brewing({ gate: 'old' });
  await reaches(taskId, 'completed');
  await tamper(taskId, 'expires_at');
  expect((await ask('tasks/get', { taskId })).error).toMatchObject({ code: -32602 });
  const rows = () =>
    server.platform.database.transaction(
      'system',
      { mode: 'read' },
      async ({ db }) => (await sql`select 1 from mcp_tasks where id = ${taskId}`.execute(db)).rows,
    );
  await vi.waitFor(async () => expect(await rows()).toEqual([]), soon);
});

test('a result outlives the server that found it, and what that one left unfinished says why', async () => {
  open('kept');
  const [kept, unfinished] = [await brewing({ gate: 'kept' }), await brewing({ gate: 'unfinished' })];
  await reaches(kept, 'completed');
  await server.close();
  server = await start({ QUARTERDECK_RATE_LIMIT: '1000/1000/2' });
  expect((await get(kept)).result).toMatchObject({ structuredContent: { tea: 'green' } });
  expect((await get(unfinished)).error).toMatchObject({ message: expect.stringContaining('The server stopped') });
});

test('what is refused because of a limit has not begun', async () => {
  open('limited');
  const taskId = await brewing({ gate: 'limited', ask: true });
  const { inputRequests } = await reaches(taskId, 'input_required');
  const [key = ''] = Object.keys(inputRequests as object);
  const answer = { taskId, inputResponses: { [key]: { action: 'accept', content: { sure: true } } } };
  expect((await ask('tasks/update', answer)).result).toEqual(expect.objectContaining({ resultType: 'complete' }));
  expect((await ask('tasks/update', answer)).error).toMatchObject({ code: -32603, message: expect.stringContaining('rate_limited') });
  const { result } = await ask('tools/call', { name: 'brew_tea', arguments: { gate: 'limited' } });
  expect(result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('rate_limited') }] });
  expect(await reaches(taskId, 'completed')).toMatchObject({ taskId });
});

test('a replica runs 64, a call has its time, and one that is closed begins none', async () => {
  const settings = { longCallSeconds: 4, longCallLeaseSeconds: 9, longCallPollMs: 1_000, maxLongCalls: 100 };
  const { database } = server.platform;
  const calls = createLongCalls({ database, settings, log });
  const principal = { id: randomUUID(), workspace_id: ada.workspace.id, user_id: ada.user.id, expires_at: null };
  const callTool = ({ signal }: { signal: AbortSignal }) =>
    new Promise((_, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  const backend = { principal, callTool, stillGood: async () => true } as unknown as McpBackend;
  const begin = () => calls.start(backend, { name: 'brew_tea', arguments: {} }, 'request', undefined);
  const ends = async (id: string, why: RegExp) =>
    vi.waitFor(async () => {
      const { result } = await calls.get(backend.principal, id);
      expect(result).toMatchObject({ code: -32603, message: expect.stringMatching(why) });
    }, soon);
  const { id } = await begin();
  await ends(id, /^It took longer than 4 seconds\. Call the tool again/);
  const many = createLongCalls({ database, settings: { ...settings, longCallSeconds: 600 }, log });
  const start64 = () => many.start(backend, { name: 'brew_tea', arguments: {} }, 'request', undefined);
  await Promise.all(Array.from({ length: 64 }, start64));
  await expect(start64()).rejects.toThrow('64 long calls run on this server');
  await many.close();
  expect(many.running).toBe(0);
  const late = await start64();
  await ends(late.id, /^The server stopped\./);
  await calls.close();
});
