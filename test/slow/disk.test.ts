/** The disk of the database is full: writes are refused with what to do, reading goes on, and freed space is all that it takes to go on. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, describe, expect, onTestFinished, test } from 'vitest';
import { createDatabase, startPostgres } from '../support/cluster.ts';
import { type SmallDisk, mountSmallDisk } from '../support/disk.ts';
import { type SpawnedServer, type TestUser, client, signUp, spawnServer } from '../support/server.ts';

const megabyte = 1024 * 1024;

async function mount(skip: TestContext['skip'], megabytes: number): Promise<SmallDisk> {
  const disk = await mountSmallDisk(megabytes);
  if (disk === undefined) skip('only root can mount a small disk to fill, where mounting is allowed at all');
  onTestFinished(() => disk.remove());
  return disk;
}

async function start(data: string, databaseUrl?: string): Promise<SpawnedServer> {
  await mkdir(data, { recursive: true });
  const place = { kind: databaseUrl === undefined ? 'embedded' : 'postgres', data, databaseUrl, remove: () => Promise.resolve() } as const;
  const server = await spawnServer({ place, environment: { QUARTERDECK_RATE_LIMIT: 'off' } });
  onTestFinished(() => server.close());
  return server;
}

interface Health {
  status: string;
  checks: Record<string, { status: string; message?: string }>;
}

async function health(url: string): Promise<Health & { code: number }> {
  const { status: code, body } = await client(url).get<Health>('/health');
  return { code, ...body };
}

type Refused = { error: { code: string; message: string; next: string; retryable: boolean } };

/** Creates fifty tasks at a time until it is refused; the titles that were acknowledged, and the refusal. */
async function writeUntilRefused({ agent }: TestUser, acknowledged: Set<string>): Promise<{ status: number } & Refused> {
  for (;;) {
    const tasks = Array.from({ length: 50 }, (_, n) => ({ title: `task ${acknowledged.size + n}` }));
    const { status, body } = await agent.post<Refused>('/tasks/batch', { tasks });
    if (status !== 201) return { status, ...body };
    for (const { title } of tasks) acknowledged.add(title);
  }
}

async function titles({ agent }: TestUser): Promise<Set<string>> {
  const found = new Set<string>();
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: { body: { items: { title: string }[]; next_cursor: string | null } } = await agent.get(
      `/tasks?limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    for (const { title } of page.body.items) found.add(title);
    cursor = page.body.next_cursor;
  }
  return found;
}

const create = ({ agent }: TestUser) => agent.post('/tasks', { title: 'there is space again' }).then(({ status }) => status);

/** Tables cannot grow, and the rest of the database lives. */
async function holds(server: SpawnedServer, disk: SmallDisk): Promise<void> {
  const user = await signUp(server.url);
  disk.fill();
  const acknowledged = new Set<string>();
  const refused = await writeUntilRefused(user, acknowledged);
  expect(refused).toMatchObject({ status: 507, error: { code: 'storage_full', retryable: true } });
  expect(refused.error.message).toBe('The disk of the database is full; nothing was changed.');
  expect(refused.error.next).toContain('free space');
  expect((await user.agent.get('/tasks')).status).toBe(200);
  expect(await health(server.url)).toMatchObject({ code: 200, status: 'degraded', checks: { storage: { status: 'failed' } } });
  await disk.free();
  expect(await create(user)).toBe(201);
  const kept = await titles(user);
  expect([...acknowledged].filter((title) => !kept.has(title))).toEqual([]);
}

describe('no space for another page of a table', () => {
  test('embedded', async ({ skip }) => {
    const disk = await mount(skip, 128);
    await holds(await start(join(disk.folder, 'data')), disk);
  });

  test('PostgreSQL', async ({ skip }) => {
    const disk = await mount(skip, 256);
    const cluster = await startPostgres({ folder: disk.folder });
    onTestFinished(() => cluster.stop());
    const { url } = await createDatabase(cluster.adminUrl);
    await holds(await start(join(disk.folder, 'data'), url), disk);
  });
});

describe('no space for the log of the embedded database, which then gives up', () => {
  test('it is opened again as soon as there is space, with everything that was acknowledged', async ({ skip }) => {
    const disk = await mount(skip, 128);
    const server = await start(join(disk.folder, 'data'));
    const user = await signUp(server.url);
    // Enough for tables to grow while the log fills, and not enough for its next segment of 16 MiB.
    disk.fill(14 * megabyte);
    const acknowledged = new Set<string>();
    const first = await writeUntilRefused(user, acknowledged);
    expect(['storage_full', 'unavailable']).toContain(first.error.code);
    expect(server.output.stderr).toContain('the embedded database gave up');
    const again = await user.agent.post<Refused>('/tasks', { title: 'no space' });
    expect(again).toMatchObject({ status: 507, body: { error: { code: 'storage_full', retryable: true } } });
    const { checks } = await health(server.url);
    expect(checks['storage']?.message).toContain('The disk of the database is full');
    await disk.free();
    await expect.poll(() => create(user), { timeout: 60_000 }).toBe(201);
    const kept = await titles(user);
    expect([...acknowledged].filter((title) => !kept.has(title))).toEqual([]);
    // The answer to a probe is kept for a second, and the last one was given while there was no database.
    await expect
      .poll(
        () =>
          client(server.url)
            .get('/health/ready')
            .then(({ status }) => status),
        { timeout: 5_000 },
      )
      .toBe(200);
  });
});
