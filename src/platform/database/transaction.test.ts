/** Transactions, on both databases: what they see, how they end, and that nothing leaks from one to the next. */

import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OpenedDatabase, databaseKinds, openTestDatabase } from '../../../test/support/databases.ts';
import { isForeignKeyViolation, isUniqueViolation } from './errors.ts';
import { secureTable } from './security.ts';
import { transactionTime } from './transaction-time.ts';
import type { Tenant, TransactionScope } from './types.ts';

const alpha = { workspace_id: '01930000-0000-7000-8000-00000000000a', user_id: '01930000-0000-7000-8000-0000000000aa' };
const beta = { workspace_id: '01930000-0000-7000-8000-00000000000b', user_id: '01930000-0000-7000-8000-0000000000bb' };
const colleague = { ...alpha, user_id: '01930000-0000-7000-8000-0000000000cc' };

interface Note {
  workspace_id: string;
  owner_id: string | null;
  text: string;
}

const notesOf = async ({ db }: TransactionScope) =>
  (await sql<{ text: string }>`select text from notes order by text`.execute(db)).rows.map(({ text }) => text);

const add = ({ db }: TransactionScope, { workspace_id, owner_id, text }: Note) =>
  sql`insert into notes (workspace_id, owner_id, text) values (${workspace_id}, ${owner_id}, ${text})`.execute(db);

const kinds = databaseKinds.flatMap((kind) =>
  [false, true].map((eager) => ({ kind, eager, what: eager ? 'eager transactions' : 'transactions' })),
);

