/** Session tokens: JWTs signed by Better Auth's keys and verified here, without a query. */

import { hash } from 'node:crypto';
import { BetterAuthError } from 'better-auth';
import { type CryptoKey, type JWTHeaderParameters, type JWTPayload, decodeProtectedHeader, errors, importJWK, jwtVerify } from 'jose';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { Log } from '../telemetry/log.ts';
import type { Auth } from './better-auth.ts';
import { createCredentialCache } from './credential-cache.ts';
import { type AuthFailure, cannotSign, unknownCredential } from './problems.ts';

/** What a token says. Names, addresses and roles are not in it: they change while it lives. */
export interface SessionClaims {
  user_id: string;
  session_id: string;
  workspace_id: string;
  expires_at: Date;
}

/** What a token says that an API key was exchanged for. */
export interface KeyClaims {
  user_id: string;
  /** SHA-256 of the key, base64url. Whoever reads it cannot make the key of it. */
  key_hash: string;
  scopes: readonly string[];
  expires_at: Date;
}

export interface Tokens {
  issue(claims: Omit<SessionClaims, 'expires_at'>): Promise<{ token: string; expires_at: Date }>;
  /** @throws Problem `unauthenticated`; `late_seconds` is how long ago it may have expired. */
  verify(token: string, late_seconds?: number): Promise<SessionClaims>;
  issueForKey(claims: Omit<KeyClaims, 'expires_at'>): Promise<{ token: string; seconds: number }>;
  /** @throws Problem `unauthenticated` */
  verifyForKey(token: string): Promise<KeyClaims>;
  jwks(): Promise<{ keys: object[] }>;
}

export interface TokenSettings {
  auth: Pick<Auth, 'api'>;
  issuer: string;
  /** On a loopback bind, localhost, 127.0.0.1 and [::1] are one issuer. */
  loopback: boolean;
  lifetime_seconds: number;
  /** For whoever runs it: the caller can do nothing about a secret that does not open the signing keys. */
  log: Pick<Log, 'error'>;
}

/** How long a signing key that was withdrawn may still count, by each of the two memories below; together that is a minute. */
const withdrawnWithinMs = 30_000;

/** An unknown key id reloads the keys at most this often, so that made-up ids cost no queries. */
const reloadEveryMs = 2_000;

/**
 * A signature costs more to check than all the rest of a request, and it does not change. Tokens are remembered by their hash;
 * from time to time a signature is looked at again, because its key may have been withdrawn.
 */
const verifiedLimits = { entries: 10_000, lifetime_ms: withdrawnWithinMs, distrust_ms: 0, clock: () => performance.now() };

const payloadSchema = z.object({ sub: z.uuid(), sid: z.uuid(), workspace_id: z.uuid(), exp: z.number() });
const keyPayloadSchema = z.object({ sub: z.uuid(), key_hash: z.string().length(43), scope: z.string(), exp: z.number() });

