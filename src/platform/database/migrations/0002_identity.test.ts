import { getMigrations } from 'better-auth/db/migration';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type IdentityHouse, issuer, openIdentityHouse } from '../../../../test/support/identity.ts';
import { authOptions } from '../../identity/better-auth.ts';
import { createLog } from '../../telemetry/log.ts';
import { migrateDown, migrateUp } from '../migrate.ts';

describe.each(['embedded', 'postgres'] as const)('the tables of identity, on %s', (kind) => {
  let house: IdentityHouse;
  const log = createLog({ logLevel: 'silent' });

  beforeAll(async () => void (house = await openIdentityHouse(kind)));
  afterAll(() => house.close());

  /** After an upgrade of Better Auth, what this prints is the body of the next numbered migration. */
  test('leave nothing for Better Auth to migrate', async () => {
    const left = await getMigrations(authOptions({ db: house.database.owner, secret: 'x'.repeat(32), issuer, log }));
    expect(await left.compileMigrations()).toBe(';');
    expect(left.schemaProblems).toEqual([]);
  });

  test('go without a trace, and come back', async () => {
    const schemas = async () => (await sql`select 1 from pg_namespace where nspname = 'auth'`.execute(house.database.owner)).rows.length;
    expect(await schemas()).toBe(1);
    await migrateDown(house.database, log, { to: '0001_roles' });
    expect(await schemas()).toBe(0);
    await migrateUp(house.database, log);
    expect(await schemas()).toBe(1);
  });
});
