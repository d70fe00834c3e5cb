import { sql } from 'kysely';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { TransactionScope } from '../../../src/platform/database/types.ts';
import { historyOf } from '../../../src/platform/events/outbox.ts';
import { actorOf } from '../../../src/platform/identity/principal.ts';
import { type Caller, type OwnHouse, openHouse } from '../../support/house.ts';

let house: OwnHouse;
let ada: Caller;

beforeAll(async () => {
  house = await openHouse();
  ada = await house.person('Ada');
});
afterAll(() => house?.close());

const write = <Result>(work: (scope: TransactionScope) => Promise<Result>) =>
  house.database.transaction(ada.principal, { mode: 'write' }, work);
const tell = (scope: TransactionScope, type: string) => house.events.write(scope, actorOf(ada.principal), [{ type, subject: 'WEB-1' }]);

test('the history of a task is in the order of its changes, also when the later change is of the older transaction', async ({ skip }) => {
  if (inject('databaseKind') === 'embedded') skip('the embedded database has one connection, so that two transactions never overlap');
  await write(async (older) => {
    // As an idempotency key does: the transaction has its number before it waits for the task.
    await sql`select pg_current_xact_id()`.execute(older.db);
    await write(async (newer) => tell(newer, 'task.updated'));
    tell(older, 'task.completed');
  });
  const history = await write((scope) => historyOf(scope, ['WEB-1'], 20));
  expect(history.map(({ type }) => type)).toEqual(['task.completed', 'task.updated']);
  const newest = await write((scope) => historyOf(scope, ['WEB-1'], 1));
  expect(newest.map(({ type }) => type)).toEqual(['task.completed']);
});
