/** Decisions about tasks: ids, transitions, claims, cycles. Pure: the clock and the rows come in as arguments. */

import type { Actor, Principal } from '../../platform/identity/principal.ts';
import { mayForce } from '../../platform/identity/principal.ts';
import { type Problem, conflict, defineProblem, invalidInput, notFound, versionConflict } from '../../platform/problem.ts';
import { type Status, priorities } from './schema.ts';
import type { TaskRow } from './rows.ts';

export const taskClaimed = defineProblem({
  code: 'task_claimed',
  status: 409,
  retryable: false,
  when: 'Somebody holds a claim on the task, and the call does not carry its fence.',
});

export const staleClaim = defineProblem({
  code: 'stale_claim',
  status: 409,
  retryable: false,
  when: 'The fence is not the one of the current claim: the lease ran out, or somebody else claimed the task.',
});

export const taskBlocked = defineProblem({
  code: 'task_blocked',
  status: 409,
  retryable: false,
  when: 'The task depends on tasks that are not completed.',
});

export const taskNotReady = defineProblem({
  code: 'task_not_ready',
  status: 409,
  retryable: false,
  when: 'The task cannot be claimed in its present status.',
});

export const dependencyCycle = defineProblem({
  code: 'dependency_cycle',
  status: 409,
  retryable: false,
  when: 'The dependency would make a task wait for itself.',
});

export const taskNeeded = defineProblem({
  code: 'task_needed',
  status: 409,
  retryable: false,
  when: 'Other tasks depend on the one to be deleted.',
});

/** Why a status may follow another; what is not here is refused. */
const transitions: Readonly<Record<Status, readonly Status[]>> = {
  pending: ['in_progress', 'completed', 'cancelled', 'needs_attention'],
  in_progress: ['pending', 'completed', 'cancelled', 'needs_attention'],
  needs_attention: ['pending', 'in_progress', 'completed', 'cancelled'],
  completed: ['pending'],
  cancelled: ['pending'],
};

export function formatTaskId(key: string, number: number): string {
  return `${key}-${number}`;
}

export function parseTaskId(id: string): { key: string; number: number } {
  const dash = id.lastIndexOf('-');
  return { key: id.slice(0, dash), number: Number(id.slice(dash + 1)) };
}

export function resourceOf(id: string): string {
  return `quarterdeck://tasks/${id}`;
}

export function noSuchTask(id: string): Problem {
  return notFound({ message: `There is no task ${id} that you can see.`, next: 'Call list_tasks to see the tasks and their ids.' });
}

/** @throws Problem `version_conflict` */
export function checkVersion(task: TaskRow, expected: number | undefined): void {
  if (expected === undefined || expected === task.version) return;
  throw versionConflict({
    message: `${task.display_id} has version ${task.version}, not ${expected}: somebody changed it in between.`,
    next: `Call get_task ${task.display_id}, look at what changed, and repeat with expected_version ${task.version}.`,
    details: { current_version: task.version, expected_version: expected },
  });
}

/** @throws Problem `conflict` */
export function checkTransition(task: TaskRow, to: Status): void {
  if (task.status === to || transitions[task.status].includes(to)) return;
  throw conflict({
    message: `${task.display_id} is ${task.status} and cannot become ${to}.`,
    next: `From ${task.status} it can become ${transitions[task.status].join(', ')}.`,
    details: { status: task.status, allowed: transitions[task.status] },
  });
}

/**
 * A change that would pull the task from under its holder needs the holder's fence, or `force` by an owner or admin.
 * @throws Problem `task_claimed` or `stale_claim`
 */
export function checkFence(task: TaskRow, given: { fence?: number | undefined; force?: boolean }, principal: Principal, now: Date): void {
  if (given.fence !== undefined && !(given.force === true && mayForce(principal))) checkClaim(task, given.fence, now);
  if (!isClaimed(task, now) || given.fence !== undefined) return;
  if (given.force === true && mayForce(principal)) return;
  throw taskClaimed({
    message: `${task.display_id} is claimed by ${nameOf(task.claimed_by)} until ${until(task)}${given.force === true ? ', and only an owner or admin may force it' : ''}.`,
    next: 'If the claim is yours, pass its fence. Otherwise claim_task gives you another task, and the lease ends by itself.',
    details: claimDetails(task),
  });
}

