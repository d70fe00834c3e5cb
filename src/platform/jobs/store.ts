/** SQL of jobs: by their owner within a workspace, and by whoever works on them over all. */

import { type JSONColumnType, sql } from 'kysely';
import type { TransactionScope } from '../database/types.ts';
import type { Principal } from '../identity/principal.ts';
import type { JobProblem, JobRow, JobStatus, TakenJob } from './types.ts';

type Tables = {
  jobs: {
    workspace_id: string;
    id: string;
    owner_id: string;
    kind: string;
    status: JobStatus;
    input: string | null;
    principal: JSONColumnType<Principal>;
    done: number;
    total: number | null;
    what: string | null;
    result: JSONColumnType<Record<string, unknown>> | null;
    problem: JSONColumnType<JobProblem> | null;
    attempts: number;
    run_id: string | null;
    leased_until: Date | null;
    run_after: Date;
    created_at: Date;
    started_at: Date | null;
    updated_at: Date;
    ended_at: Date | null;
  };
};

const tables = (scope: TransactionScope) => scope.db.withTables<Tables>();

const columns = [
  'id',
  'kind',
  'status',
  'owner_id',
  'principal',
  'done',
  'total',
  'what',
  'result',
  'problem',
  'attempts',
  'created_at',
  'started_at',
  'updated_at',
  'ended_at',
] as const;

const after = (now: Date, seconds: number) => new Date(now.getTime() + seconds * 1_000);

/** Jobs of the caller; nobody else sees them. */
function own(scope: TransactionScope) {
  return tables(scope)
    .selectFrom('jobs')
    .select(columns)
    .where('workspace_id', '=', scope.workspace_id)
    .where('owner_id', '=', scope.user_id);
}

export async function findJob(scope: TransactionScope, id: string): Promise<JobRow | undefined> {
  return own(scope).where('id', '=', id).executeTakeFirst();
}

/** Newest first. */
export async function listJobs(
  scope: TransactionScope,
  page: { status?: JobStatus | undefined; after?: string | undefined; limit: number },
): Promise<JobRow[]> {
  let query = own(scope);
  if (page.status !== undefined) query = query.where('status', '=', page.status);
  if (page.after !== undefined) query = query.where('id', '<', page.after);
  return query.orderBy('id', 'desc').limit(sql.lit(page.limit)).execute();
}

