/** Attempts to get in: with no credential, a made-up one, a forged token, or one that has ended. */

import { createHmac, generateKeyPairSync } from 'node:crypto';
import { type JWTHeaderParameters, SignJWT, exportJWK } from 'jose';
import { sql } from 'kysely';
import { vi } from 'vitest';
import { client, signUp } from '../../../support/server.ts';
import { request } from '../../http/raw.ts';
import { type Stage, metricsToken } from '../stage.ts';
import { type Attempt, outcomeOf } from '../table.ts';

const refused = '401 unauthenticated';
const base64 = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const hourMs = 3_600_000;

export function credentialAttempts(stage: () => Stage): Attempt[] {
  const me = async (headers: Record<string, string>, path = '/me') => outcomeOf(await client(stage().url).get(path, headers));
  const bearer = (token: string) => me({ authorization: `Bearer ${token}` });
  /** A plain call of the newest protocol, which is answered on the short path. */
  const overMcp = async (headers: Record<string, string>) => {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'attempt', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: meta } };
    const accept = { accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' };
    return outcomeOf(await client(stage().url).post('/mcp', body, { ...accept, ...headers }));
  };
  const newcomer = () => signUp(stage().url, 'Newcomer');
  /** The credential works, then something happens, then it is tried again. */
  const after = async (token: string, change: () => Promise<unknown>) => {
    const before = outcomeOf(await client(stage().url, token).get('/me'));
    if (before !== '200') return `${before} before it was ended`;
    await change();
    return bearer(token);
  };
  const changed = (token: string) => `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
  const raw = async (head: string) => {
    const answer = await request(stage().url, 'GET /me', { Host: `${new URL(stage().url).host}\r\n${head}` });
    return outcomeOf({ status: answer.status, body: JSON.parse(answer.body) });
  };

  return [
    { attempt: 'no credential', expected: refused, run: () => me({}) },
    { attempt: 'no credential over MCP', expected: refused, run: () => overMcp({}) },
    {
      attempt: 'a well signed token for another audience over MCP',
      expected: refused,
      run: async () => overMcp({ authorization: `Bearer ${await stage().signed({ aud: 'https://other.example' })}` }),
    },
    {
      attempt: 'a revoked key over MCP, after it was good there',
      expected: `200, then ${refused}`,
      run: async () => {
        const user = await newcomer();
        const before = await overMcp({ authorization: `Bearer ${user.key}` });
        await user.person.delete(`/keys/${user.key_id}`);
        return `${before}, then ${await overMcp({ authorization: `Bearer ${user.key}` })}`;
      },
    },
    { attempt: 'a key that nobody made', expected: refused, run: () => bearer(`qd_${'A'.repeat(43)}`) },
    { attempt: 'a key with one character changed', expected: refused, run: () => bearer(changed(stage().ada.key)) },
    { attempt: 'a key in the query', expected: refused, run: () => me({}, `/me?access_token=${stage().ada.key}&token=${stage().ada.key}`) },
    { attempt: 'a key in a cookie', expected: refused, run: () => me({ cookie: `token=${stage().ada.key}; better-auth.session_token=x` }) },
    {
      attempt: 'a key as the password of Basic',
      expected: refused,
      run: () => me({ authorization: `Basic ${btoa(`x:${stage().ada.key}`)}` }),
    },
    { attempt: 'a key of one byte more', expected: refused, run: () => bearer(`${stage().ada.key}A`) },
    { attempt: 'two keys in one header', expected: refused, run: () => bearer(`${stage().eve.key}, Bearer ${stage().ada.key}`) },
    {
      attempt: 'two Authorization headers',
      expected: '400 unreadable',
      run: () => raw(`Authorization: Bearer ${stage().eve.key}\r\nAuthorization: Bearer ${stage().ada.key}`),
    },
    { attempt: 'SQL as a key', expected: refused, run: () => bearer(`qd_'or'1'='1`) },
    { attempt: 'a token of 6,000 characters', expected: refused, run: () => bearer('a'.repeat(6_000)) },
    {
      attempt: 'a token with another payload and the old signature',
      expected: refused,
      run: async () => {
        const [head, , signature] = stage().eve.token.split('.');
        const [, payload] = stage().ada.token.split('.');
        return bearer(`${head}.${payload}.${signature}`);
      },
    },
    { attempt: 'a token with a changed signature', expected: refused, run: () => bearer(`${stage().ada.token.slice(0, -8)}AAAAAAAA`) },
    {
      attempt: 'a token of the algorithm none',
      expected: refused,
      run: () => bearer(`${base64({ alg: 'none' })}.${stage().ada.token.split('.')[1]}.`),
    },
    {
      attempt: 'a token of HS256 with the public key as the secret',
      expected: refused,
      run: () => {
        const { publicKey, ada } = stage();
        const signed = `${base64({ alg: 'HS256', kid: publicKey['kid'] })}.${ada.token.split('.')[1]}`;
        return bearer(
          `${signed}.${createHmac('sha256', Buffer.from(publicKey['x'] ?? '', 'base64url'))
            .update(signed)
            .digest('base64url')}`,
        );
      },
    },
    {
      attempt: 'a token of another key under the right key id',
      expected: refused,
      run: async () => bearer(await ownToken(stage(), { kid: stage().publicKey['kid'] ?? '' })),
    },
    { attempt: 'a token of an unknown key id', expected: refused, run: async () => bearer(await stage().signed({}, { kid: 'unknown' })) },
    {
      attempt: 'a token that brings its own key along',
      expected: refused,
      run: async () => bearer(await ownToken(stage(), { bring: true })),
    },
    {
      attempt: 'a token that says where its key is',
      expected: refused,
      run: async () => bearer(await ownToken(stage(), { jku: 'https://evil.example/jwks.json' })),
    },
    {
      attempt: 'a well signed token for another audience',
      expected: refused,
      run: async () => bearer(await stage().signed({ aud: 'https://other.example' })),
    },
    {
      attempt: 'a well signed token of another issuer',
      expected: refused,
      run: async () => bearer(await stage().signed({ iss: 'https://other.example' })),
    },
    {
      attempt: 'a well signed token that has expired',
      expected: refused,
      run: async () => bearer(await stage().signed({ exp: 1_700_000_000 })),
    },
    { attempt: 'a well signed token without an end', expected: refused, run: async () => bearer(await stage().signed({ exp: undefined })) },
    {
      attempt: 'a well signed token for a workspace that its person is not in',
      expected: refused,
      run: async () => bearer(await stage().signed({ workspace_id: stage().eve.workspace.id })),
    },
    {
      attempt: 'a well signed token of a session that there is not',
      expected: refused,
      run: async () => bearer(await stage().signed({ sid: crypto.randomUUID() })),
    },
    {
      attempt: 'a token an hour later',
      expected: refused,
      run: async () => {
        vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * hourMs });
        try {
          return await bearer(stage().eve.token);
        } finally {
          vi.useRealTimers();
        }
      },
    },
    {
      attempt: 'a revoked key',
      expected: refused,
      run: async () => {
        const user = await newcomer();
        return after(user.key, () => user.person.delete(`/keys/${user.key_id}`));
      },
    },
    {
      attempt: 'the old secret of a rotated key',
      expected: refused,
      run: async () => {
        const user = await newcomer();
        return after(user.key, () => user.person.post(`/keys/${user.key_id}/rotate`));
      },
    },
    {
      attempt: 'a key past its end',
      expected: refused,
      run: async () => {
        const user = await newcomer();
        const made = await user.person.post<{ id: string; key: string }>('/keys', { name: 'short', expires_in_days: 1 });
        const { database, identity } = stage().server.platform;
        const { signal } = new AbortController();
        await database.transaction(await identity.verify(user.token), { mode: 'write', signal }, async ({ db }) => {
          await sql`update api_keys set expires_at = now() - interval '1 second' where id = ${made.body.id}`.execute(db);
        });
        return bearer(made.body.key);
      },
    },
    {
      attempt: 'a token after signing out',
      expected: refused,
      run: async () => {
        const user = await newcomer();
        return after(user.token, () => user.person.post('/api/auth/signout'));
      },
    },
    ...(['token', 'key'] as const).map((kind) => ({
      attempt: `a ${kind} of somebody who was disabled`,
      expected: refused,
      run: async () => {
        const user = await newcomer();
        return after(user[kind], () => stage().server.platform.identity.admin.disableUser(user.email));
      },
    })),
    {
      attempt: 'renewing a session with a key',
      expected: refused,
      run: async () => outcomeOf(await stage().ada.agent.post('/api/auth/refresh')),
    },
    {
      attempt: 'signing in with a wrong password',
      expected: refused,
      run: async () =>
        outcomeOf(await client(stage().url).post('/api/auth/signin', { email: stage().ada.email, password: 'not the password' })),
    },
    {
      attempt: 'signing in with an operator of a query language as the password',
      expected: '422 invalid_input',
      run: async () => outcomeOf(await client(stage().url).post('/api/auth/signin', { email: stage().ada.email, password: { $ne: '' } })),
    },
    { attempt: 'metrics without their token', expected: '404 not_found', run: () => me({}, '/metrics') },
    {
      attempt: 'metrics with the beginning of their token',
      expected: '404 not_found',
      run: () => me({ authorization: `Bearer ${metricsToken.slice(0, -1)}` }, '/metrics'),
    },
    {
      attempt: 'metrics with a key of the workspace',
      expected: '404 not_found',
      run: () => me({ authorization: `Bearer ${stage().ada.key}` }, '/metrics'),
    },
  ];
}

/** A token for Ada, signed with a key of the attacker's. */
async function ownToken(
  { ada, url }: Stage,
  { bring = false, ...header }: { kid?: string; jku?: string; bring?: boolean },
): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const claims = JSON.parse(Buffer.from(ada.token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
  const own: JWTHeaderParameters = { alg: 'EdDSA', ...header, ...(bring ? { jwk: await exportJWK(publicKey) } : {}) };
  return new SignJWT({ ...claims, iss: url }).setProtectedHeader(own).sign(privateKey);
}
