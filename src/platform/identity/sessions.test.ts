import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type IdentityHouse, issuer, openIdentityHouse } from '../../../test/support/identity.ts';
import type { Principal } from './principal.ts';
import type { Identity, SessionView } from './types.ts';

const password = 'correct horse battery';
const refused = { code: 'unauthenticated', message: 'The credential is unknown, expired or revoked.' };
const wrong = { code: 'unauthenticated', message: 'The e-mail address or the password is wrong.' };

function claimsOf({ token }: Pick<SessionView, 'token'>): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

describe.each(['embedded', 'postgres'] as const)('people, on %s', (kind) => {
  let house: IdentityHouse;
  let identity: Identity;
  let ada: SessionView;
  let operatorOfNobody: Principal | undefined;

  beforeAll(async () => {
    house = await openIdentityHouse(kind);
    identity = await house.replica();
    operatorOfNobody = await identity.operator();
    ada = await identity.signUp({ email: 'Ada@Example.org', password });
  });
  afterAll(() => house.close());

  test('sign-up makes the person, its own workspace, and its ownership of it', async () => {
    expect(ada.user).toEqual({ id: expect.any(String), email: 'ada@example.org', name: 'ada' });
    expect(ada.workspace).toEqual({ id: expect.any(String), name: "ada's workspace", role: 'owner' });
    expect(await identity.verify(ada.token)).toMatchObject({
      kind: 'person',
      id: ada.user.id,
      user_id: ada.user.id,
      email: 'ada@example.org',
      workspace_id: ada.workspace.id,
      role: 'owner',
      grantable: [],
      toolsets: null,
      expires_at: new Date(ada.expires_at),
    });
  });

  test('the first account alone is the operator', async () => {
    expect(operatorOfNobody).toBeUndefined();
    const grace = await identity.signUp({ email: 'grace@example.org', password, name: 'Grace' });
    expect(grace.workspace.name).toBe("Grace's workspace");
    expect(await identity.operator()).toMatchObject({ user_id: ada.user.id, workspace_id: ada.workspace.id, session_id: null });
  });

  test('an address has one account, whatever its case and however many sign up at once', async () => {
    await expect(identity.signUp({ email: 'ADA@example.org', password })).rejects.toMatchObject({ code: 'conflict' });
    const attempts = await Promise.allSettled(Array.from({ length: 5 }, () => identity.signUp({ email: 'race@example.org', password })));
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const { rows } = await sql`select 1 from auth.organization where name = ${"race's workspace"}`.execute(house.database.owner);
    expect(rows).toHaveLength(1);
  });

  test('an address or password of the wrong form is named', async () => {
    await expect(identity.signUp({ email: 'nobody', password })).rejects.toMatchObject({ code: 'invalid_input' });
    await expect(identity.signUp({ email: 'new@example.org', password: 'short' })).rejects.toMatchObject({ code: 'invalid_input' });
  });

  test('a closed installation refuses sign-up and says who makes accounts; off loopback it is closed by default', async () => {
    const closed = await house.replica({ loopback: false });
    const attempt = closed.signUp({ email: 'eve@example.org', password });
    await expect(attempt).rejects.toMatchObject({ code: 'forbidden', next: expect.stringContaining('quarterdeck user create') });
    const opened = await house.replica({ loopback: false, settings: { signup: 'open' } });
    expect((await opened.signUp({ email: 'eve@example.org', password })).user.email).toBe('eve@example.org');
  });

  test('sign-in answers like sign-up, and the two tokens are different sessions', async () => {
    const again = await identity.signIn({ email: ' ADA@example.org', password });
    expect(again.user).toEqual(ada.user);
    expect(again.workspace).toEqual(ada.workspace);
    expect(claimsOf(again).sid).not.toBe(claimsOf(ada).sid);
  });

  test('a wrong password, an unknown address and no address at all get one and the same answer', async () => {
    for (const credentials of [
      { email: 'ada@example.org', password: 'wrong password' },
      { email: 'ada@example.org', password: 'x'.repeat(5_000) },
      { email: 'unknown@example.org', password },
      { email: 'nobody', password },
    ])
      await expect(identity.signIn(credentials)).rejects.toMatchObject(wrong);
  });

  test('an unknown address takes as long as a wrong password', { retry: 3 }, async () => {
    const time = async (email: string) => {
      const started = performance.now();
      for (let attempt = 0; attempt < 3; attempt++) await identity.signIn({ email, password: 'wrong password' }).catch(() => undefined);
      return performance.now() - started;
    };
    const [known, unknown] = [await time('ada@example.org'), await time('unknown@example.org')];
    // Both hash once, which takes most of the time; without that the quotient would be ten or more.
    expect(Math.max(known, unknown) / Math.min(known, unknown)).toBeLessThan(3);
  });

  test('the token is an EdDSA JWT for this server and its MCP endpoint, without name or role', async () => {
    const header = JSON.parse(Buffer.from(ada.token.split('.')[0] ?? '', 'base64url').toString());
    const { keys } = await identity.jwks();
    expect(header).toMatchObject({ alg: 'EdDSA', kid: expect.any(String) });
    expect(keys).toEqual([expect.objectContaining({ kid: header.kid, kty: 'OKP', crv: 'Ed25519' })]);
    expect(JSON.stringify(keys)).not.toContain('"d"');
    const claims = claimsOf(ada);
    expect(claims).toMatchObject({ iss: issuer, aud: [issuer, `${issuer}/mcp`], sub: ada.user.id, workspace_id: ada.workspace.id });
    expect(Object.keys(claims).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub', 'workspace_id']);
    expect(Number(claims.exp) - Number(claims.iat)).toBe(3_600);
  });

  test('a private signing key is not readable in the database', async () => {
    const { rows } = await sql<{ privateKey: string }>`select "privateKey" from auth.jwks`.execute(house.database.owner);
    expect(rows.length).toBeGreaterThan(0);
    for (const { privateKey } of rows) expect(privateKey).not.toMatch(/"d"|crv/);
  });

  test('broken, foreign and unsigned tokens are refused with one answer', async () => {
    const [header, payload, signature] = ada.token.split('.');
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    const changed = Buffer.from(JSON.stringify({ ...claimsOf(ada), workspace_id: crypto.randomUUID() })).toString('base64url');
    const elsewhere = await (await house.replica({ issuer: 'http://example.org' })).signIn({ email: 'ada@example.org', password });
    for (const token of ['', 'x', 'a.b.c', `${header}.${payload}`, `${header}.${changed}.${signature}`, unsigned, elsewhere.token])
      await expect(identity.verify(token)).rejects.toMatchObject(refused);
  });

  test('on loopback every name of this machine is one issuer, elsewhere the name counts', async () => {
    const named = await house.replica({ issuer: 'http://localhost:8000' });
    expect((await named.verify(ada.token)).user_id).toBe(ada.user.id);
    const strict = await house.replica({ issuer: 'http://localhost:8000', loopback: false });
    await expect(strict.verify(ada.token)).rejects.toMatchObject(refused);
    const otherPort = await house.replica({ issuer: 'http://127.0.0.1:9000' });
    await expect(otherPort.verify(ada.token)).rejects.toMatchObject(refused);
  });

  test('a token ends after its time, and can be refreshed while its session lives', async () => {
    const brief = await house.replica({ settings: { sessionTokenSeconds: 1 } });
    const short = await brief.signIn({ email: 'ada@example.org', password });
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    await expect(identity.verify(short.token)).rejects.toMatchObject(refused);
    const renewed = await identity.refresh(short.token);
    expect(claimsOf(renewed).sid).toBe(claimsOf(short).sid);
    expect((await identity.verify(renewed.token)).user_id).toBe(ada.user.id);
  });

  test('sign-out ends the session at once, for its tokens and for refresh, and leaves other sessions', async () => {
    const session = await identity.signIn({ email: 'ada@example.org', password });
    await identity.signOut(await identity.verify(session.token));
    await expect(identity.verify(session.token)).rejects.toMatchObject(refused);
    await expect(identity.refresh(session.token)).rejects.toMatchObject(refused);
    expect((await identity.verify(ada.token)).user_id).toBe(ada.user.id);
  });

  test('sign-in to a workspace that the person is not in is refused, and leaves no session', async () => {
    const count = async () => (await sql`select id from auth.session`.execute(house.database.owner)).rows.length;
    const before = await count();
    const attempt = identity.signIn({ email: 'ada@example.org', password, workspace: "Grace's workspace" });
    await expect(attempt).rejects.toMatchObject({ code: 'not_found' });
    expect(await count()).toBe(before);
  });

  test('with another secret than the signing keys were made with, sign-in says so', async () => {
    const mistaken = await house.replica({ settings: { authSecret: 'another secret, of 32 characters.' } });
    const attempt = mistaken.signIn({ email: 'ada@example.org', password });
    await expect(attempt).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('another BETTER_AUTH_SECRET') });
    expect((await mistaken.verify(ada.token)).user_id).toBe(ada.user.id);
  });

  test('local administration acts as a person by address', async () => {
    expect(await identity.principalOf('ADA@example.org')).toMatchObject({ user_id: ada.user.id, workspace_id: ada.workspace.id });
    await expect(identity.principalOf('unknown@example.org')).rejects.toMatchObject({ code: 'not_found' });
  });
});
