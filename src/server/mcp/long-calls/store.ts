/** SQL of the calls that go on after their request, always of one workspace, but for the leases and the sweep. */

import { type Expression, type ExpressionBuilder, type JSONColumnType, type SqlBool, sql } from 'kysely';
import type { Answers } from '../../../operations/question.ts';
import type { TransactionScope } from '../../../platform/database/types.ts';

export type LongCallStatus = 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled';

/** What is called. */
export interface CalledTool {
  name: string;
  arguments: unknown;
  idempotency_key?: string | undefined;
}

/** A question that waits, under the key that the client sees. It is new for each question of one call. */
export interface OpenQuestion {
  wire_key: string;
  key: string;
  digest: string;
  /** As the client gets it. */
  request: object;
}

export interface LongCall {
  id: string;
  call: CalledTool;
  status: LongCallStatus;
  status_message: string | null;
  run_id: string;
  leased_until: Date;
  question: OpenQuestion | null;
  /** null: nobody can be asked. */
  answers: Answers | null;
  /** The tool's result when completed, the JSON-RPC error when failed. */
  result: Record<string, unknown> | null;
  created_at: Date;
  updated_at: Date;
  expires_at: Date;
}

type Tables = {
  mcp_tasks: {
    workspace_id: string;
    id: string;
    owner_id: string;
    principal_id: string;
    call: JSONColumnType<CalledTool>;
    status: LongCallStatus;
    status_message: string | null;
    run_id: string;
    leased_until: Date;
    question: JSONColumnType<OpenQuestion> | null;
    answers: JSONColumnType<Answers> | null;
    result: JSONColumnType<Record<string, unknown>> | null;
    created_at: Date;
    updated_at: Date;
    expires_at: Date;
  };
};

const tables = (scope: TransactionScope) => scope.db.withTables<Tables>();

const after = (now: Date, seconds: number) => new Date(now.getTime() + seconds * 1_000);

export async function insertLongCall(
  scope: TransactionScope,
  made: { id: string; principal_id: string; call: CalledTool; run_id: string; answers: Answers | null },
  { leaseSeconds, keepSeconds }: { leaseSeconds: number; keepSeconds: number },
): Promise<LongCall> {
  return tables(scope)
    .insertInto('mcp_tasks')
    .values({
      ...made,
      workspace_id: scope.workspace_id,
      owner_id: scope.user_id,
      call: JSON.stringify(made.call),
      answers: made.answers === null ? null : JSON.stringify(made.answers),
      status: 'working',
      leased_until: after(scope.now, leaseSeconds),
      created_at: scope.now,
      updated_at: scope.now,
      expires_at: after(scope.now, 2 * keepSeconds),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Whether a call has not ended: it waits for an answer, or somebody works on it. A lease that ran out was shown as a failure. */
const isOpen =
  (now: Date) =>
  (where: ExpressionBuilder<Tables, 'mcp_tasks'>): Expression<SqlBool> =>
    where.or([where('status', '=', 'input_required'), where.and([where('status', '=', 'working'), where('leased_until', '>=', now)])]);

/** Those of this credential that have not ended. Until the transaction ends no other one counts, or two at once would both see room. */
export async function countOpenCalls(scope: TransactionScope, principal_id: string): Promise<number> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`long_calls:${principal_id}`}, 0))`.execute(scope.db);
  const { count } = await tables(scope)
    .selectFrom('mcp_tasks')
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .where('workspace_id', '=', scope.workspace_id)
    .where('principal_id', '=', principal_id)
    .where('expires_at', '>', scope.now)
    .where(isOpen(scope.now))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Only for the credential that made it; undefined for everybody else, and once its time is over. */
export async function findLongCall(scope: TransactionScope, id: string, principal_id: string, lock = false): Promise<LongCall | undefined> {
  const query = tables(scope)
    .selectFrom('mcp_tasks')
    .selectAll()
    .where('workspace_id', '=', scope.workspace_id)
    .where('id', '=', id)
    .where('principal_id', '=', principal_id)
    .where('expires_at', '>', scope.now);
  return (lock ? query.forUpdate() : query).executeTakeFirst();
}

/** The next state of a call. */
export type Change =
  | { status: 'completed' | 'failed'; result: Record<string, unknown> }
  | { status: 'cancelled' }
  | { status: 'input_required'; question: OpenQuestion }
  | { status: 'working'; run_id: string; answers: Answers; leaseSeconds: number };

/**
 * Changes the state of a call, if this run of it still has it: an end is an end. A run has `keepSeconds`, and what comes of it,
 * be it a question or a result, is kept for as long again.
 */
export async function changeLongCall(
  scope: TransactionScope,
  { id, run_id }: { id: string; run_id: string },
  change: Change,
  keepSeconds: number,
): Promise<void> {
  const started =
    change.status === 'working'
      ? { run_id: change.run_id, answers: JSON.stringify(change.answers), leased_until: after(scope.now, change.leaseSeconds) }
      : {};
  await tables(scope)
    .updateTable('mcp_tasks')
    .set({
      ...started,
      status: change.status,
      status_message: null,
      question: change.status === 'input_required' ? JSON.stringify(change.question) : null,
      result: 'result' in change ? JSON.stringify(change.result) : null,
      updated_at: scope.now,
      expires_at: after(scope.now, change.status === 'working' ? 2 * keepSeconds : keepSeconds),
    })
    .where('workspace_id', '=', scope.workspace_id)
    .where('id', '=', id)
    .where('run_id', '=', run_id)
    .where(isOpen(scope.now))
    .execute();
}

/** Lengthens the leases of these runs and keeps what they say of their progress; returns those that are still wanted. */
export async function renewLeases(
  scope: TransactionScope,
  runs: readonly { run_id: string; message: string | undefined }[],
  leaseSeconds: number,
): Promise<Set<string>> {
  const { rows } = await sql<{ run_id: string }>`
    update mcp_tasks set leased_until = ${after(scope.now, leaseSeconds)}, status_message = coalesce(run.message, status_message),
      updated_at = case when run.message is distinct from status_message and run.message is not null then ${scope.now} else updated_at end
    from jsonb_to_recordset(${JSON.stringify(runs)}::jsonb) as run (run_id uuid, message text)
    where mcp_tasks.run_id = run.run_id and status = 'working' and leased_until >= ${scope.now}
    returning mcp_tasks.run_id`.execute(scope.db);
  return new Set(rows.map((row) => row.run_id));
}

/** Fails what nobody works on any more, and deletes what is over; returns how many. Runs as the system over all workspaces. */
export async function sweepLongCalls(scope: TransactionScope, failure: Record<string, unknown>): Promise<number> {
  const died = await tables(scope)
    .updateTable('mcp_tasks')
    .set({ status: 'failed', status_message: null, result: JSON.stringify(failure), updated_at: scope.now })
    .where('status', '=', 'working')
    .where('leased_until', '<', scope.now)
    .executeTakeFirst();
  const over = await tables(scope).deleteFrom('mcp_tasks').where('expires_at', '<', scope.now).executeTakeFirst();
  return Number(died.numUpdatedRows + over.numDeletedRows);
}
