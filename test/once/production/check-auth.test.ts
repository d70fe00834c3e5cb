/** `check auth` and `check latency` on our own server, and on servers that let in whom they should not, or are slow. */

import { once } from 'node:events';
import { type IncomingMessage, type RequestListener, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Credentials, checkAuth, forgeries } from '../../../src/production/check/auth.ts';
import { checkLatency } from '../../../src/production/check/latency.ts';
import type { CheckResult } from '../../../src/production/check/result.ts';
import { quarterdeck } from '../../support/quarterdeck.ts';
import { type Place, type TestServer, type TestUser, client, createPlace, signUp, startTestServer } from '../../support/server.ts';

const common = { timeoutMs: 30_000, signal: new AbortController().signal };
const nobody: Credentials = { good: undefined, expired: undefined, other: undefined };

let place: Place;
let server: TestServer;
let ada: TestUser;
let eve: TestUser;
beforeAll(async () => {
  place = await createPlace();
  const first = await startTestServer({ place });
  ada = await signUp(first.url);
  eve = await signUp(first.url);
  await first.close();
  // Whose tokens are over after a second: too soon to sign up and make a key with.
  server = await startTestServer({ place, environment: { QUARTERDECK_TOKEN_SECONDS: '1' } });
});
afterAll(async () => {
  await server.close();
  await place.remove();
});

const others: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of others.splice(0)) await close();
});

async function serve(listener: RequestListener): Promise<string> {
  const other = createServer(listener).listen(0, '127.0.0.1');
  await once(other, 'listening');
  others.push(() => new Promise((done) => other.close(() => done())));
  return `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
}

function found({ evidence }: CheckResult): Record<string, unknown> {
  return Object.fromEntries(evidence.map(({ what, found: value, ok }) => [what, ok === true ? value : `not ${String(value)}`]));
}

function look(url: string, credentials: Partial<Credentials> = {}, thing?: string): Promise<CheckResult> {
  return checkAuth({ url, ...common }, { ...nobody, ...credentials }, { status: 401, thing });
}

describe('check auth', () => {
  test('passes on our own server, with each kind of bad credential', async () => {
    const { body } = await client(server.url, ada.key).post<{ task: { id: string } }>('/tasks', { title: "Ada's own" });
    const { body: signedIn } = await client(server.url).post<{ token: string }>('/api/auth/signin', {
      email: ada.email,
      password: ada.password,
    });
    const isOver = async () => (await client(server.url, signedIn.token).get('/me')).status;
    await expect.poll(isOver, { timeout: 30_000 }).toBe(401);
    const credentials = { good: ada.key, expired: signedIn.token, other: eve.key };
    const result = await look(`${server.url}/me`, credentials, `${server.url}/tasks/${body.task.id}`);
    expect(found(result)).toEqual({
      'no credential': 401,
      'random credential': 401,
      'good credential, changed': 401,
      'token without signature': 401,
      'token signed by somebody else': 401,
      'expired credential': 401,
      'good credential': 200,
      'own thing': 200,
      "another's thing": 404,
    });
    expect(result.outcome).toBe('passed');
  });

  const claims = ({ headers }: IncomingMessage): Record<string, unknown> =>
    JSON.parse(Buffer.from(headers.authorization?.split('.')[1] ?? 'e30', 'base64url').toString() || '{}') as Record<string, unknown>;

  test.each<[string, RequestListener, string]>([
    ['answers anybody', (_request, response) => response.end(), 'no credential'],
    [
      'answers any credential',
      (request, response) => response.writeHead(request.headers.authorization === undefined ? 401 : 200).end(),
      'random credential',
    ],
    [
      'does not verify signatures',
      (request, response) => response.writeHead('sub' in claims(request) ? 200 : 401).end(),
      'token without signature',
    ],
    ['answers a stranger with a redirect', (_request, response) => response.writeHead(302, { Location: '/' }).end(), 'no credential'],
    ['breaks on a stranger', (_request, response) => response.writeHead(500).end(), 'no credential'],
  ])('fails for a server that %s', async (_name, listener, what) => {
    const result = await look(await serve(listener));
    expect(result.outcome).toBe('failed');
    expect(found(result)[what]).toMatch(/^not /);
  });

  test('refusing everybody proves nothing', async () => {
    const url = await serve((_request, response) => response.writeHead(401).end());
    expect(await look(url, { good: 'a good one' })).toMatchObject({ outcome: 'failed', next: expect.stringContaining('prove nothing') });
  });

  test('an error, not a failure, when nobody answers', async () => {
    expect((await look('http://127.0.0.1:9/')).outcome).toBe('error');
  });

  test('forgeries after a token keep what it says', () => {
    const [header, payload] = ['{"alg":"EdDSA","kid":"k1"}', '{"sub":"ada"}'].map((text) => Buffer.from(text).toString('base64url'));
    const made = Object.fromEntries(forgeries(`${header}.${payload}.c2ln`, 'http://x', new Date()));
    const [head = '', body] = (made['token without signature'] ?? '').split('.');
    expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({ alg: 'none', kid: 'k1' });
    expect(body).toBe(payload);
  });

  test('the command wants all that a foreign thing needs', async () => {
    const words = ['check', 'auth', `${server.url}/me`, '--token-env', 'KEY'];
    const environment = { KEY: ada.key };
    const plain = await quarterdeck(place, words, { environment });
    expect(plain.stdout).toContain('passed (auth)');
    expect(plain.stdout).not.toContain(ada.key);
    expect((await quarterdeck(place, [...words, '--thing', `${server.url}/tasks/ME-1`], { environment })).code).toBe(2);
  });
});

test('check database and check migrations ask the server that has the embedded database open', async () => {
  const database = await quarterdeck(server.place, ['check', 'database']);
  expect(database).toMatchObject({ code: 0, stdout: expect.stringMatching(/✓ version {2}embedded \d/) });
  expect(await quarterdeck(server.place, ['check', 'migrations'])).toMatchObject({ code: 0 });
});

describe('check latency', () => {
  test('passes on a fast server, and says what it measured', async () => {
    const load = { requests: 300, concurrency: 4 };
    const result = await checkLatency({ url: `${server.url}/health/live`, ...common }, load, { limits: { p95: 20_000 }, errorRate: 0.01 });
    expect(result).toMatchObject({ outcome: 'passed', measured: { requests: 300, error_rate: 0, p95_ms: expect.any(Number) } });
  });

  test('fails on a slow one, and counts refusals as errors', async () => {
    let n = 0;
    const url = await serve(async (_request, response) => {
      await sleep(20);
      response.writeHead((n += 1) % 2 === 0 ? 503 : 200).end();
    });
    const result = await checkLatency({ url, ...common }, { requests: 60, concurrency: 20 }, { limits: { p50: 10 }, errorRate: 0.1 });
    expect(result).toMatchObject({
      outcome: 'failed',
      measured: { error_rate: 0.5 },
      evidence: [
        { what: 'errors', ok: false },
        { what: 'p50', ok: false },
      ],
    });
  });

  test('is an error when nobody answers', async () => {
    const question = { url: 'http://127.0.0.1:9/', ...common };
    expect((await checkLatency(question, { requests: 3, concurrency: 1 }, { limits: { p50: 1 }, errorRate: 1 })).outcome).toBe('error');
  });
});
