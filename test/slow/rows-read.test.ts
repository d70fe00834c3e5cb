/** What a call reads must not grow with the project. A database without statistics is the hardest case: any plan looks cheap to it. */

import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type TestServer, type TestUser, signUp, startTestServer } from '../support/server.ts';

/** Enough that a scan of the project, of its queue or of its leases stands out. */
const tasks = 600;

/** Rows of `tasks` that one call may read: itself, its parent, its dependencies, each a few times. */
const most = 15;

const calls = 5;

let server: TestServer;
let user: TestUser;
let taken: { task_id: string; fence: number }[];

beforeAll(async () => {
  // What the server does by itself would be counted too.
  server = await startTestServer({ kind: 'postgres', environment: { QUARTERDECK_SWEEP_MS: '3600000' } });
  user = await signUp(server.url);
  await sql`alter table tasks set (autovacuum_enabled = off)`.execute(server.platform.database.owner);
  await user.person.post('/projects', { key: 'WEB', name: 'Web' });
  for (let made = 0; made < tasks; made += 100) {
    const batch = Array.from({ length: 100 }, (_, place) => ({ project: 'WEB', title: `Task ${made + place}` }));
    expect((await user.agent.post('/tasks/batch', { tasks: batch })).status).toBe(201);
  }
  taken = [];
  for (let number = 0; number < 8 * calls; number += 1) taken.push(await claim());
});
afterAll(() => server.close());

async function claim(): Promise<{ task_id: string; fence: number }> {
  const { body } = await user.agent.post<{ task: { id: string }; claim: { fence: number } }>('/queue/claim', { project: 'WEB' });
  return { task_id: body.task.id, fence: body.claim.fence };
}

const held = () => taken.pop() ?? { task_id: '', fence: 0 };

/** Rows of `tasks` that the database has read so far, by index or by scan. Connections report what they did when they are idle. */
async function rowsRead(): Promise<number> {
  const { rows } = await sql<{ read: number }>`
    select (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as read from pg_stat_user_tables where relname = 'tasks'`.execute(
    server.platform.database.owner,
  );
  return rows[0]?.read ?? Number.NaN;
}

async function settled(): Promise<number> {
  let before = -1;
  return vi.waitUntil(
    async () => {
      const now = await rowsRead();
      if (now !== before) {
        before = now;
        return false;
      }
      return now;
    },
    // Longer than the second after which an idle connection reports.
    { interval: 1_500, timeout: 30_000 },
  );
}

test.each<[string, () => Promise<{ status: number }>]>([
  ['get_task', () => user.agent.get(`/tasks/WEB-${tasks - 1}`)],
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
  const before = await settled();
  for (let number = 0; number < calls; number += 1) expect((await call()).status).toBe(200);
  const read = (await settled()) - before;
  expect(read).toBeGreaterThanOrEqual(0);
  expect(read / calls).toBeLessThan(most);
});
