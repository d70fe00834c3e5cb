/** Looking at jobs: what goes on after the call that asked for it, seen by the person behind that call and that person's agents. */

import { z } from 'zod';
import { readCursor, toPage, writeCursor } from '../../operations/cursor.ts';
import { actor, cursor, jsonObject, limit, nextCursor, timestamp } from '../../operations/fields.ts';
import { defineOperation } from '../../operations/operation.ts';
import { actorOf } from '../../platform/identity/principal.ts';
import { jobEvent } from '../../platform/jobs/rules.ts';
import { cancelJob as cancelRow, findJob, listJobs as listRows } from '../../platform/jobs/store.ts';
import { type JobRow, jobStatuses } from '../../platform/jobs/types.ts';
import { type Problem, conflict, notFound } from '../../platform/problem.ts';

const jobId = z.uuid().describe('Id of a job');

export const job = z
  .object({
    id: jobId,
    kind: z.string().describe('The operation that began it'),
    status: z.enum(jobStatuses),
    progress: z.object({ done: z.int(), total: z.int().nullable(), what: z.string().nullable() }),
    result: jsonObject.nullable().describe('When done: what the operation would have answered'),
    problem: jsonObject.nullable().describe('When failed: the error that the operation would have answered'),
    attempts: z.int().describe('How often it was begun; again after a crash, or an error that may pass'),
    created_by: actor,
    created_at: timestamp,
    started_at: timestamp.nullable(),
    ended_at: timestamp.nullable(),
  })
  .describe('Work that goes on after the call that asked for it');

export function toJob(row: JobRow): z.input<typeof job> {
  const { id, kind, status, done, total, what, result, problem, attempts, principal, created_at, started_at, ended_at } = row;
  const outcome = { result, problem: problem === null ? null : { ...problem } };
  const times = { created_at, started_at, ended_at };
  return { id, kind, status, progress: { done, total, what }, ...outcome, attempts, created_by: actorOf(principal), ...times };
}

const words = 'job background task progress status import ingest';

export const getJob = defineOperation({
  name: 'get_job',
  title: 'Look at a job',
  description: 'Shows a job that you or your agents began: how far it is, and at its end the result or the error.',
  keywords: `${words} follow wait`,
  input: z.strictObject({ job_id: jobId }),
  output: z.object({ job }),
  access: 'read',
  scope: 'knowledge:read',
  http: { method: 'GET', path: '/jobs/{job_id}' },
  async handler(context, { job_id }) {
    const row = await findJob(context, job_id);
    if (row === undefined) throw noSuchJob(job_id);
    return { job: toJob(row) };
  },
});

export const listJobs = defineOperation({
  name: 'list_jobs',
  title: 'List the jobs',
  description: 'Lists the jobs that you and your agents began, newest first. Those that ended are kept for a day.',
  keywords: `${words} queue all`,
  input: z.strictObject({ status: z.enum(jobStatuses).optional(), limit, cursor }),
  output: z.object({ items: z.array(job), next_cursor: nextCursor }),
  access: 'read',
  scope: 'knowledge:read',
  http: { method: 'GET', path: '/jobs' },
  async handler(context, { status, limit: most, cursor: from }) {
    const after = readCursor('jobs', { status }, from, 1)?.[0];
    const rows = await listRows(context, { status, after: after === undefined ? undefined : String(after), limit: most + 1 });
    return toPage(rows, {
      limit: most,
      bytes: context.page_bytes,
      item: toJob,
      cursor: (row) => writeCursor('jobs', { status }, [row.id]),
    });
  },
});

export const cancelJob = defineOperation({
  name: 'cancel_job',
  title: 'Cancel a job',
  description: 'Stops a job that has not ended. What it had not finished leaves nothing behind.',
  keywords: `${words} stop abort end`,
  input: z.strictObject({ job_id: jobId }),
  output: z.object({ job }),
  access: 'write',
  scope: 'knowledge:write',
  http: { method: 'POST', path: '/jobs/{job_id}/cancel' },
  hints: { idempotent: true },
  async handler(context, { job_id }) {
    const cancelled = await cancelRow(context, job_id);
    const row = cancelled ?? (await findJob(context, job_id));
    if (row === undefined) throw noSuchJob(job_id);
    if (row.status !== 'cancelled') throw hasEnded(row);
    if (cancelled !== undefined) context.emit(jobEvent('cancelled', cancelled));
    return { job: toJob(row) };
  },
});

function noSuchJob(job_id: string): Problem {
  return notFound({ message: `There is no job ${job_id} that you can see.`, next: 'Call list_jobs to see what there is.' });
}

function hasEnded({ id, status }: JobRow): Problem {
  return conflict({
    message: `The job ${id} is ${status} already.`,
    next: 'Undo what it did where that is to be: delete_source deletes a source.',
    details: { status },
  });
}
