/** What the database says about a race when it is over: from the tasks and their events, never from what workers remember. */

import { type Kysely, sql } from 'kysely';
import type { Database } from '../../src/platform/database/types.ts';

export interface RaceFacts {
  tasks: number;
  claims: number;
  expired: number;
  finished: number;
  /** Tasks that are not completed. */
  lost: number;
  /** Tasks with more than one `task.completed`. */
  duplicates: number;
  /** Claims whose fence is not one more than that of the claim before. */
  brokenFences: number;
  /** Tasks of which claims and their ends do not add up: each claim ends with an expiry, and the last one with the completion. */
  unbalanced: number;
  /** Tasks that were claimed before everything that they depend on was completed. */
  tooEarly: number;
}

/**
 * The events of one task are in the order of their ids: each writer takes its id while it holds the row of the task.
 * Runs as the system, over every workspace of the database.
 */
export async function readFacts(database: Database): Promise<RaceFacts> {
  return database.transaction('system', { mode: 'read' }, async ({ db }) => {
    // Straight after a race the statistics are those of an empty database: nested loops look cheap then, and take minutes.
    await sql`set local enable_nestloop = off`.execute(db);
    const { rows } = await sql<Record<keyof RaceFacts, string>>`
      with happened as materialized (
        select subject, type, id, (data ->> 'fence')::int as fence from events
          where type in ('claim.taken', 'claim.expired', 'task.completed')
      ), history as (
        select subject,
          count(*) filter (where type = 'claim.taken') as claims,
          count(*) filter (where type = 'claim.expired') as expired,
          count(*) filter (where type = 'task.completed') as completions,
          max(fence) filter (where type = 'claim.taken') as last_fence,
          max(fence) filter (where type = 'task.completed') as finished_fence,
          min(id) filter (where type = 'claim.taken') as first_claim,
          max(id) filter (where type = 'task.completed') as completion
        from happened group by subject
      ), taken as (
        select fence, lag(fence, 1, 0) over (partition by subject order by id) as fence_before from happened where type = 'claim.taken'
      ), named as (
        select tasks.*, projects.key || '-' || tasks.number as subject from tasks
          join projects on projects.workspace_id = tasks.workspace_id and projects.id = tasks.project_id
      ), told as (select named.*, claims, expired, completions, last_fence, finished_fence, first_claim, completion
        from named left join history using (subject)
      )
      select count(*) as tasks, sum(claims) as claims, sum(expired) as expired, sum(completions) as finished,
        count(*) filter (where status <> 'completed') as lost,
        count(*) filter (where completions > 1) as duplicates,
        (select count(*) from taken where fence <> fence_before + 1) as "brokenFences",
        count(*) filter (where claims is distinct from expired + completions or attempts is distinct from expired
          or fence is distinct from last_fence or fence is distinct from finished_fence) as unbalanced,
        (select count(*) from task_dependencies edge
          join told waiting on waiting.workspace_id = edge.workspace_id and waiting.id = edge.task_id
          join told needed on needed.workspace_id = edge.workspace_id and needed.id = edge.depends_on_id
          where waiting.first_claim < needed.completion) as "tooEarly"
      from told`.execute(db);
    return toNumbers(rows[0]);
  });
}

/** PostgreSQL counts in bigint, which comes as text. */
function toNumbers(row: Record<keyof RaceFacts, string> | undefined): RaceFacts {
  if (row === undefined) throw new Error('the facts of the race have no row');
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)])) as unknown as RaceFacts;
}

/** How many tasks are not completed yet. */
export async function countOpen(db: Kysely<unknown>): Promise<number> {
  const { rows } = await sql<{ open: string }>`select count(*) as open from tasks where status <> 'completed'`.execute(db);
  return Number(rows[0]?.open);
}
