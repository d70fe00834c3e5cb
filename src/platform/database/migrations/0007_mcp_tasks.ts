/** Calls that go on after their request: the tasks of the MCP extension of that name, which have nothing to do with ours. */

import { type Kysely, sql } from 'kysely';
import { secureTable } from '../security.ts';
import type { Migration } from '../types.ts';

export const mcpTasks: Migration = {
  name: '0007_mcp_tasks',

  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table mcp_tasks (
        workspace_id uuid not null,
        id uuid not null,
        owner_id uuid not null,
        principal_id uuid not null,
        call jsonb not null,
        status text not null check (status in ('working', 'input_required', 'completed', 'failed', 'cancelled')),
        status_message text,
        -- Which run of the call may write its end; a run whose lease ran out is dead.
        run_id uuid not null,
        leased_until timestamptz not null,
        question jsonb,
        -- null: nobody can be asked.
        answers jsonb,
        result jsonb,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        expires_at timestamptz not null,
        primary key (workspace_id, id),
        constraint mcp_tasks_asks check ((question is not null) = (status = 'input_required')),
        constraint mcp_tasks_ended check ((result is not null) = (status in ('completed', 'failed')))
      )`.execute(db);
    await sql`create index mcp_tasks_leases on mcp_tasks (leased_until) where status = 'working'`.execute(db);
    await sql`create index mcp_tasks_open on mcp_tasks (workspace_id, principal_id) where status in ('working', 'input_required')`.execute(
      db,
    );
    await sql`create index mcp_tasks_by_age on mcp_tasks (expires_at)`.execute(db);
    await secureTable(db, 'mcp_tasks', { owner: 'owner_id' });
  },

  async down(db: Kysely<unknown>): Promise<void> {
    await sql`drop table mcp_tasks`.execute(db);
  },
};
