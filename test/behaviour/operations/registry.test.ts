import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineOperation } from '../../../src/operations/operation.ts';
import { type Caller, type OwnHouse, openHouse } from '../../support/house.ts';

/** Two that are called together wait for each other, once. */
const meetings = new Map<string, PromiseWithResolvers<void>[]>();
let tries = 0;

const base = {
  title: 'Test',
  description: 'For the tests of the registry.',
  access: 'write' as const,
  scope: 'tasks:write' as const,
  faces: ['rest'] as const,
};

const leak = defineOperation({
  ...base,
  name: 'leak_secret',
  access: 'read',
  input: z.strictObject({}),
  output: z.object({ user: z.object({ name: z.string() }) }),
  http: { method: 'GET', path: '/test/leak' },
  async handler() {
    const user = { name: 'Ada', password_hash: 'secret' };
    return { user, more: 'secret' };
  },
});

const writeInRead = defineOperation({
  ...base,
  name: 'write_in_read',
  access: 'read',
  input: z.strictObject({}),
  output: z.object({}),
  http: { method: 'GET', path: '/test/write' },
  async handler(context) {
    await sql`delete from tasks`.execute(context.db);
    return {};
  },
});

const forgetOutput = defineOperation({
  ...base,
  name: 'forget_output',
  input: z.strictObject({}),
  output: z.object({ must: z.string() }),
  http: { method: 'POST', path: '/test/forget' },
  async handler(context) {
    context.emit({ type: 'test.happened', subject: 'x' });
    return {} as { must: string };
  },
});

const failSql = defineOperation({
  ...base,
  name: 'fail_sql',
  input: z.strictObject({}),
  output: z.object({}),
  http: { method: 'POST', path: '/test/sql' },
  async handler(context) {
    await sql`select secret_column from tasks`.execute(context.db);
    return {};
  },
});

const deadlock = defineOperation({
  ...base,
  name: 'lock_both',
  input: z.strictObject({ first: z.string(), second: z.string(), meeting: z.string() }),
  output: z.object({}),
  http: { method: 'POST', path: '/test/lock' },
  async handler(context, { first, second, meeting }) {
    tries += 1;
    const lock = (name: string) =>
      sql`select 1 from projects where workspace_id = ${context.workspace_id} and key = ${name} for update`.execute(context.db);
    await lock(first);
    const others = meetings.get(meeting) ?? [];
    const mine = Promise.withResolvers<void>();
    meetings.set(meeting, [...others, mine]);
    if (others.length > 0) for (const each of [...others, mine]) each.resolve();
    await mine.promise;
    await lock(second);
    return {};
  },
});

let house: OwnHouse;
let ada: Caller;

beforeAll(async () => {
  house = await openHouse({
    toolsets: [
      { name: 'test', description: 'Test', operations: [leak, writeInRead, forgetOutput, failSql, deadlock] },
      ...(await import('../../../src/toolsets/index.ts')).toolsets,
    ],
  });
  ada = await house.person('Ada');
});
afterAll(() => house.close());

describe('the registry', () => {
  test('lets nothing out that the output does not declare', async () => {
    expect(await ada.call('leak_secret')).toEqual({ user: { name: 'Ada' } });
  });

  test('undoes a write whose answer is wrong, and tells nobody of it', async () => {
    const heard = await house.listen(ada);
    expect((await ada.refused('forget_output')).code).toBe('internal');
    await ada.call('create_project', { key: 'AFTER', name: 'x' });
    await expect.poll(() => heard.map(({ type }) => type), { timeout: 5_000 }).toEqual(['project.created']);
  });

  test('gives a reading operation no way to write', async () => {
    expect((await ada.refused('write_in_read')).code).toBe('internal');
  });

  test('shows nothing of a bug but the request id', async () => {
    const problem = await ada.refused('fail_sql');
    expect(problem).toMatchObject({ code: 'internal', status: 500 });
    expect(`${problem.message} ${problem.next} ${JSON.stringify(problem.details)}`).not.toMatch(/secret_column|select|tasks/);
    expect(problem.next).toContain('request id test');
  });

  test('says that there is no such operation', async () => {
    expect((await ada.refused('fly_to_the_moon')).code).toBe('not_found');
  });

  test('shows an operation only on its faces', async () => {
    expect((await ada.refused('leak_secret', {}, { face: 'mcp' })).code).toBe('not_found');
  });

  test('keeps people-only operations and other toolsets from keys', async () => {
    const agent = await house.agent(ada, 'bot', { toolsets: ['queue'], scopes: ['tasks:read', 'tasks:write'] });
    expect((await agent.refused('create_key', { name: 'x' })).code).toBe('forbidden');
    expect(await agent.refused('create_task', { title: 'x' })).toMatchObject({ code: 'forbidden', details: { toolset: 'tasks' } });
    expect((await agent.call('claim_task', { project: 'ME' })).task).toBeNull();
  });

  test('stops when the caller has gone', async () => {
    const gone = AbortSignal.abort();
    expect((await ada.refused('create_task', { title: 'never' }, { signal: gone })).code).toBe('cancelled');
    expect((await ada.call('list_tasks', { query: 'never' })).items).toEqual([]);
  });

  test('runs a transaction again that a deadlock has undone', async ({ skip }) => {
    if (house.database.kind === 'embedded') skip('the embedded database has one connection, so no two transactions can block each other');
    for (const key of ['ONE', 'TWO']) await ada.call('create_project', { key, name: key });
    tries = 0;
    await Promise.all([
      ada.call('lock_both', { first: 'ONE', second: 'TWO', meeting: 'm' }),
      ada.call('lock_both', { first: 'TWO', second: 'ONE', meeting: 'm' }),
    ]);
    expect(tries).toBe(3);
  });
});
