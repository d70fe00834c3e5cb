import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSettings } from '../../src/platform/config/read.ts';
import type { Database } from '../../src/platform/database/types.ts';
import { createLog } from '../../src/platform/telemetry/log.ts';
import { runCommand } from '../../src/server/attach.ts';
import { type Place, type TestServer, type TestUser, client, createPlace, signUp, startTestServer } from '../support/server.ts';

interface Copied {
  rows: number;
  tables: { table: string; rows: number }[];
}

/** Every row of every table, in one order, without what belongs to the database itself and what a server writes while it stops. */
async function contentOf(database: Database): Promise<Record<string, unknown[]>> {
  const { rows: tables } = await sql<{ name: string }>`
    select table_schema || '.' || table_name as name from information_schema.tables
    where table_schema in ('public', 'auth') and table_type = 'BASE TABLE' order by 1`.execute(database.owner);
  return database.transaction('system', { mode: 'read' }, async ({ db }) => {
    const content: Record<string, unknown[]> = {};
    for (const { name } of tables.filter((table) => table.name !== 'public.quarterdeck_migrations' && !table.name.startsWith('auth.'))) {
      const { rows } = await sql<{
        row: string;
      }>`select (to_jsonb(t) - 'xid' - 'last_used_at')::text as row from ${sql.table(name)} t order by 1`.execute(db);
      content[name] = rows.map(({ row }) => row);
    }
    return content;
  });
}

describe.each(['while the server runs', 'after the server has stopped'])('moving from embedded to PostgreSQL, %s', (when) => {
  let from: Place;
  let to: Place;
  let before: Record<string, unknown[]>;
  let result: Copied;
  let user: TestUser;
  let claim: { fence: number };
  let server: TestServer;
  /** Fixed, as in production: it is the issuer of the tokens. */
  const environment = { QUARTERDECK_URL: 'http://quarterdeck.test' };

  beforeAll(async () => {
    from = await createPlace('embedded');
    to = await createPlace('postgres');
    const old = await startTestServer({ place: from, environment });
    user = await signUp(old.url);
    await user.person.post('/projects', { key: 'WEB', name: 'Web — ünïcode 🚢' });
    const tasks = Array.from({ length: 60 }, (_, index) => ({
      project: 'WEB',
      title: `task ${index}`,
      inputs: { quote: `'"\\ ${index}`, deep: [null, { n: 0.1 }] },
      depends_on: index % 7 === 3 ? ['#1'] : [],
    }));
    await user.agent.post('/tasks/batch', { tasks }, { 'Idempotency-Key': 'batch-1' });
    await user.agent.post('/tasks', { title: 'personal' });
    const claimed = await user.agent.post<{ claim: { fence: number } }>('/queue/claim', { task_id: 'WEB-1' });
    claim = claimed.body.claim;
    before = await contentOf(old.platform.database);
    if (when === 'after the server has stopped') await old.close();
    const effective = readSettings({ environment: {}, folder: from.data, flags: { data: from.data } });
    const input = { to: to.databaseUrl };
    result = (await runCommand({ effective, log: createLog({ logLevel: 'silent' }), name: 'migrate data', input })) as Copied;
    if (when === 'while the server runs') {
      expect((await user.agent.get('/tasks/WEB-1')).status).toBe(200);
      await old.close();
    }
    const { auth_secret } = JSON.parse(await readFile(join(from.data, 'secrets.json'), 'utf8')) as { auth_secret: string };
    server = await startTestServer({ place: to, environment: { ...environment, BETTER_AUTH_SECRET: auth_secret } });
  });
  afterAll(async () => {
    await server.close();
    await Promise.all([from.remove(), to.remove()]);
  });

  test('brings every row of every table, with its id', async () => {
    const after = await contentOf(server.platform.database);
    expect(Object.keys(before).length).toBeGreaterThan(5);
    expect(after).toEqual(before);
    expect(before['public.tasks']).toHaveLength(61);
  });

  test('counts what it copied', () => {
    expect(result.tables).toContainEqual({ table: 'public.tasks', rows: 61 });
    expect(result.tables).toContainEqual({ table: 'auth.user', rows: 1 });
    expect(result.rows).toBe(result.tables.reduce((sum, { rows }) => sum + rows, 0));
  });

  const call = (token: string) => client(server.url, token);

  test('keeps keys, tokens, passwords and idempotency keys good', async () => {
    const [agent, person] = [call(user.key), call(user.token)];
    expect((await agent.get('/me')).status).toBe(200);
    expect((await person.get('/me')).status).toBe(200);
    expect((await client(server.url).post('/api/auth/signin', { email: user.email, password: user.password })).status).toBe(200);
    const again = await agent.post('/tasks/batch', { tasks: [{ title: 'other' }] }, { 'Idempotency-Key': 'batch-1' });
    expect(again.body).toMatchObject({ error: { code: 'idempotency_mismatch' } });
  });

  test('goes on where it was: numbers, claims and events', async () => {
    const agent = call(user.key);
    const made = await agent.post<{ task: { id: string } }>('/tasks', { project: 'WEB', title: 'next' });
    expect(made.body.task.id).toBe('WEB-61');
    expect((await agent.post('/queue/finish', { task_id: 'WEB-1', fence: claim.fence })).status).toBe(200);
    const { body } = await agent.get<{ task: { history: { type: string }[] } }>('/tasks/WEB-1?detail=full');
    expect(body.task.history.map(({ type }) => type)).toEqual(['task.completed', 'claim.taken', 'task.created']);
    const unblocked = await agent.get<{ task: { ready: boolean } }>('/tasks/WEB-4');
    expect(unblocked.body.task.ready).toBe(true);
  });

  test('is refused into a database that is not empty', async () => {
    const effective = readSettings({ environment: {}, folder: from.data, flags: { data: from.data } });
    const copying = runCommand({
      effective,
      log: createLog({ logLevel: 'silent' }),
      name: 'migrate data',
      input: { to: to.databaseUrl },
    });
    await expect(copying).rejects.toThrow(/empty/);
  });
});
