/** A client that goes away takes its query with it. */

import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest';
import { type TestServer, type TestUser, signUp, startTestServer } from '../../support/server.ts';
import { clientKinds, connect } from './support/clients.ts';

/** Far longer than a cancellation takes on a busy machine, so that it is not a time-out that ends the query. */
const limitMs = '59000';
const soon = { timeout: 10_000, interval: 20 };

const settings = {
  QUARTERDECK_LOCK_TIMEOUT_MS: limitMs,
  QUARTERDECK_STATEMENT_TIMEOUT_MS: limitMs,
  QUARTERDECK_REQUEST_TIMEOUT_MS: limitMs,
  // The sweeper would wait for the lock as well.
  QUARTERDECK_SWEEP_MS: '3600000',
};

const embedded = inject('databaseKind') === 'embedded';
let server: TestServer;
let ada: TestUser;
let other: pg.Client;

beforeAll(async () => {
  if (embedded) return;
  server = await startTestServer({ environment: settings });
  ada = await signUp(server.url);
  other = new pg.Client({ connectionString: server.place.databaseUrl });
  await other.connect();
});
beforeEach((context) => context.skip(embedded, 'the embedded database cannot cancel a query'));
afterEach(async () => void (await other?.query('rollback')));
afterAll(async () => {
  await other?.end();
  await server?.close();
});

async function waiting(): Promise<number> {
  // Within a transaction it would not see a connection that was made after the first look.
  await other.query('select pg_stat_clear_snapshot()');
  const { rows } = await other.query<{ count: number }>(
    `select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rows[0]?.count ?? 0;
}

test.each(clientKinds)('a client of %s that closes its connection ends the query that it waits for', async (kind) => {
  const client = await connect(kind, { url: `${server.url}/mcp`, token: ada.key });
  await other.query('begin');
  await other.query('lock table tasks in access exclusive mode');
  let ended: unknown;
  const call = client.callTool('list_tasks').catch((error: unknown) => {
    ended = error;
    return 'gone';
  });
  await vi.waitFor(async () => expect({ waiting: await waiting(), ended }).toEqual({ waiting: 1, ended: undefined }), soon);
  await client.close();
  await vi.waitFor(async () => expect(await waiting()).toBe(0), soon);
  expect(await call).toBe('gone');
});
