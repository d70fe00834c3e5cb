/** Better Auth's tables in the schema `auth`, what identity adds to them, and API keys. */

import { type Kysely, sql } from 'kysely';
import { appRole, secureTable } from '../security.ts';
import type { Migration } from '../types.ts';
import { betterAuthTables } from './0002_identity_tables.ts';

export const identity: Migration = {
  name: '0002_identity',

  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of betterAuthTables) await sql.raw(statement).execute(db);

    // One membership for a person in a workspace, and one operator of the installation, also when two requests race.
    await sql`create unique index member_once on auth.member ("organizationId", "userId")`.execute(db);
    await sql`create unique index user_one_operator on auth."user" (operator) where operator`.execute(db);

    await sql`create table auth.revocations (subject_id uuid not null, revoked_at timestamptz not null default clock_timestamp())`.execute(
      db,
    );
    await sql`create index revocations_by_age on auth.revocations (revoked_at)`.execute(db);

    await createKeys(db);
    await createPeople(db);
  },

  async down(db: Kysely<unknown>): Promise<void> {
    await sql`drop table api_keys`.execute(db);
    await sql`drop schema auth cascade`.execute(db);
  },
};

/** Whoever names the hash of a key sees that row: its workspace is known only after it was found. */
async function createKeys(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table api_keys (
      workspace_id uuid not null references auth.organization (id) on delete cascade,
      id uuid not null,
      user_id uuid not null references auth."user" (id) on delete cascade,
      name text not null,
      prefix text not null,
      hash bytea not null unique,
      scopes text[],
      toolsets text[],
      created_at timestamptz not null,
      expires_at timestamptz,
      revoked_at timestamptz,
      last_used_at timestamptz,
      primary key (workspace_id, id)
    )`.execute(db);
  await sql`create index api_keys_of_user on api_keys (user_id)`.execute(db);
  await secureTable(db, 'api_keys', { or: `hash = (select decode(nullif(current_setting('app.key_hash', true), ''), 'hex'))` });
}

/** The members of the transaction's workspace: what a tenant may know of `auth`. A barrier, so that no condition sees further rows. */
async function createPeople(db: Kysely<unknown>): Promise<void> {
  await sql`
    create view auth.people with (security_barrier) as
      select person.id, person.name, person.email
      from auth.member as member join auth."user" as person on person.id = member."userId"
      where member."organizationId" = (select nullif(current_setting('app.workspace_id', true), '')::uuid)`.execute(db);
  const { rows } = await sql<{ exists: boolean }>`select to_regrole(${appRole}) is not null as exists`.execute(db);
  if (rows[0]?.exists !== true) return;
  await sql`grant usage on schema auth to ${sql.id(appRole)}`.execute(db);
  await sql`grant select on auth.people to ${sql.id(appRole)}`.execute(db);
}
