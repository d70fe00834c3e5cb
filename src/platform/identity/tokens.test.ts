import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import { describe, expect, test, vi } from 'vitest';
import type { Problem } from '../problem.ts';
import { authFailureOf, unknownCredential } from './problems.ts';
import { createTokens } from './tokens.ts';

const issuer = 'https://deck.example.org';
const ids = { user_id: crypto.randomUUID(), session_id: crypto.randomUUID(), workspace_id: crypto.randomUUID() };
const defaults = { iss: issuer, aud: [issuer], sub: ids.user_id, sid: ids.session_id, workspace_id: ids.workspace_id };
const refused = { code: 'unauthenticated' };
const now = () => Math.floor(Date.now() / 1_000);

/** Stands in for the database of keys: what another replica adds to it, and how often it is read. */
async function createKeyRing() {
  const keys: object[] = [];
  let reads = 0;
  let failing = false;
  const ring = {
    async addKey(kid: string, algorithm = 'EdDSA') {
      const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
      keys.push({ ...(await exportJWK(publicKey)), alg: algorithm, kid });
      return (claims: Record<string, unknown> = {}) =>
        new SignJWT({ ...defaults, iat: now(), exp: now() + 60, ...claims }).setProtectedHeader({ alg: algorithm, kid }).sign(privateKey);
    },
    withdrawAll: () => void keys.splice(0),
    fail: () => void (failing = true),
    reads: () => reads,
  };
  const api = {
    async getJwks() {
      reads += 1;
      if (failing) throw new Error('the database is away');
      return { keys: [...keys] };
    },
  };
  // Signing is Better Auth's and is tested with it; these tests are about reading.
  const auth = { api } as unknown as Parameters<typeof createTokens>[0]['auth'];
  return { ...ring, tokens: createTokens({ auth, issuer, loopback: false, lifetime_seconds: 60, log: { error: () => undefined } }) };
}

describe('a session token', () => {
  test('of a key that was withdrawn is refused within a minute', async () => {
    const { tokens, addKey, withdrawAll } = await createKeyRing();
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const token = await (await addKey('a'))();
      await expect(tokens.verify(token)).resolves.toMatchObject(ids);
      withdrawAll();
      await expect(tokens.verify(token)).resolves.toMatchObject(ids);
      vi.advanceTimersByTime(60_000);
      await expect(tokens.verify(token)).rejects.toMatchObject(refused);
    } finally {
      vi.useRealTimers();
    }
  });

  test('goes on while the keys cannot be read again', async () => {
    const { tokens, addKey, fail } = await createKeyRing();
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const sign = await addKey('a');
      await expect(tokens.verify(await sign())).resolves.toMatchObject(ids);
      fail();
      vi.advanceTimersByTime(60_000);
      await expect(tokens.verify(await sign())).resolves.toMatchObject(ids);
      await expect(tokens.verify(await sign({ jti: 'another' }))).resolves.toMatchObject(ids);
    } finally {
      vi.useRealTimers();
    }
  });

  test('tells the person, the session, the workspace and its end', async () => {
    const { tokens, addKey } = await createKeyRing();
    const sign = await addKey('a');
    const exp = now() + 60;
    expect(await tokens.verify(await sign({ exp }))).toEqual({ ...ids, expires_at: new Date(exp * 1_000) });
  });

  test('may have been issued at a fraction of a second', async () => {
    const { tokens, addKey } = await createKeyRing();
    expect(await tokens.verify(await (await addKey('a'))({ iat: Date.now() / 1_000 }))).toMatchObject(ids);
  });

  test('is refused after its end, also when it was accepted a moment before', async () => {
    const { tokens, addKey } = await createKeyRing();
    const token = await (await addKey('a'))({ exp: now() + 30 });
    await tokens.verify(token);
    await expect(tokens.verify(token)).resolves.toMatchObject(ids);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 });
    const late = await tokens.verify(token).catch((error: unknown) => error);
    vi.useRealTimers();
    expect(authFailureOf(late as Problem)).toBe('expired');
  });

  test('is refused for another server, without an end, and when it is not a session', async () => {
    const { tokens, addKey } = await createKeyRing();
    const sign = await addKey('a');
    for (const claims of [
      { iss: 'https://other.example.org' },
      { aud: ['https://other.example.org'] },
      { exp: undefined },
      { exp: now() - 1 },
      { sid: undefined },
      { workspace_id: 'not an id' },
    ])
      await expect(tokens.verify(await sign(claims))).rejects.toMatchObject(refused);
  });

  test.each([
    ['wrong_issuer', { iss: 'https://other.example.org' }],
    ['wrong_audience', { aud: ['https://other.example.org'] }],
    ['expired', { exp: now() - 1 }],
    ['malformed', { exp: undefined }],
  ])('notes for the operator that it was refused as %s, and tells the caller what everybody is told', async (cause, claims) => {
    const { tokens, addKey } = await createKeyRing();
    const sign = await addKey('a');
    const problem = await tokens.verify(await sign(claims)).catch((error: unknown) => error as Problem);
    expect(authFailureOf(problem as Problem)).toBe(cause);
    expect(JSON.stringify(problem)).toBe(JSON.stringify(unknownCredential()));
  });

  test('is taken for the MCP endpoint alone', async () => {
    const { tokens, addKey } = await createKeyRing();
    expect(await tokens.verify(await (await addKey('a'))({ aud: `${issuer}/mcp` }))).toMatchObject(ids);
  });

  test('is refused when it was signed in another way, even with a key of ours', async () => {
    const { tokens, addKey } = await createKeyRing();
    const sign = await addKey('a', 'ES256');
    await expect(tokens.verify(await sign())).rejects.toMatchObject(refused);
  });

  test('may have ended as long ago as the caller allows, and no longer', async () => {
    const { tokens, addKey } = await createKeyRing();
    const sign = await addKey('a');
    expect(await tokens.verify(await sign({ exp: now() - 50 }), 60)).toMatchObject(ids);
    await expect(tokens.verify(await sign({ exp: now() - 70 }), 60)).rejects.toMatchObject(refused);
  });

  test('with a made-up key does not make the keys be read each time', async () => {
    const { tokens, addKey, reads } = await createKeyRing();
    await tokens.verify(await (await addKey('a'))());
    const forged = await (await (await createKeyRing()).addKey('b'))();
    for (let attempt = 0; attempt < 20; attempt++) await expect(tokens.verify(forged)).rejects.toMatchObject(refused);
    expect(reads()).toBe(1);
  });

  test('with a key that another replica has made since is accepted once the keys are read again', async () => {
    const { tokens, addKey, reads } = await createKeyRing();
    await tokens.verify(await (await addKey('a'))());
    const token = await (await addKey('b'))();
    await expect.poll(() => tokens.verify(token).catch(() => undefined), { timeout: 5_000 }).toMatchObject(ids);
    expect(reads()).toBe(2);
  });
});