/** Jobs of the caller that have not ended. Until the transaction ends no other one counts, or two at once would both see room. */
export async function countOpenJobs(scope: TransactionScope): Promise<number> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`jobs:${scope.workspace_id}:${scope.user_id}`}, 0))`.execute(scope.db);
  const { count } = await tables(scope)
    .selectFrom('jobs')
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .where('workspace_id', '=', scope.workspace_id)
    .where('owner_id', '=', scope.user_id)
    .where('ended_at', 'is', null)
    .executeTakeFirstOrThrow();
  return Number(count);
}

export async function insertJob(
  scope: TransactionScope,
  made: { id: string; kind: string; principal: Principal; input: unknown },
): Promise<JobRow> {
  return tables(scope)
    .insertInto('jobs')
    .values({
      workspace_id: scope.workspace_id,
      id: made.id,
      owner_id: scope.user_id,
      kind: made.kind,
      status: 'queued',
      input: JSON.stringify(made.input),
      principal: JSON.stringify(made.principal),
      done: 0,
      attempts: 0,
      run_after: scope.now,
      created_at: scope.now,
      updated_at: scope.now,
    })
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** Cancels a job of the caller that has not ended; undefined: there is none. */
export async function cancelJob(scope: TransactionScope, id: string): Promise<JobRow | undefined> {
  return tables(scope)
    .updateTable('jobs')
    .set({ ...ended(scope.now), status: 'cancelled' })
    .where('workspace_id', '=', scope.workspace_id)
    .where('owner_id', '=', scope.user_id)
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .returning(columns)
    .executeTakeFirst();
}

/** An end frees the input: it may be large, and was stored for the run alone. */
function ended(now: Date) {
  return { input: null, run_id: null, leased_until: null, updated_at: now, ended_at: now };
}

/** What becomes of a run. `again`: somebody takes it up after so many seconds; `attempts` is what counts then. */
export type JobEnd =
  | { status: 'done'; result: Record<string, unknown> }
  | { status: 'failed'; problem: JobProblem }
  | { status: 'again'; seconds: number; attempts: number };

/** Writes down what became of a run, if it still has the job; false: it was cancelled, or another replica has it. */
export async function endRun(scope: TransactionScope, { id, run_id }: Pick<TakenJob, 'id' | 'run_id'>, end: JobEnd): Promise<boolean> {
  const free = { run_id: null, leased_until: null, updated_at: scope.now };
  const changes =
    end.status === 'again'
      ? { ...free, status: 'queued' as const, run_after: after(scope.now, end.seconds), attempts: end.attempts, done: 0, total: null }
      : end.status === 'done'
        ? { ...ended(scope.now), status: 'done' as const, result: JSON.stringify(end.result) }
        : { ...ended(scope.now), status: 'failed' as const, problem: JSON.stringify(end.problem) };
  const { numUpdatedRows } = await tables(scope)
    .updateTable('jobs')
    .set(changes)
    .where('workspace_id', '=', scope.workspace_id)
    .where('id', '=', id)
    .where('run_id', '=', run_id)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** How far a run is. */
export interface Told {
  done: number;
  total: number | null;
  what: string | null;
}

/** Lengthens the lease and keeps how far the run is; false: it has the job no more. */
export async function renewRun(
  scope: TransactionScope,
  { id, run_id }: Pick<TakenJob, 'id' | 'run_id'>,
  told: Told,
  leaseSeconds: number,
): Promise<boolean> {
  const { numUpdatedRows } = await tables(scope)
    .updateTable('jobs')
    .set({ ...told, leased_until: after(scope.now, leaseSeconds), updated_at: scope.now })
    .where('workspace_id', '=', scope.workspace_id)
    .where('id', '=', id)
    .where('run_id', '=', run_id)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/**
 * Takes the job that waits longest, or whose replica was not heard of. Of several workspaces the one that has the least under way comes
 * first, so that a folder of one does not hold up the others. As the system, over all workspaces.
 */
export async function takeJob(
  scope: TransactionScope,
  kinds: readonly string[],
  { run_id, leaseSeconds, attempts }: { run_id: string; leaseSeconds: number; attempts: number },
): Promise<TakenJob | undefined> {
  // Not as a condition of the update: the planner may run a subquery once for each row, and would take them all.
  const { rows } = await sql<Omit<TakenJob, 'input'> & { input: string }>`
    with next as materialized (
      select workspace_id, id from jobs waiting
      where ended_at is null and kind = any(${[...kinds]}::text[]) and attempts < ${attempts}
        and case when status = 'queued' then run_after else leased_until end <= ${scope.now}
      order by (select count(*) from jobs busy where busy.ended_at is null and busy.workspace_id = waiting.workspace_id
        and busy.leased_until > ${scope.now}), created_at, id
      limit 1 for update skip locked)
    update jobs set status = 'running', run_id = ${run_id}, leased_until = ${after(scope.now, leaseSeconds)}, attempts = attempts + 1,
      started_at = coalesce(started_at, ${scope.now}), updated_at = ${scope.now}
    from next where jobs.workspace_id = next.workspace_id and jobs.id = next.id
    returning jobs.id, kind, principal, attempts, created_at, run_id, input`.execute(scope.db);
  const [row] = rows;
  return row === undefined ? undefined : { ...row, input: JSON.parse(row.input) };
}

/** Jobs that so many replicas died with, which they may be the reason of; locked. As the system. */
export async function lockHopeless(
  scope: TransactionScope,
  attempts: number,
): Promise<Pick<TakenJob, 'id' | 'run_id' | 'principal' | 'kind'>[]> {
  const { rows } = await sql<Pick<TakenJob, 'id' | 'run_id' | 'principal' | 'kind'>>`
    select id, run_id, principal, kind from jobs
    where status = 'running' and leased_until <= ${scope.now} and attempts >= ${attempts}
    limit 100 for update skip locked`.execute(scope.db);
  return rows;
}

/** Deletes jobs that ended so long ago; returns how many. As the system. */
export async function deleteOldJobs(scope: TransactionScope, hours: number): Promise<number> {
  const { numDeletedRows } = await tables(scope)
    .deleteFrom('jobs')
    .where('ended_at', '<', after(scope.now, -hours * 3_600))
    .executeTakeFirst();
  return Number(numDeletedRows);
}