describe.each(kinds)('$what on $kind', ({ kind, eager }) => {
  let opened: OpenedDatabase;
  const run = <Result>(tenant: Tenant, mode: 'read' | 'write', work: (scope: TransactionScope) => Promise<Result>) =>
    opened.database.transaction(tenant, { mode, eager }, work);

  beforeAll(async () => {
    // One connection, so that whatever the last transaction left behind would meet the next.
    opened = await openTestDatabase(kind, { settings: { databasePool: 1, lockTimeoutMs: 200 } });
    await sql`create table notes (workspace_id uuid not null, owner_id uuid, text text not null unique)`.execute(opened.database.owner);
    await sql`create table replies (workspace_id uuid not null, text text references notes (text))`.execute(opened.database.owner);
    await secureTable(opened.database.owner, 'notes', { owner: 'owner_id' });
    await secureTable(opened.database.owner, 'replies');
    await run(alpha, 'write', (scope) => add(scope, { workspace_id: alpha.workspace_id, owner_id: null, text: 'shared' }));
    await run(alpha, 'write', (scope) => add(scope, { workspace_id: alpha.workspace_id, owner_id: alpha.user_id, text: 'personal' }));
  });
  afterAll(() => opened.close());

  test('see the rows of their workspace, and of those with an owner only their own', async () => {
    expect(await run(alpha, 'read', notesOf)).toEqual(['personal', 'shared']);
    expect(await run(colleague, 'read', notesOf)).toEqual(['shared']);
    expect(await run(beta, 'read', notesOf)).toEqual([]);
    expect(await run('system', 'read', notesOf)).toEqual(['personal', 'shared']);
  });

  test('cannot write a row of another workspace', async () => {
    const foreign = { workspace_id: beta.workspace_id, owner_id: null, text: 'planted' };
    await expect(run(alpha, 'write', (scope) => add(scope, foreign))).rejects.toThrow(/row-level security/);
  });

  test('run under the role that cannot bypass row-level security, and cannot write when they read', async () => {
    const { rows } = await run(alpha, 'read', ({ db }) => sql<{ role: string }>`select current_user as role`.execute(db));
    expect(rows).toEqual([{ role: 'quarterdeck_app' }]);
    const write = run(alpha, 'read', (scope) => add(scope, { workspace_id: alpha.workspace_id, owner_id: null, text: 'no' }));
    await expect(write).rejects.toThrow(/read-only transaction/);
  });

  test('leave no setting and no role behind on the connection', async () => {
    await run(alpha, 'read', notesOf);
    const { rows } = await sql<{ role: string; workspace: string }>`
      select current_user as role, coalesce(current_setting('app.workspace_id', true), '') as workspace`.execute(opened.database.owner);
    expect(rows[0]?.role).not.toBe('quarterdeck_app');
    expect(rows[0]?.workspace).toBe('');
  });

  test('take values with quotes and backslashes as values', async () => {
    const odd = { ...alpha, user_id: `' || pg_sleep(1) || '\\` };
    const read = ({ db }: TransactionScope) => sql<{ user: string }>`select current_setting('app.user_id') as user`.execute(db);
    expect((await run(odd, 'read', read)).rows).toEqual([{ user: odd.user_id }]);
  });

  test("give the database's clock, the same for the whole transaction", async () => {
    await run(alpha, 'read', async (scope) => {
      const { rows } = await sql<{ now: Date; inside: Date }>`select now() as now, ${transactionTime} as inside`.execute(scope.db);
      expect([rows[0]?.now, rows[0]?.inside]).toEqual([scope.now, scope.now]);
    });
  });

  test('know the time before their first query only when they are not eager', async () => {
    const early = await run(alpha, 'read', async ({ now }) => now).catch((error: unknown) => error);
    expect(early).toEqual(eager ? new Error('an eager transaction knows its time only after its first query') : expect.any(Date));
    expect(await run(alpha, 'read', notesOf)).toEqual(['personal', 'shared']);
  });

  test('are undone when the work rejects, with its error', async () => {
    const reason = new Error('changed my mind');
    const work = run(alpha, 'write', async (scope) => {
      await add(scope, { workspace_id: alpha.workspace_id, owner_id: null, text: 'undone' });
      throw reason;
    });
    await expect(work).rejects.toBe(reason);
    expect(await run(alpha, 'read', notesOf)).not.toContain('undone');
  });

  test('say so when a caught error has already undone them', async () => {
    const work = run(alpha, 'write', async (scope) => {
      await add(scope, { workspace_id: alpha.workspace_id, owner_id: null, text: 'lost' });
      await sql`select 1 / 0`.execute(scope.db).catch(() => undefined);
    });
    await expect(work).rejects.toThrow('nothing was committed');
    expect(await run(alpha, 'read', notesOf)).not.toContain('lost');
  });

  test('refuse a query that comes after their end', async () => {
    const scope = await run(alpha, 'write', async (inner) => inner);
    await expect(notesOf(scope)).rejects.toThrow('a query came after its transaction was over');
  });

  test('refuse a transaction inside a transaction', async () => {
    const nested = run(alpha, 'write', ({ db }) => db.transaction().execute(async () => undefined));
    await expect(nested).rejects.toThrow('a transaction is open already');
  });

  test('run queries that were started together one after another', async () => {
    const numbers = await run(alpha, 'read', ({ db }) =>
      Promise.all([1, 2, 3].map(async (n) => (await sql<{ n: number }>`select ${n}::bigint as n`.execute(db)).rows[0]?.n)),
    );
    expect(numbers).toEqual([1, 2, 3]);
  });

  test('finish by the hundred on one connection', async () => {
    const counts = await Promise.all(Array.from({ length: 300 }, () => run(alpha, 'read', async (scope) => (await notesOf(scope)).length)));
    expect(new Set(counts)).toEqual(new Set([2]));
    expect(opened.database.stats()).toEqual({ total: 1, idle: 1, waiting: 0 });
  });

  test('do not start when the caller has gone while they waited for a connection', async () => {
    const gone = new AbortController();
    const { promise: free, resolve } = Promise.withResolvers<void>();
    const first = run(alpha, 'read', () => free);
    const second = opened.database.transaction(alpha, { mode: 'write', eager, signal: gone.signal }, () => {
      throw new Error('it started');
    });
    gone.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    resolve();
    await first;
    expect(await run(alpha, 'read', notesOf)).toEqual(['personal', 'shared']);
  });

  test('reject with the reason, undone, when the caller goes in between two queries', async () => {
    const gone = new AbortController();
    const work = opened.database.transaction(alpha, { mode: 'write', eager, signal: gone.signal }, async (scope) => {
      await add(scope, { workspace_id: alpha.workspace_id, owner_id: null, text: 'halfway' });
      gone.abort(new Error('gone'));
      await notesOf(scope);
    });
    await expect(work).rejects.toThrow('gone');
    expect(await run(alpha, 'read', notesOf)).toEqual(['personal', 'shared']);
  });

  test('let duplicates and missing references be told apart', async () => {
    const shared = { workspace_id: alpha.workspace_id, owner_id: null, text: 'shared' };
    const duplicate = await run(alpha, 'write', (scope) => add(scope, shared)).catch((error: unknown) => error);
    expect(isUniqueViolation(duplicate, 'notes_text_key')).toBe(true);
    expect(isUniqueViolation(duplicate, 'notes_other_key')).toBe(false);
    const reply = ({ db }: TransactionScope) => sql`insert into replies values (${alpha.workspace_id}, 'nothing')`.execute(db);
    const missing = await run(alpha, 'write', reply).catch((error: unknown) => error);
    expect(isForeignKeyViolation(missing)).toBe(true);
    expect(isUniqueViolation(missing)).toBe(false);
  });

  test('carry a megabyte, and every kind of value that we use, there and back', async () => {
    const text = `ä€😀\\'"${'x'.repeat(1_000_000)}`;
    const moment = new Date('2026-02-03T04:05:06.789Z');
    const { rows } = await run(alpha, 'read', ({ db }) =>
      sql`
        select ${text}::text as text, ${moment}::timestamptz as moment, 9007199254740991::bigint as big,
          ${JSON.stringify({ a: [1, null] })}::jsonb as json, ${['a', 'b,"c']}::text[] as list,
          ${Buffer.from([0, 255])}::bytea as bytes, date '2026-02-03' as day, true as yes, null::text as nothing`.execute(db),
    );
    expect(rows).toEqual([
      {
        text,
        moment,
        big: Number.MAX_SAFE_INTEGER,
        json: { a: [1, null] },
        list: ['a', 'b,"c'],
        bytes: Buffer.from([0, 255]),
        day: '2026-02-03',
        yes: true,
        nothing: null,
      },
    ]);
    await expect(run(alpha, 'read', ({ db }) => sql`select 9007199254740993::bigint`.execute(db))).rejects.toThrow('does not fit');
  });
});
