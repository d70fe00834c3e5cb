/** What replicas count together: calls of the present minute, and failed sign-ins. */

import { type Kysely, sql } from 'kysely';
import type { Migration } from '../types.ts';

/** In the schema `auth`, because both are read before it is known to which workspace somebody belongs. */
export const limits: Migration = {
  name: '0006_limits',

  async up(db: Kysely<unknown>): Promise<void> {
    // Unlogged: after a crash of the database a minute of calls is forgiven.
    await sql`
      create unlogged table auth.call_counts (
        minute bigint not null,
        key text not null,
        count integer not null,
        primary key (minute, key)
      )`.execute(db);

    // `account` is a hash of the e-mail address that was typed, which need not be anybody's; `client_address` is empty for all together.
    await sql`
      create table auth.sign_in_attempts (
        account text not null,
        client_address text not null,
        failures integer not null,
        last_at timestamptz not null,
        locked_until timestamptz not null,
        primary key (account, client_address)
      )`.execute(db);
    await sql`create index sign_in_attempts_by_age on auth.sign_in_attempts (last_at)`.execute(db);
  },

  async down(db: Kysely<unknown>): Promise<void> {
    await sql`drop table auth.sign_in_attempts, auth.call_counts`.execute(db);
  },
};