export function createTokens({ auth, issuer, loopback, lifetime_seconds, log }: TokenSettings): Tokens {
  const signingKeys = createKeyFinder(auth);
  const verified = createCredentialCache<JWTPayload>(verifiedLimits);
  const issuers = loopback ? sameMachine(issuer) : [issuer];
  const audiences = issuers.flatMap((name) => [name, `${name}/mcp`]);

  async function sign(claims: Record<string, unknown>, audience: string | string[]): Promise<{ token: string; exp: number }> {
    const iat = Math.floor(Date.now() / 1_000);
    const exp = iat + lifetime_seconds;
    const payload = { iss: issuer, aud: audience, ...claims, iat, exp, jti: uuidv7() };
    const { token } = await auth.api.signJWT({ body: { payload } }).catch((error: unknown) => {
      if (!(error instanceof BetterAuthError)) throw error;
      const problem = cannotSign(error);
      log.error({ next: problem.next }, problem.message);
      throw problem;
    });
    await signingKeys.expect(decodeProtectedHeader(token).kid);
    return { token, exp };
  }

  async function verify(token: string, late_seconds = 0): Promise<JWTPayload> {
    const { payload } = await jwtVerify(token, signingKeys.find, {
      algorithms: ['EdDSA'],
      issuer: issuers,
      audience: audiences,
      requiredClaims: ['exp', 'iat', 'sub'],
      clockTolerance: late_seconds,
    }).catch((error: unknown) => {
      throw error instanceof errors.JOSEError ? unknownCredential(failureOf(error)) : error;
    });
    return payload;
  }

  async function verifyOnce(token: string): Promise<JWTPayload> {
    const payload = await verified.read(hash('sha256', token, 'base64url'), async () => ({ value: await verify(token), subjects: [] }));
    // What has expired since is looked at again, and refused as such.
    return payload?.exp === undefined || payload.exp * 1_000 <= Date.now() ? verify(token) : payload;
  }

  async function read<Schema extends z.ZodType>(token: string, schema: Schema, late_seconds = 0): Promise<z.output<Schema>> {
    const payload = late_seconds === 0 ? await verifyOnce(token) : await verify(token, late_seconds);
    const claims = schema.safeParse(payload);
    if (!claims.success) throw unknownCredential();
    return claims.data;
  }

  return {
    async issue({ user_id, session_id, workspace_id }) {
      const { token, exp } = await sign({ sub: user_id, sid: session_id, workspace_id }, [issuer, `${issuer}/mcp`]);
      return { token, expires_at: new Date(exp * 1_000) };
    },

    async verify(token, late_seconds) {
      const { sub, sid, workspace_id, exp } = await read(token, payloadSchema, late_seconds);
      return { user_id: sub, session_id: sid, workspace_id, expires_at: new Date(exp * 1_000) };
    },

    async issueForKey({ user_id, key_hash, scopes }) {
      const { token } = await sign({ sub: user_id, key_hash, scope: scopes.join(' ') }, `${issuer}/mcp`);
      return { token, seconds: lifetime_seconds };
    },

    async verifyForKey(token) {
      const { sub, key_hash, scope, exp } = await read(token, keyPayloadSchema);
      return { user_id: sub, key_hash, scopes: scope.split(' '), expires_at: new Date(exp * 1_000) };
    },

    async jwks() {
      return auth.api.getJwks();
    },
  };
}

function failureOf(error: errors.JOSEError): AuthFailure {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud') return 'wrong_audience';
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'iss') return 'wrong_issuer';
  return error instanceof errors.JWSSignatureVerificationFailed ? 'wrong_signature' : 'malformed';
}

/** Finds a key among those in memory, and looks in the database for those that another replica has made or withdrawn. */
function createKeyFinder(auth: Pick<Auth, 'api'>) {
  let keys: Promise<Map<string, CryptoKey>> | undefined;
  let loadedAt = -Infinity;

  async function load(): Promise<Map<string, CryptoKey>> {
    const loaded = new Map<string, CryptoKey>();
    for (const key of (await auth.api.getJwks()).keys) {
      if (key.alg !== 'EdDSA') continue;
      const imported = await importJWK(key, 'EdDSA');
      if (key.kid !== undefined && !(imported instanceof Uint8Array)) loaded.set(key.kid, imported);
    }
    return loaded;
  }

  function reload(): Promise<Map<string, CryptoKey>> {
    loadedAt = performance.now();
    const loading = load();
    keys = loading;
    // What failed is not kept: the next token tries again.
    loading.catch(() => {
      if (keys === loading) keys = undefined;
    });
    return loading;
  }

  /** While they cannot be read again, those that are known go on. */
  async function current(): Promise<Map<string, CryptoKey>> {
    const before = keys;
    if (before === undefined) return reload();
    return performance.now() - loadedAt < withdrawnWithinMs ? before : reload().catch(() => (keys ??= before));
  }

  return {
    /** @throws Problem `unauthenticated` when there is no such key */
    async find({ kid = '' }: JWTHeaderParameters): Promise<CryptoKey> {
      const known = (await current()).get(kid);
      if (known !== undefined) return known;
      if (performance.now() - loadedAt < reloadEveryMs) throw unknownCredential();
      const found = (await reload()).get(kid);
      if (found === undefined) throw unknownCredential();
      return found;
    },

    /** A token was signed with this key just now, so it may well be a new one. */
    async expect(kid = ''): Promise<void> {
      if ((await keys?.catch(() => undefined))?.has(kid) === false) keys = undefined;
    },
  };
}

/** The issuer under every name of this machine. */
export function sameMachine(issuer: string): string[] {
  const url = new URL(issuer);
  const port = url.port === '' ? '' : `:${url.port}`;
  const path = url.pathname.replace(/\/+$/, '');
  const names = new Set([url.hostname, 'localhost', '127.0.0.1', '[::1]']);
  return [...names].map((name) => `${url.protocol}//${name}${port}${path}`);
}
