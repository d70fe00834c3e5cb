/** Makes the database slow where a test needs it to be. */

import { sql } from 'kysely';
import type { Platform } from '../../src/server/platform.ts';

/** Makes every transaction that makes a project wait so long. Projects, because writers of tasks of one project wait for each other anyway. */
export async function slowProjects({ database }: Pick<Platform, 'database'>, seconds: number): Promise<void> {
  await sql`create or replace function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(${sql.lit(seconds)}); return new; end $$`.execute(
    database.owner,
  );
  await sql`create or replace trigger slow before insert on projects for each row execute function slow()`.execute(database.owner);
}

/** Ends what `slowProjects` made wait, and lets the next ones pass. */
export async function wake({ database }: Pick<Platform, 'database'>): Promise<void> {
  await sql`create or replace function slow() returns trigger language plpgsql as $$ begin return new; end $$`.execute(database.owner);
  await sql`select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()`.execute(
    database.owner,
  );
}

/** How many transactions wait because of `slowProjects`. */
export async function sleeping({ database }: Pick<Platform, 'database'>): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()`.execute(
    database.owner,
  );
  return rows[0]?.count ?? 0;
}
