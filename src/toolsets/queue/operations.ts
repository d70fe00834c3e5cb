/** The queue: claim a task, keep the claim alive, give it back, or finish it. */

import { z } from 'zod';
import type { Context } from '../../operations/context.ts';
import { defineOperation } from '../../operations/operation.ts';
import { transactionTime } from '../../platform/database/transaction-time.ts';
import { type Actor, actorOf } from '../../platform/identity/principal.ts';
import { openProject, projectKey } from '../workspace/index.ts';
import {
  type TaskChanges,
  type TaskRow,
  addNote,
  checkClaim,
  checkClaimable,
  fence,
  loadTask,
  noteText,
  parseTaskId,
  resourceOf,
  settle,
  showTask,
  taskFields,
  taskId,
  updateTaskRow,
} from '../tasks/index.ts';
import { returnExpired } from './expiry.ts';
import { claimResult, finished, leaseSeconds } from './schema.ts';
import { type NewClaim, claimHead, leaseEnd, updateHeld } from './store.ts';

const held = { task_id: taskId, fence: fence.describe('The fence that claim_task gave you') };

export const claimTask = defineOperation({
  name: 'claim_task',
  title: 'Claim a task',
  description:
    'Gives you the next ready task of a project (highest priority, then oldest), or the one you name, for you alone until the lease ends. Keep claim.fence: finish_task, renew_claim and release_claim need it. task null means that nothing is ready now.',
  keywords: 'take pick up start begin work next do lock reserve job grab queue myself work',
  input: z
    .strictObject({
      project: projectKey.optional().describe('Take the next ready task of this project; ME is your own'),
      task_id: taskId.optional().describe('Take this task'),
      lease_seconds: leaseSeconds,
    })
    .refine((input) => (input.project === undefined) !== (input.task_id === undefined), { error: 'give either project or task_id' }),
  output: claimResult,
  access: 'write',
  scope: 'tasks:write',
  http: { method: 'POST', path: '/queue/claim' },
  essential: true,
  eager: true,
  async handler(context, input) {
    const claim: NewClaim = { claimed_by: actorOf(context.principal), lease_seconds: secondsOf(context, input) };
    const row =
      input.task_id === undefined ? await takeNext(context, input.project ?? '', claim) : await takeNamed(context, input.task_id, claim);
    if (row === undefined) return { task: null, claim: null };
    // Told as before the claim: who held it until now is nobody.
    tell(context, 'claim.taken', { row, holder: null }, { fence: row.fence });
    return answer(context, row);
  },
});

export const renewClaim = defineOperation({
  name: 'renew_claim',
  title: 'Renew a claim',
  description: 'Starts the lease of your claim anew. Call it before the lease ends while you are still working.',
  keywords: 'extend prolong longer more time keep alive heartbeat hold lock lease job run out expire',
  input: z.strictObject({ ...held, lease_seconds: leaseSeconds }),
  output: finished,
  access: 'write',
  scope: 'tasks:write',
  http: { method: 'POST', path: '/queue/renew' },
  essential: true,
  eager: true,
  hints: { idempotent: true },
  async handler(context, input) {
    const renewed = await changeHeld(context, input, { claimed_until: leaseEnd(secondsOf(context, input)) });
    tell(context, 'claim.renewed', renewed, { fence: input.fence });
    return answer(context, renewed.row);
  },
});

export const releaseClaim = defineOperation({
  name: 'release_claim',
  title: 'Release a claim',
  description:
    'Gives the task back to the queue, so that somebody else can claim it at once. Say why in reason when the next worker should know.',
  keywords: 'return hand give put back abandon drop unclaim unlock stop cannot somebody else work job quit resign assignment give up',
  input: z.strictObject({ ...held, reason: noteText.optional().describe('Becomes a note on the task') }),
  output: finished,
  access: 'write',
  scope: 'tasks:write',
  http: { method: 'POST', path: '/queue/release' },
  essential: true,
  eager: true,
  async handler(context, input) {
    const released = await changeHeld(context, input, settle('pending', transactionTime), { note: input.reason });
    tell(context, 'claim.released', released, { fence: input.fence, reason: input.reason });
    return answer(context, released.row);
  },
});

