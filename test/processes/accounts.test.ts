/** Accounts and keys from the command line, while no server runs on the data and while one does. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Place, type TestServer, client, createPlace, startTestServer } from '../support/server.ts';
import { ask, quarterdeck } from '../support/quarterdeck.ts';

const email = 'ada@example.org';
const password = 'correct horse battery';

interface MadeKey {
  id: string;
  key: string;
}

let place: Place;
let server: TestServer | undefined;

beforeAll(async () => {
  place = await createPlace();
  if (place.kind === 'postgres') await ask(place, ['migrate', 'up']);
});
afterAll(async () => {
  await server?.close();
  await place.remove();
});

async function signIn(url: string, secret: string) {
  return client(url).post<{ token: string }>('/api/auth/signin', { email, password: secret });
}

describe('accounts and keys', () => {
  let alone: MadeKey;

  test('without an account, a key cannot be made, and the answer says how to make one', async () => {
    const { code, stderr } = await quarterdeck(place, ['key', 'create', '--name', 'Early']);
    expect(code).toBe(1);
    expect(stderr).toBe(
      'quarterdeck key create: There is no account yet. Sign up on the first page, or run `quarterdeck user create --email …`.\n',
    );
  });

  test('without a server, the first account is the operator, and its key is printed alone', async () => {
    const { user } = await ask<{ user: object }>(place, ['user', 'create', '--email', email, '--password-stdin'], {
      input: `${password}\n`,
    });
    expect(user).toMatchObject({ email, operator: true, workspaces: [{ role: 'owner' }] });
    const { code, stdout, stderr } = await quarterdeck(place, ['key', 'create', '--name', 'Builder', '--expires', '90d']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^qd_[\w-]{43}\n$/) });
    expect(stderr).toMatch(/^Made the key Builder .* It is shown only this once\.\n$/);
    alone = { key: stdout.trim(), id: '' };
  });

  test('a server that starts on the same data knows them', async () => {
    server = await startTestServer({ place });
    expect((await client(server.url, alone.key).get('/me')).body).toMatchObject({ me: { name: 'Builder', email } });
    expect((await signIn(server.url, password)).status).toBe(200);
  });

  test('while the server runs, accounts and keys are listed in aligned columns', async () => {
    const users = await quarterdeck(place, ['user', 'list']);
    expect(users.stdout).toMatch(
      /^E-MAIL {11}NAME {2}WORKSPACES +STATE +SINCE\nada@example\.org {2}ada {3}ada's workspace \(owner\) {2}operator /,
    );
    const keys = await quarterdeck(place, ['key', 'list']);
    expect(keys.stdout).toMatch(/^NAME {5}KEY +SCOPES +TOOLSETS +ENDS +LAST USED +ID\nBuilder {2}qd_/);
    // Standard output is no terminal here.
    expect(users.stdout + keys.stdout).not.toContain('\u001B');
  });

  test('while the server runs, a key is made, rotated by its name and revoked, and holds for the server', async () => {
    const url = server?.url ?? '';
    const made = await ask<MadeKey>(place, ['key', 'create', '--name', 'Scout', '--scopes', 'tasks:read,workspace:read', '--user', email]);
    expect((await client(url, made.key).get('/me')).body).toMatchObject({ me: { scopes: ['workspace:read', 'tasks:read'] } });
    const rotated = await ask<MadeKey>(place, ['key', 'rotate', '--name', 'Scout']);
    expect(rotated.id).toBe(made.id);
    expect((await client(url, rotated.key).get('/me')).status).toBe(200);
    expect(await ask(place, ['key', 'revoke', made.id])).toEqual({ key_id: made.id, status: 'revoked' });
    await expect.poll(async () => (await client(url, rotated.key).get('/me')).status, { timeout: 6_000 }).toBe(401);
  });

  test('over --url, a token of a person manages the same keys', async () => {
    const url = server?.url ?? '';
    const { token } = (await signIn(url, password)).body;
    const nowhere = { data: place.data, databaseUrl: undefined };
    const environment = { QUARTERDECK_TOKEN: token };
    const made = await quarterdeck(nowhere, ['key', 'create', '--name', 'Far', '--url', url, '--json'], { environment });
    expect(JSON.parse(made.stdout)).toMatchObject({ name: 'Far', key: expect.stringMatching(/^qd_/) });
    const revoked = await quarterdeck(nowhere, ['key', 'revoke', 'Far', '--url', url], { environment });
    expect(revoked).toMatchObject({ code: 0, stderr: '' });
    const refused = await quarterdeck(nowhere, ['key', 'list', '--url', url], { environment: { QUARTERDECK_TOKEN: 'wrong' } });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^quarterdeck key list: The credential is unknown, expired or revoked\. Sign in again/);
  });

  test('while the server runs, signing keys are withdrawn, and whoever signs in again gets a token of a new one', async () => {
    const url = server?.url ?? '';
    const signingKeys = async () =>
      (await client(url).get<{ keys: { kid: string }[] }>('/.well-known/jwks.json')).body.keys.map(({ kid }) => kid);
    expect((await signIn(url, password)).status).toBe(200);
    const before = await signingKeys();
    expect(before).toHaveLength(1);
    expect(await ask(place, ['key', 'rotate-signing'])).toEqual({ withdrawn: 1 });
    const { token } = (await signIn(url, password)).body;
    expect((await client(url, token).get('/me')).status).toBe(200);
    const after = await signingKeys();
    expect(after).toHaveLength(1);
    expect(after).not.toEqual(before);
    expect(await quarterdeck(place, ['key', 'rotate-signing', '--url', url])).toMatchObject({ code: 2 });
  });

  test('while the server runs, a password is changed and an account is closed', async () => {
    const url = server?.url ?? '';
    const words = ['user', 'password', '--email', email, '--password-stdin'];
    expect((await quarterdeck(place, words, { input: 'battery horse correct' })).code).toBe(0);
    expect((await signIn(url, password)).status).toBe(401);
    expect((await signIn(url, 'battery horse correct')).status).toBe(200);
    await ask(place, ['user', 'create', '--email', 'bob@example.org', '--password-stdin'], { input: password });
    expect(await ask(place, ['user', 'disable', '--email', 'bob@example.org'])).toEqual({ email: 'bob@example.org', status: 'disabled' });
    expect(await ask(place, ['user', 'enable', '--email', 'bob@example.org'])).toEqual({ email: 'bob@example.org', status: 'enabled' });
    expect((await client(url).post('/api/auth/signin', { email: 'bob@example.org', password })).status).toBe(200);
    const operator = await quarterdeck(place, ['user', 'disable', '--email', email, '--json']);
    expect(operator.code).toBe(1);
    expect(JSON.parse(operator.stderr)).toMatchObject({ error: { code: 'conflict', next: 'Set a new password instead.' } });
  });
});
