/** One worker of a race for tasks: claims, works, finishes, and now and then oversleeps its lease to try the old fence. */

import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as newId } from 'uuid';
import type { Registry } from '../../src/operations/types.ts';
import type { Principal } from '../../src/platform/identity/principal.ts';
import { Problem } from '../../src/platform/problem.ts';

export interface WorkerOptions {
  projects: readonly string[];
  leaseSeconds: number;
  /** Longest time that the work on one task takes; the real one is random below it. */
  workMs: number;
  /** Share of the claims, 0 to 1, that are held past their lease and then used all the same. */
  oversleepShare: number;
}

/** What a worker tells of: outcomes of calls as `finish_task: ok`, and what became of fences that were out of date. */
export type Count = (what: string) => void;

export interface WorkerParts {
  registry: Registry;
  principal: Principal;
  count: Count;
  /** Aborted when there is no more work. */
  stop: AbortSignal;
}

interface Claimed {
  task: { id: string } | null;
  claim: { fence: number } | null;
}

/** Nothing is ready: what others hold, or wait for, comes soon. */
const idleMs = 50;

/** After the end of a lease, so that a fence is surely out of date; the transaction that claims reads its clock before we do. */
const pastLeaseMs = 200;

/** What a holder may try with its fence. */
const uses = ['finish_task', 'renew_claim', 'release_claim'] as const;

/** Works until it is stopped; then waits for its own overslept claims, so that each is tried. */
export async function runWorker(parts: WorkerParts, options: WorkerOptions): Promise<void> {
  const overslept = new Set<Promise<void>>();
  while (!parts.stop.aborted) {
    const claimed = await claimAny(parts, options);
    if (claimed === undefined) {
      await sleep(idleMs);
    } else if (Math.random() < options.oversleepShare) {
      // In the background: a worker that only slept would take no part in the race.
      const trial = useStaleFence(parts, claimed, options.leaseSeconds).finally(() => overslept.delete(trial));
      overslept.add(trial);
    } else {
      await sleep(Math.random() * options.workMs);
      await finish(parts, claimed);
    }
  }
  await Promise.all(overslept);
}

interface Held {
  task_id: string;
  fence: number;
}

/** From any project that has a task ready, starting with a random one. */
async function claimAny(parts: WorkerParts, { projects, leaseSeconds }: WorkerOptions): Promise<Held | undefined> {
  const start = Math.floor(Math.random() * projects.length);
  for (const project of [...projects.slice(start), ...projects.slice(0, start)]) {
    const answer = await call(parts, 'claim_task', { project, lease_seconds: leaseSeconds });
    const { task, claim } = answer as unknown as Claimed;
    if (task !== null && claim !== null) return { task_id: task.id, fence: claim.fence };
  }
  return undefined;
}

async function finish(parts: WorkerParts, held: Held): Promise<void> {
  const refused = await tryCall(parts, 'finish_task', { ...held, outputs: { fence: held.fence } });
  // On a busy machine a lease can run out under honest work; that the queue refuses it is what keeps the task whole.
  if (refused?.code === 'stale_claim') parts.count('late');
  else if (refused !== undefined) throw refused;
}

async function useStaleFence(parts: WorkerParts, held: Held, leaseSeconds: number): Promise<void> {
  await sleep(leaseSeconds * 1_000 + pastLeaseMs);
  for (const operation of uses) {
    const refused = await tryCall(parts, operation, held);
    parts.count(refused?.code === 'stale_claim' ? 'stale refused' : `stale accepted by ${operation}`);
  }
}

/** @throws Problem other than one that says: try again. */
async function call(parts: WorkerParts, operation: string, input: unknown): Promise<Record<string, unknown>> {
  for (;;) {
    const answer = await attempt(parts, operation, input);
    if (!(answer instanceof Problem)) return answer;
    if (!answer.retryable) throw answer;
    await sleep(idleMs);
  }
}

/** The problem that a call was refused with, undefined when it was not. */
async function tryCall(parts: WorkerParts, operation: string, input: unknown): Promise<Problem | undefined> {
  try {
    await call(parts, operation, input);
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

async function attempt({ registry, principal, count }: WorkerParts, operation: string, input: unknown) {
  try {
    const { signal } = new AbortController();
    const answer = await registry.call({ operation, input, principal, face: 'rest', request_id: newId(), signal });
    count(`${operation}: ok`);
    return answer;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    count(`${operation}: ${nameOf(error)}`);
    return error;
  }
}

/** With the state that PostgreSQL gave as the cause, so that a deadlock is told apart from a lost connection. */
function nameOf({ code, cause }: Problem): string {
  const state = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return `${code}${state}`;
}