export const finishTask = defineOperation({
  name: 'finish_task',
  title: 'Finish a claimed task',
  description: 'Completes the task that you claimed, with its results in outputs and what the next reader should know in notes.',
  keywords: 'done complete submit deliver hand in results output work job',
  input: z.strictObject({
    ...held,
    notes: noteText.optional().describe('What was done'),
    outputs: taskFields.inputs.describe('The result, as a JSON object'),
  }),
  output: finished,
  access: 'write',
  scope: 'tasks:write',
  http: { method: 'POST', path: '/queue/finish' },
  essential: true,
  eager: true,
  hints: { idempotent: true },
  async handler(context, input) {
    const outputs = input.outputs === undefined ? {} : { outputs: input.outputs };
    const changes = { ...settle('completed', transactionTime), ...outputs };
    // An answer can be lost on its way: the same fence again finds its own work done.
    const isDone = (row: TaskRow) => row.status === 'completed' && row.fence === input.fence;
    const change = await changeHeld(context, input, changes, { note: input.notes, isDone });
    if (change.changed) tell(context, 'task.completed', change, { fence: input.fence, from: 'in_progress' });
    return answer(context, change.row);
  },
});

/** Mostly one statement. What it leaves out, a lease that has ended, a project that is not there, is looked at when it finds nothing. */
async function takeNext(context: Context, key: string, claim: NewClaim): Promise<TaskRow | undefined> {
  const taken = await claimHead(context, key, claim, 'unless a lease has ended');
  if (taken !== undefined) return taken;
  const project = await openProject(context, key);
  for (const event of await returnExpired(context, context.settings.maxAttempts, project.id)) context.emit(event);
  return claimHead(context, key, claim, 'always');
}

async function takeNamed(context: Context, name: string, claim: NewClaim): Promise<TaskRow> {
  const found = await loadTask(context, name, 'update');
  for (const event of await returnExpired(context, context.settings.maxAttempts, found.project_id)) context.emit(event);
  const row = await loadTask(context, name, 'update');
  checkClaimable(row, context.now);
  return updateTaskRow(context, row.id, {
    claimed_by: claim.claimed_by,
    claimed_until: leaseEnd(claim.lease_seconds),
    status: 'in_progress',
    claimed_at: context.now,
    fence: row.fence + 1,
  });
}

function secondsOf({ settings }: Context, input: { lease_seconds?: number | undefined }): number {
  return input.lease_seconds ?? settings.leaseSeconds;
}

/** A task after a change, and who held it before. */
interface Change {
  row: TaskRow;
  holder: Actor | null;
  /** False: there was nothing left to change. */
  changed: boolean;
}

/**
 * Changes the task that the fence holds, mostly in one statement. `isDone`: an earlier call has made the change already.
 * @throws Problem `not_found`; `stale_claim` that says who holds it now
 */
async function changeHeld(
  context: Context,
  claimed: { task_id: string; fence: number },
  changes: TaskChanges,
  { note, isDone }: { note?: string | undefined; isDone?: (row: TaskRow) => boolean } = {},
): Promise<Change> {
  const added = note === undefined ? undefined : { text: note, by: actorOf(context.principal) };
  const found = await updateHeld(context, { ...parseTaskId(claimed.task_id), fence: claimed.fence }, changes, added);
  if (found !== undefined) return { ...found, changed: true };
  const row = await loadTask(context, claimed.task_id, 'update');
  if (isDone?.(row) === true) return { row, holder: row.claimed_by, changed: false };
  checkClaim(row, claimed.fence, context.now);
  // It was renewed at this very moment.
  const notes = addNote(context, row, note);
  return { row: await updateTaskRow(context, row.id, { ...changes, ...notes }), holder: row.claimed_by, changed: true };
}

function tell(
  context: Context,
  type: string,
  { row, holder }: Omit<Change, 'changed'>,
  data: Record<string, unknown> & { fence: number },
): void {
  context.emit({
    type,
    subject: row.display_id,
    resource: resourceOf(row.display_id),
    owner_id: row.owner_id,
    data: { ...data, ...(holder === null ? {} : { holder }) },
  });
}

/** The task as it now is, and its claim once more beside it, because the fence is what the caller must keep. */
function answer(context: Context, row: TaskRow) {
  const task = showTask(row, context.now);
  return { task, claim: task.claim };
}
