/** The role that transactions take, so that row-level security holds even for a user that would bypass it. */

import { sql } from 'kysely';
import { appRoleExists, makeAppRole, mayTakeAppRole } from '../security.ts';
import type { Migration } from '../types.ts';

export const roles: Migration = {
  name: '0001_roles',

  async up(db) {
    await makeAppRole(db);
    const { rows } = await sql<{ usable: boolean }>`select ${sql.raw(mayTakeAppRole)} as usable`.execute(db);
    if (rows[0]?.usable !== true) return;
    await sql`grant usage on schema public to quarterdeck_app`.execute(db);
    await sql`alter default privileges in schema public grant select, insert, update, delete on tables to quarterdeck_app`.execute(db);
    await sql`alter default privileges in schema public grant usage, select on sequences to quarterdeck_app`.execute(db);
    // The mark that transactions look for: from here on, what migrations create is granted to the role.
    await sql`grant select on public.quarterdeck_migrations to quarterdeck_app`.execute(db);
  },

  /** The role stays: roles belong to the whole server, and other databases on it may use this one. */
  async down(db) {
    if (!(await appRoleExists(db))) return;
    await sql`revoke all on public.quarterdeck_migrations from quarterdeck_app`.execute(db);
    await sql`alter default privileges in schema public revoke all on tables from quarterdeck_app`.execute(db);
    await sql`alter default privileges in schema public revoke all on sequences from quarterdeck_app`.execute(db);
    await sql`revoke usage on schema public from quarterdeck_app`.execute(db);
  },
};
