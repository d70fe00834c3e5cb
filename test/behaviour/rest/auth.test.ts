import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestServer, client, signUp, startTestServer } from '../../support/server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

const post = (path: string, body?: unknown, token?: string) => client(server.url, token).post(path, body);

const session = {
  token: expect.any(String),
  expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  user: { id: expect.any(String), email: expect.any(String), name: expect.any(String) },
  workspace: { id: expect.any(String), name: expect.any(String), role: 'owner' },
};

describe('signing up', () => {
  it('gives a token, the user and a workspace, and nothing else', async () => {
    const { status, body, headers } = await post('/api/auth/signup', { email: 'eve@example.org', password: 'long enough', name: 'Eve' });
    expect({ status, body }).toEqual({ status: 201, body: session });
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('tells every problem of the input at once', async () => {
    const { status, body } = await post('/api/auth/signup', { password: 7, admin: true });
    expect(status).toBe(422);
    const { details } = body['error'] as { details: { problems: { path: string }[] } };
    expect(details.problems.map(({ path }) => path).toSorted()).toEqual(['admin', 'email', 'password']);
  });

  it('with an address that has an account is a conflict', async () => {
    const { email } = await signUp(server.url);
    expect((await post('/api/auth/signup', { email, password: 'long enough' })).status).toBe(409);
  });
});

describe('signing in', () => {
  it('works with the password and gives a token that works', async () => {
    const { email, password } = await signUp(server.url);
    const { status, body } = await post('/api/auth/signin', { email, password });
    expect({ status, body }).toEqual({ status: 200, body: session });
    expect((await client(server.url, String(body['token'])).get('/me')).status).toBe(200);
  });

  it('says the same for a wrong password and an unknown address', async () => {
    const { email } = await signUp(server.url);
    const wrong = await post('/api/auth/signin', { email, password: 'not the password' });
    const unknown = await post('/api/auth/signin', { email: 'nobody@example.org', password: 'not the password' });
    expect([wrong.status, wrong.body]).toEqual([401, unknown.body]);
    expect(unknown.status).toBe(401);
  });
});

describe('a new password', () => {
  it('is set with the current one, and ends the other sessions', async () => {
    const { email, password, token, key } = await signUp(server.url);
    const other = String((await post('/api/auth/signin', { email, password })).body['token']);
    const change = (current_password: string, new_password: string, credential = token) =>
      post('/api/auth/password', { current_password, new_password }, credential);
    expect(await change('not the password', 'battery horse correct')).toMatchObject({
      status: 422,
      body: { error: { details: { problems: [{ path: 'current_password' }] } } },
    });
    expect(await change(password, 'password1')).toMatchObject({
      status: 422,
      body: { error: { details: { problems: [{ path: 'new_password' }] } } },
    });
    expect((await change(password, 'battery horse correct', key)).status).toBe(403);
    expect(await change(password, 'battery horse correct')).toMatchObject({ status: 204, body: '' });
    expect((await client(server.url, other).get('/me')).status).toBe(401);
    expect((await client(server.url, token).get('/me')).status).toBe(200);
    expect((await post('/api/auth/signin', { email, password })).status).toBe(401);
    expect((await post('/api/auth/signin', { email, password: 'battery horse correct' })).status).toBe(200);
  });

  it('waits with 429 after too many guesses, as signing in does', async () => {
    const { email } = await signUp(server.url);
    const guess = () => post('/api/auth/signin', { email, password: 'not the password' });
    await expect.poll(async () => (await guess()).status, { interval: 1, timeout: 25_000 }).toBe(429);
  });
});

describe('the session', () => {
  it('is renewed with its token alone', async () => {
    const { token } = await signUp(server.url);
    const { status, body } = await post('/api/auth/refresh', undefined, token);
    expect({ status, body }).toEqual({ status: 200, body: session });
    expect(body['token']).not.toBe(token);
  });

  it('cannot be renewed with a key or with nothing', async () => {
    const { key } = await signUp(server.url);
    expect((await post('/api/auth/refresh', undefined, key)).status).toBe(401);
    expect((await post('/api/auth/refresh')).status).toBe(401);
  });

  it('ends with signing out', async () => {
    const { token } = await signUp(server.url);
    expect(await post('/api/auth/signout', undefined, token)).toMatchObject({ status: 204, body: '' });
    expect((await client(server.url, token).get('/me')).status).toBe(401);
    expect((await post('/api/auth/refresh', undefined, token)).status).toBe(401);
  });
});

describe('a call without a good credential', () => {
  it.each(['/me', '/tasks', '/tasks/ME-1', '/tasks/next?project=NOPE', '/projects', '/keys', '/mcp/tools', '/mcp'])(
    'to %s is 401 before anything else is looked at',
    async (path) => {
      for (const token of [undefined, 'qd_nonsense', 'a.b.c']) {
        const { status, body } = await client(server.url, token).get(path);
        expect({ status, body }).toMatchObject({ status: 401, body: { error: { code: 'unauthenticated', next: expect.any(String) } } });
      }
    },
  );

  it('is 401 for another scheme than Bearer', async () => {
    expect((await client(server.url).get('/me', { authorization: 'Basic YWRhOnB3' })).status).toBe(401);
  });
});

describe('/mcp/tools', () => {
  it('lists what the credential may use, by toolset', async () => {
    const { agent, person } = await signUp(server.url);
    const all = (await agent.get('/mcp/tools')).body as { tools: { name: string; toolset: string; description: string }[] };
    expect(all.tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['whoami', 'create_task', 'claim_task']));
    const queue = (await agent.get('/mcp/tools?toolset=queue')).body as typeof all;
    expect(queue.tools.map(({ name, toolset }) => `${toolset}.${name}`)).toEqual([
      'queue.claim_task',
      'queue.renew_claim',
      'queue.release_claim',
      'queue.finish_task',
    ]);
    const { body } = await person.post('/keys', { name: 'reader', scopes: ['tasks:read'] });
    const few = (await client(server.url, String(body['key'])).get('/mcp/tools')).body as typeof all;
    expect(few.tools.map(({ name }) => name)).not.toContain('create_task');
  });

  it('refuses a toolset that there is not', async () => {
    const { agent } = await signUp(server.url);
    const { status, body } = await agent.get('/mcp/tools?toolset=rockets');
    expect({ status, body }).toMatchObject({ status: 422, body: { error: { next: expect.stringContaining('queue') } } });
  });
});
