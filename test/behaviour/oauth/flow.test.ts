import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Browser, authorizeUrl, connectApp, newPkce, refresh, register } from '../../support/oauth.ts';
import { type TestServer, type TestUser, client, signUp, startTestServer } from '../../support/server.ts';

let server: TestServer;
let ada: TestUser;
let url: string;

beforeAll(async () => {
  server = await startTestServer();
  url = server.url;
  ada = await signUp(url);
});
afterAll(() => server.close());

describe('a client that a person signs in', () => {
  test('is led back with a code, the state and the issuer', async () => {
    const { client_id } = (await register(url)).body;
    const back = await new Browser().signIn(authorizeUrl(url, client_id, newPkce()), ada);
    expect(Object.fromEntries(back)).toEqual({ code: expect.any(String), state: 'as it was', iss: url });
  });

  test('acts as an agent on behalf of the person, under its own name', async () => {
    const { access_token, scope } = await connectApp(url, ada);
    expect(scope.split(' ')).toContain('tasks:write');
    const me = await client(url, access_token).get('/me');
    expect(me.body).toMatchObject({
      me: { kind: 'agent', name: 'Test app', on_behalf_of: { id: ada.user.id, name: 'Ada' } },
      workspace: { id: ada.workspace.id },
    });
    const made = await client(url, access_token).post('/tasks', { title: 'Made by the app' });
    expect(made.body).toMatchObject({ task: { created_by: { kind: 'agent', name: 'Test app', on_behalf_of: { name: 'Ada' } } } });
  });

  test('goes on with new tokens, and the old refresh token does the same again for a moment only', async () => {
    const { client_id, refresh_token, access_token } = await connectApp(url, ada);
    const first = await refresh(url, { client_id, refresh_token });
    expect(first).toMatchObject({ status: 200, body: { token_type: 'Bearer', refresh_token: expect.stringMatching(/^qdr_/) } });
    expect(first.headers.get('cache-control')).toBe('no-store');
    const again = await refresh(url, { client_id, refresh_token });
    // A second may have passed between the two.
    expect(again.body).toEqual({ ...first.body, expires_in: expect.any(Number), expires_at: again.body['expires_at'] });
    expect((await client(url, access_token).get('/me')).status).toBe(200);
  });
});
