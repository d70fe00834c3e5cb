/** What a call reads must not grow with the project. A database without statistics is the hardest case: any plan looks cheap to it. */

import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestServer, type TestUser, signUp, startTestServer } from '../support/server.ts';

/** Enough that a scan of the project, of its queue or of its leases stands out. */
const tasks = 600;

/** Rows of `tasks` that one call may read: itself, its parent, its dependencies, each a few times. */
const most = 15;

const calls = 5;

let server: TestServer;
let user: TestUser;
let taken: { task_id: string; fence: number }[];
let waitedFor: string[];

beforeAll(async () => {
  // What the server does by itself would be counted too, and with two connections it is known which have something to report.
  const environment = { QUARTERDECK_SWEEP_MS: '3600000', QUARTERDECK_DATABASE_POOL: '2' };
  server = await startTestServer({ kind: 'postgres', environment });
  user = await signUp(server.url);
  await sql`alter table tasks set (autovacuum_enabled = off)`.execute(server.platform.database.owner);
  await user.person.post('/projects', { key: 'WEB', name: 'Web' });
  for (let made = 0; made < tasks; made += 100) {
    const batch = Array.from({ length: 100 }, (_, place) => ({ project: 'WEB', title: `Task ${made + place}` }));
    expect((await user.agent.post('/tasks/batch', { tasks: batch })).status).toBe(201);
  }
  taken = [];
  for (let number = 0; number < 8 * calls; number += 1) taken.push(await claim());
  waitedFor = Array.from({ length: calls }, (_, place) => `WEB-${tasks - 30 - place}`);
  for (const task of waitedFor)
    expect((await user.agent.post('/tasks', { project: 'WEB', title: 'Waits', depends_on: [task] })).status).toBe(201);
});
afterAll(() => server.close());

async function claim(): Promise<{ task_id: string; fence: number }> {
  const { body } = await user.agent.post<{ task: { id: string }; claim: { fence: number } }>('/queue/claim', { project: 'WEB' });
  return { task_id: body.task.id, fence: body.claim.fence };
}

const held = () => taken.pop() ?? { task_id: '', fence: 0 };

/** Rows of `tasks` that the database has read so far, by index or by scan. */
async function rowsRead(): Promise<number> {
  const { database } = server.platform;
  await reportAll();
  const { rows } = await sql<{ read: number }>`
    select (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as read from pg_stat_user_tables where relname = 'tasks'`.execute(
    database.owner,
  );
  return rows[0]?.read ?? Number.NaN;
}

/** Connections report what they did when they please, up to ten seconds later; here each of the two does it now. */
async function reportAll(): Promise<void> {
  const together = Promise.withResolvers<void>();
  let arrived = 0;
  const report = (essential: boolean) =>
    server.platform.database.transaction('system', { mode: 'write', essential }, async ({ db }) => {
      await sql`select pg_stat_force_next_flush()`.execute(db);
      arrived += 1;
      if (arrived === 2) together.resolve();
      await together.promise;
    });
  await Promise.all([report(false), report(true)]);
}

test.each<[string, () => Promise<{ status: number }>]>([
  ['get_task', () => user.agent.get(`/tasks/WEB-${tasks - 1}`)],
  [
    'create_task that waits for another',
    () =>
      user.agent
        .post('/tasks', { project: 'WEB', title: 'Waits', depends_on: [`WEB-${tasks - 20}`] })
        .then(({ status }) => ({ status: status - 1 })),
  ],
  ['complete_task that others wait for', () => user.agent.post(`/tasks/${waitedFor.pop()}/complete`, {})],
  ['update_task', () => user.agent.patch(`/tasks/WEB-${tasks - 2}`, { title: 'Another title' })],
  ['claim_task', () => user.agent.post('/queue/claim', { project: 'WEB' })],
  [
    'claim_task, a named one',
    () => user.agent.post('/queue/claim', { task_id: `WEB-${tasks - 3 - taken.length}` }).finally(() => taken.pop()),
  ],
  ['renew_claim', () => user.agent.post('/queue/renew', taken[0])],
  ['finish_task', () => user.agent.post('/queue/finish', held())],
  ['release_claim', () => user.agent.post('/queue/release', held())],
  ['next_task', () => user.agent.get('/tasks/next?project=WEB')],
])('%s reads a few rows, however many there are', async (_name, call) => {
  const before = await rowsRead();
  for (let number = 0; number < calls; number += 1) expect((await call()).status).toBe(200);
  const read = (await rowsRead()) - before;
  expect(read).toBeGreaterThan(0);
  expect(read / calls).toBeLessThan(most);
});