/** @throws Problem `stale_claim` unless `fence` is the task's current claim and its lease still runs. */
export function checkClaim(task: TaskRow, fence: number, now: Date): void {
  if (isClaimed(task, now) && task.fence === fence) return;
  throw staleClaim({
    message: `Fence ${fence} does not hold ${task.display_id}: ${whyStale(task, fence, now)}.`,
    next: 'Stop working on it. Call claim_task for the next task, or for this one when it is ready again.',
    details: claimDetails(task),
  });
}

function whyStale(task: TaskRow, fence: number, now: Date): string {
  if (isClaimed(task, now)) return `it is claimed by ${nameOf(task.claimed_by)} with a newer fence until ${until(task)}`;
  if (task.fence === fence && task.claimed_until !== null) return `the lease ended at ${until(task)}`;
  return `it is ${task.status} and nobody holds it`;
}

export function isClaimed(task: Pick<TaskRow, 'claimed_until'>, now: Date): boolean {
  return task.claimed_until !== null && task.claimed_until > now;
}

export function isReady(task: Pick<TaskRow, 'status' | 'open_dependencies'>): boolean {
  return task.status === 'pending' && task.open_dependencies === 0;
}

/** What the task still waits for, as people write it. */
export function blockersOf(task: Pick<TaskRow, 'dependencies'>): string[] {
  return task.dependencies.filter((needed) => !needed.satisfied).map((needed) => needed.display_id);
}

/** @throws Problem that says why this task cannot be claimed now. */
export function checkClaimable(task: TaskRow, now: Date): void {
  if (isClaimed(task, now))
    throw taskClaimed({
      message: `${task.display_id} is claimed by ${nameOf(task.claimed_by)} until ${until(task)}.`,
      next: 'Call claim_task with the project for another task, or wait until the lease ends.',
      details: claimDetails(task),
    });
  if (task.status !== 'pending')
    throw taskNotReady({
      message: `${task.display_id} is ${task.status}; only a pending task can be claimed.`,
      next: task.status === 'completed' ? 'Nothing is left to do here.' : 'Set its status to pending with update_task first.',
      details: { status: task.status },
    });
  checkUnblocked(task);
}

/** @throws Problem `task_blocked` */
export function checkUnblocked(task: TaskRow): void {
  if (task.open_dependencies === 0) return;
  const blocked_by = blockersOf(task);
  throw taskBlocked({
    message: `${task.display_id} waits for ${blocked_by.join(', ')}.`,
    next: 'Complete those first, or remove them from depends_on with update_task.',
    details: { blocked_by },
  });
}

/** What becomes of a task whose lease ran out: back to the queue, or to a person after too many attempts. */
export function afterExpiry(attempts: number, maxAttempts: number): { attempts: number; status: Status } {
  return { attempts: attempts + 1, status: attempts + 1 >= maxAttempts ? 'needs_attention' : 'pending' };
}

/** @throws Problem `invalid_input`: what everybody sees must not point to what only one person sees. */
export function checkSharedReference(task: { owner_id: string | null }, other: TaskRow, field: 'depends_on' | 'parent'): void {
  if (task.owner_id !== null || other.owner_id === null) return;
  throw invalidInput({
    message: `${field}: a shared task cannot point to the personal task ${other.display_id}.`,
    next: `Make a task like ${other.display_id} in a project, or make this task a personal one.`,
    details: { problems: [{ path: field, message: `${other.display_id} is personal` }] },
  });
}

export function cycleThrough(task: string, dependency: string): Problem {
  return dependencyCycle({
    message: `${task} cannot depend on ${dependency}, because ${dependency} already waits for ${task}.`,
    next: 'Remove one of the two dependencies.',
    details: { task, dependency },
  });
}

export function priorityNumber(priority: (typeof priorities)[number]): number {
  return priorities.indexOf(priority);
}

export function priorityName(number: number): (typeof priorities)[number] {
  return priorities[number] ?? 'normal';
}

function claimDetails(task: TaskRow): Record<string, unknown> {
  return { task_id: task.display_id, holder: task.claimed_by, expires_at: task.claimed_until?.toISOString() ?? null, status: task.status };
}

function nameOf(holder: Actor | null): string {
  return holder === null ? 'nobody' : holder.name;
}

function until(task: TaskRow): string {
  return task.claimed_until?.toISOString() ?? 'now';
}
