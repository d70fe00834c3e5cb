import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Browser, authorizeUrl, connectApp, newPkce, redeem, refresh, register } from '../../support/oauth.ts';
import { type TestServer, type TestUser, client, signUp, startTestServer } from '../../support/server.ts';

let server: TestServer;
let url: string;
let ada: TestUser;
let bob: TestUser;

const visitOf = ({ email, password }: TestUser) => ({ email, password });
const password = (person: TestUser, workspace: string) =>
  client(url).post<{ token: string }>('/api/auth/signin', { ...visitOf(person), workspace });

/** Bob is a viewer of Ada's workspace, beside the one of his own. */
beforeAll(async () => {
  server = await startTestServer();
  url = server.url;
  [ada, bob] = [await signUp(url, 'Ada'), await signUp(url, 'Bob')];
  const { body } = await ada.person.post<{ invitation: { token: string } }>('/invitations', { email: bob.email, role: 'viewer' });
  await bob.person.post(`/invitations/${body.invitation.token}/accept`, {});
});
afterAll(() => server.close());

async function connectTo(person: TestUser, workspace_id: string) {
  const { client_id } = (await register(url)).body;
  const pkce = newPkce();
  const back = await new Browser().signIn(authorizeUrl(url, client_id, pkce), { ...visitOf(person), workspace_id });
  return { client_id, ...(await redeem(url, { client_id, code: back.get('code') ?? '', code_verifier: pkce.verifier })).body };
}

describe('a connection', () => {
  test('is for the workspace that the person chose, with at most its role there', async () => {
    const app = await connectTo(bob, ada.workspace.id);
    const { body } = await client(url, app.access_token).get<{ workspace: object; me: { scopes: string[] } }>('/me');
    expect(body.workspace).toMatchObject({ id: ada.workspace.id, role: 'viewer' });
    expect(body.me.scopes).toEqual(['workspace:read', 'tasks:read', 'knowledge:read']);
    const refused = await client(url, app.access_token).post<{ error: { code: string } }>('/tasks', { title: 'x' });
    expect([refused.status, refused.body.error.code]).toEqual([403, 'forbidden']);
  });

  test('changes with the role of its person at once', async () => {
    const app = await connectTo(bob, ada.workspace.id);
    const { body } = await ada.person.get<{ items: { id: string; user_id: string }[] }>('/members');
    const member = body.items.find(({ user_id }) => user_id === bob.user.id)?.id ?? '';
    await ada.person.patch(`/members/${member}`, { role: 'member' });
    expect((await client(url, app.access_token).post('/tasks', { title: 'x' })).status).toBe(201);
    await ada.person.patch(`/members/${member}`, { role: 'viewer' });
    expect((await client(url, app.access_token).post('/tasks', { title: 'x' })).status).toBe(403);
  });

  test('is listed for its person, and for those who run the workspace', async () => {
    const app = await connectTo(bob, ada.workspace.id);
    const me = await client(url, app.access_token).get<{ me: { id: string } }>('/me');
    const { id } = me.body.me;
    const listed = await ada.person.get<{ items: object[] }>('/connections');
    expect(listed.body.items).toContainEqual({
      id,
      name: 'Test app',
      website: null,
      scopes: ['workspace:read', 'workspace:write', 'tasks:read', 'tasks:write', 'knowledge:read', 'knowledge:write'],
      user_id: bob.user.id,
      created_at: expect.any(String),
      allowed_at: expect.any(String),
    });
    const own = await bob.person.get<{ items: { id: string }[] }>('/connections');
    expect(own.body.items.map((item) => item.id)).not.toContain(id);
    const { body } = await password(bob, ada.workspace.id);
    const there = await client(url, body.token).get<{ items: { id: string; user_id: string }[] }>('/connections');
    expect(there.body.items.map((item) => item.id)).toContain(id);
    expect(there.body.items.every(({ user_id }) => user_id === bob.user.id)).toBe(true);
  });

  test('ends when it is revoked, with its tokens, and only then', async () => {
    const [app, other] = [await connectApp(url, visitOf(ada)), await connectApp(url, visitOf(ada))];
    const { body } = await client(url, app.access_token).get<{ me: { id: string } }>('/me');
    expect((await client(url, other.access_token).delete(`/connections/${body.me.id}`)).status).toBe(403);
    expect((await bob.person.delete(`/connections/${body.me.id}`)).status).toBe(404);
    expect((await ada.person.delete(`/connections/${body.me.id}`)).body).toEqual({ connection_id: body.me.id, status: 'revoked' });
    expect((await client(url, app.access_token).get('/me')).status).toBe(401);
    expect((await refresh(url, app)).status).toBe(400);
    expect((await client(url, other.access_token).get('/me')).status).toBe(200);
    expect((await ada.person.delete(`/connections/${body.me.id}`)).status).toBe(404);
  });

  test('ends when its person leaves the workspace, and does not come back with the person', async () => {
    const carol = await signUp(url, 'Carol');
    const join = async () => {
      const { body } = await ada.person.post<{ invitation: { token: string } }>('/invitations', { email: carol.email, role: 'member' });
      await carol.person.post(`/invitations/${body.invitation.token}/accept`, {});
    };
    await join();
    const app = await connectTo(carol, ada.workspace.id);
    const { body } = await ada.person.get<{ items: { id: string; user_id: string }[] }>('/members');
    await ada.person.delete(`/members/${body.items.find(({ user_id }) => user_id === carol.user.id)?.id}`);
    expect((await client(url, app.access_token).get('/me')).status).toBe(401);
    await join();
    expect((await client(url, app.access_token).get('/me')).status).toBe(401);
    expect((await refresh(url, app)).status).toBe(400);
  });
});

test('a connection ends when the account of its person is closed, and does not come back when it is opened again', async () => {
  const dora = await signUp(url, 'Dora');
  const app = await connectApp(url, visitOf(dora));
  expect((await client(url, app.access_token).get('/me')).status).toBe(200);
  const { admin } = server.platform.identity;
  await admin.disableUser(dora.email);
  expect((await client(url, app.access_token).get('/me')).status).toBe(401);
  await admin.enableUser(dora.email);
  expect((await client(url, app.access_token).get('/me')).status).toBe(401);
  expect((await refresh(url, app)).status).toBe(400);
});

describe('an API key exchanged for a token', () => {
  const exchange = (scope?: string) =>
    fetch(`${url}/oauth2/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${ada.key_id}:${ada.key}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) }),
    }).then((answer) => answer.json() as Promise<{ access_token: string; scope: string; expires_in: number }>);

  test('acts as the key, with no more than was asked for', async () => {
    const { access_token, scope, expires_in } = await exchange('tasks:read');
    expect([scope, expires_in]).toEqual(['tasks:read', 3_600]);
    const { body } = await client(url, access_token).get<{ error: object }>('/tasks');
    expect(body).toHaveProperty('items');
    expect((await client(url, access_token).post('/tasks', { title: 'x' })).status).toBe(403);
    const whole = await client(url, (await exchange()).access_token).get('/me');
    expect(whole.body).toMatchObject({ me: { kind: 'agent', id: ada.key_id } });
  });

  test('ends with the key', async () => {
    const { access_token } = await exchange();
    await ada.person.delete(`/keys/${ada.key_id}`);
    expect((await client(url, access_token).get('/me')).status).toBe(401);
  });
});
