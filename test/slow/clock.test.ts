/** The clock of a server is wrong, or is set while it serves: leases, limits and streams go by other clocks, and only what carries a date of its own is judged by it. */

import { connectSecond } from '../behaviour/mcp/support/clients.ts';
import { quarterdeck } from '../support/quarterdeck.ts';
import { type TestContext, afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type TestClock, createClock } from '../support/clock.ts';
import { scrape, sumOf } from '../support/prometheus.ts';
import { type Place, type SpawnedServer, type TestUser, client, createPlace, signUp, spawnServer } from '../support/server.ts';

const hour = 3_600;

/** Writes a minute. */
const limit = 20;

let place: Place;
beforeAll(async () => void (place = await createPlace('postgres')));
afterAll(() => place.remove());

function clockOf(skip: TestContext['skip'], seconds = 0): TestClock {
  const clock = createClock(place.data, seconds);
  if (clock === undefined) skip('there is no libfaketime on this machine (package faketime)');
  return clock;
}

async function start(clock?: TestClock, more: Record<string, string> = {}): Promise<SpawnedServer> {
  const environment = {
    BETTER_AUTH_SECRET: 'the secret of every server on this database',
    QUARTERDECK_REPLICAS: '2',
    QUARTERDECK_URL: 'http://127.0.0.1:9',
    QUARTERDECK_RATE_LIMIT: 'off',
    QUARTERDECK_SWEEP_MS: '100',
    ...clock?.environment,
    ...more,
  };
  const server = await spawnServer({ place, environment });
  onTestFinished(() => server.close());
  return server;
}

type Claimed = { task: { id: string } | null; claim: { fence: number; expires_at: string } | null };

/** A project of its own with one task, which is claimed. */
async function claimOne({ agent }: TestUser, lease_seconds = 600): Promise<{ task_id: string; fence: number; expires_at: string }> {
  await agent.post('/projects', { key: 'Q', name: 'Queue' });
  await agent.post('/tasks', { project: 'Q', title: 'work' });
  const { body } = await agent.post<Claimed>('/queue/claim', { project: 'Q', lease_seconds });
  if (body.task === null || body.claim === null) throw new Error('there was nothing to claim');
  return { task_id: body.task.id, ...body.claim };
}

/** Resolves when leases that are over were looked for from here on. */
async function sweptTwice(url: string): Promise<void> {
  const count = async () => sumOf(await scrape(url), 'quarterdeck_sweeps_total', { sweep: 'expired_claims' });
  const before = await count();
  await expect.poll(count, { timeout: 60_000 }).toBeGreaterThan(before + 1);
}

async function expectUntouched(url: string, { key }: TestUser, { task_id, fence }: { task_id: string; fence: number }): Promise<void> {
  await sweptTwice(url);
  const other = client(url, key);
  expect((await other.post<Claimed>('/queue/claim', { project: 'Q' })).body.task).toBeNull();
  expect((await other.post('/queue/renew', { task_id, fence, lease_seconds: 600 })).status).toBe(200);
}

test('replicas whose clocks are an hour apart take no lease from each other, and one that is over is returned', async ({ skip }) => {
  const [ahead, behind] = [await start(clockOf(skip, hour)), await start(clockOf(skip, -hour))];
  for (const [one, other] of [
    [ahead, behind],
    [behind, ahead],
  ] as const) {
    const user = await signUp(one.url);
    const claim = await claimOne(user);
    // By the database's clock, which is this machine's.
    expect(Math.abs(Date.parse(claim.expires_at) - Date.now() - 600_000)).toBeLessThan(300_000);
    await expectUntouched(other.url, user, claim);
    expect((await user.agent.post('/queue/finish', { task_id: claim.task_id, fence: claim.fence })).status).toBe(200);
    const short = await claimOne(user, 1);
    const again = () => client(other.url, user.key).post<Claimed>('/queue/claim', { project: 'Q' });
    await expect.poll(async () => (await again()).body.claim?.fence, { timeout: 60_000 }).toBeGreaterThan(short.fence);
  }
});

test('replicas whose clocks are an hour apart share the calls of a minute', async ({ skip }) => {
  const rates = { QUARTERDECK_RATE_LIMIT: `1000/${limit}` };
  const [ahead, behind] = [await start(clockOf(skip, hour), rates), await start(clockOf(skip, -hour), rates)];
  const user = await signUp(ahead.url);
  await writeUntilLimited(ahead.url, user);
  // One call makes them exchange counts; each further one is a second chance.
  expect(await writeUntilLimited(behind.url, user, 500)).toBeLessThan(limit);
});

/** How many writes passed. */
async function writeUntilLimited(url: string, { key }: TestUser, pauseMs = 0): Promise<number> {
  const agent = client(url, key);
  for (let passed = 0; ; passed += 1) {
    const { status, headers } = await agent.post('/tasks', { title: 'one more' });
    if (status === 429) {
      const wait = Number(headers.get('retry-after'));
      expect(wait).toBeGreaterThan(0);
      expect(wait).toBeLessThanOrEqual(120);
      return passed;
    }
    expect(status).toBe(201);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

test('a clock that is set while the server serves', async ({ skip }) => {
  const clock = clockOf(skip);
  const server = await start(clock);
  const user = await signUp(server.url);
  const claim = await claimOne(user);
  const listening = await connectSecond('2026-07-28', { url: `${server.url}/mcp`, token: user.key });
  onTestFinished(() => listening.close());
  let heard = 0;
  listening.setNotificationHandler('notifications/resources/list_changed', () => void (heard += 1));
  await listening.listen({ resourcesListChanged: true });
  const write = (title: string) =>
    user.agent.post<{ task: { id: string } }>('/tasks', { title }, { 'idempotency-key': 'the same all along' });
  const first = await write('once');
  for (const off of [hour + 60, -hour - 60, 0]) {
    clock.set(off);
    await expectUntouched(server.url, user, claim);
    expect((await write('once')).body).toEqual(first.body);
    const before = heard;
    expect((await user.agent.post('/tasks', { title: `at ${off}` })).status).toBe(201);
    await expect.poll(() => heard, { timeout: 60_000 }).toBeGreaterThan(before);
    // A token of an hour carries its own end; nothing but the clock says when that is.
    expect((await user.person.get('/me')).status).toBe(off > hour ? 401 : 200);
    const negative = (await scrape(server.url)).filter(({ name, value }) => value < 0 && name.startsWith('quarterdeck_'));
    expect(negative).toEqual([]);
  }
  expect((await user.agent.post('/queue/finish', { task_id: claim.task_id, fence: claim.fence })).status).toBe(200);
});

test('a clock that is set forgives no calls of the last minute', async ({ skip }) => {
  const clock = clockOf(skip);
  const server = await start(clock, { QUARTERDECK_RATE_LIMIT: `1000/${limit}` });
  const user = await signUp(server.url);
  await writeUntilLimited(server.url, user);
  for (const off of [hour, -hour]) {
    clock.set(off);
    expect(await writeUntilLimited(server.url, user)).toBeLessThan(limit);
  }
});

test("`doctor` tells of a clock that is not the database's", async ({ skip }) => {
  const clock = clockOf(skip, hour);
  const { stdout } = await quarterdeck(place, ['doctor'], { environment: clock.environment });
  expect(stdout).toMatch(/clock.*This machine and the database are \d+ s apart/);
});
