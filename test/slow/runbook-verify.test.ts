import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Meddling, startMeddler } from '../support/meddler.ts';
import { startProxy } from '../support/proxy.ts';
import { type LastLine, type Workshop, createWorkshop } from '../support/runbook.ts';
import { type TestServer, type TestUser, client, createPlace, signUp, startTestServer } from '../support/server.ts';

const verify = fileURLToPath(new URL('../../runbooks/verify.md', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

let workshop: Workshop;
let server: TestServer;
let user: TestUser;

beforeAll(async () => {
  workshop = createWorkshop();
  server = await startTestServer({ kind: 'embedded' });
  user = await signUp(server.url);
});
afterAll(async () => {
  await server.close();
  await workshop.remove();
});

async function run(url: string, who = user): Promise<LastLine> {
  const inputs = { BASE_URL: url.replace(/\/$/, ''), VERSION: version, EMAIL: who.email, P95_MS: '500' };
  const words = Object.entries(inputs).flatMap(([name, value]) => ['--input', `${name}=${value}`]);
  return workshop.last(['run', verify, ...words], { environment: { PASSWORD: who.password } });
}

async function projects(): Promise<unknown[]> {
  const { body } = await client(server.url, user.token).get<{ items: unknown[] }>('/projects');
  return body.items;
}

describe('runbooks/verify.md', () => {
  test('passes, and leaves nothing behind', async () => {
    const before = await projects();
    expect(await run(server.url)).toMatchObject({ outcome: 'passed', exit: 0, left: [] });
    expect(await projects()).toEqual(before);
  });

  test('passes on PostgreSQL', async () => {
    const other = await startTestServer({ kind: 'postgres' });
    expect(await run(other.url, await signUp(other.url))).toMatchObject({ outcome: 'passed', exit: 0 });
    await other.close();
  });

  test.each<[string, (path: string, method: string) => Meddling | undefined, object]>([
    [
      'another version',
      (path) => (path === '/version' ? { answer: { status: 200, body: '{"version":"0.0.9"}' } } : undefined),
      { exit: 1, reason: `version: .version is "0.0.9", not == "${version}"` },
    ],
    [
      'a route that answers 500',
      (path) => (path.endsWith('/complete') ? { answer: { status: 500, body: '{"error":"boom"}' } } : undefined),
      { exit: 4, outcome: 'rolled_back', reason: expect.stringMatching(/^complete: the exit status is 22: curl: \(22\) .*500/) },
    ],
    [
      'a search that finds nothing',
      (path) => (path.startsWith('/search') ? { answer: { status: 200, body: '{"items":[],"mode":"lexical"}' } } : undefined),
      { exit: 4, outcome: 'rolled_back', reason: expect.stringMatching(/^search: /) },
    ],
    [
      'an answer to everything',
      (path) => (path.startsWith('/ask') ? { answer: { status: 200, body: '{"conversation_id":"test-123","answered":true}' } } : undefined),
      { exit: 4, outcome: 'rolled_back', reason: expect.stringMatching(/^ask: .*answered/) },
    ],
    [
      'a slow route',
      (path) => (path === '/health' ? { delayMs: 600 } : undefined),
      {
        exit: 1,
        left: [],
        reason: expect.stringMatching(/^latency: the exit status is 1: quarterdeck check latency: failed: p95: \d+ ms of 200 requests/),
      },
    ],
  ])('fails where it should for a server with %s', async (_what, meddle, end) => {
    const before = await projects();
    const meddler = await startMeddler(server.url, ({ url = '', method = '' }) => meddle(url, method));
    expect(await run(meddler.url)).toMatchObject(end);
    await meddler.close();
    expect(await projects()).toEqual(before);
  });

  test('fails where it should for a server without its database', async () => {
    const place = await createPlace('postgres');
    const proxy = await startProxy(place.databaseUrl ?? '');
    const broken = await startTestServer({ kind: 'postgres', place: { ...place, databaseUrl: proxy.url } });
    const who = await signUp(broken.url);
    await proxy.stop();
    expect(await run(broken.url, who)).toMatchObject({ exit: 1, left: [], reason: 'health: .status is "unhealthy", not == "healthy"' });
    await broken.close();
    await place.remove();
  });

  test('fails where it should for a server without metrics', async () => {
    const closed = await startTestServer({ kind: 'embedded', environment: { METRICS_TOKEN: 'a token that nobody was given' } });
    expect(await run(closed.url, await signUp(closed.url))).toMatchObject({
      reason: expect.stringMatching(/^metrics: the exit status is 22: curl: \(22\) .*40[14]/) as string,
    });
    await closed.close();
  });
});
