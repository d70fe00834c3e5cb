/** What clients of the 2025 revisions want to be told, which they say once for all requests that follow. */

import { type Kysely, sql } from 'kysely';
import { secureTable } from '../security.ts';
import type { Migration } from '../types.ts';

export const mcpWishes: Migration = {
  name: '0008_mcp_wishes',
  expands: true,

  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table mcp_wishes (
        workspace_id uuid not null,
        principal_id uuid not null,
        owner_id uuid not null,
        -- null: no messages.
        log_level text,
        resources text[] not null,
        updated_at timestamptz not null,
        primary key (workspace_id, principal_id)
      )`.execute(db);
    await sql`create index mcp_wishes_by_age on mcp_wishes (updated_at)`.execute(db);
    await secureTable(db, 'mcp_wishes', { owner: 'owner_id' });
  },

  async down(db: Kysely<unknown>): Promise<void> {
    await sql`drop table mcp_wishes`.execute(db);
  },
};
