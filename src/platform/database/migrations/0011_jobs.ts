/** Work that goes on after its request: what callers see of it, and by its lease who works on it. */

import { type Kysely, sql } from 'kysely';
import { secureTable } from '../security.ts';
import type { Migration } from '../types.ts';

export const jobs: Migration = {
  name: '0011_jobs',
  expands: true,

  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table jobs (
        workspace_id uuid not null,
        id uuid not null,
        owner_id uuid not null,
        kind text not null,
        status text not null check (status in ('queued', 'running', 'done', 'failed', 'cancelled')),
        -- JSON as text, because jsonb has no room for some of what JSON can say, and nobody looks into it. Gone with the end.
        input text,
        -- On whose behalf it runs.
        principal jsonb not null,
        done integer not null default 0,
        total integer,
        what text,
        result jsonb,
        problem jsonb,
        attempts integer not null default 0,
        -- Which run of the job may write its end; a run whose lease ran out is dead.
        run_id uuid,
        leased_until timestamptz,
        -- A job that failed for now waits a little.
        run_after timestamptz not null,
        created_at timestamptz not null,
        started_at timestamptz,
        updated_at timestamptz not null,
        ended_at timestamptz,
        primary key (workspace_id, id),
        constraint jobs_runs check ((status = 'running') = (run_id is not null) and (run_id is null) = (leased_until is null)),
        constraint jobs_end check ((status in ('queued', 'running')) = (ended_at is null) and (ended_at is null) = (input is not null)),
        constraint jobs_outcome check ((status = 'done') = (result is not null) and (status = 'failed') = (problem is not null))
      )`.execute(db);
    await sql`create index jobs_open on jobs (created_at) where ended_at is null`.execute(db);
    await sql`create index jobs_of_owner on jobs (workspace_id, owner_id, id desc)`.execute(db);
    await sql`create index jobs_by_age on jobs (ended_at)`.execute(db);
    await secureTable(db, 'jobs', { owner: 'owner_id' });
  },

  async down(db: Kysely<unknown>): Promise<void> {
    await sql`drop table jobs`.execute(db);
  },
};
