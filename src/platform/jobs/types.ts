/** What a job is: work that goes on after the request that asked for it, on any replica, until it has an end. */

import type { TransactionScope } from '../database/types.ts';
import type { Principal } from '../identity/principal.ts';

export const jobStatuses = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;
export type JobStatus = (typeof jobStatuses)[number];

/** Why a job failed, as the call itself would have answered. */
export interface JobProblem {
  code: string;
  message: string;
  retryable: boolean;
  next: string;
  details: Record<string, unknown>;
}

/** A job without its input. */
export interface JobRow {
  id: string;
  kind: string;
  status: JobStatus;
  owner_id: string;
  principal: Principal;
  done: number;
  total: number | null;
  what: string | null;
  result: Record<string, unknown> | null;
  problem: JobProblem | null;
  attempts: number;
  created_at: Date;
  started_at: Date | null;
  updated_at: Date;
  ended_at: Date | null;
}

/** One that a replica has taken: nobody else works on it while `run_id` holds. */
export interface TakenJob extends Pick<JobRow, 'id' | 'kind' | 'principal' | 'attempts' | 'created_at'> {
  run_id: string;
  input: unknown;
}

export interface JobControl {
  /** Aborted when the job is cancelled, was taken by another replica, or the server stops. */
  signal: AbortSignal;
  /** So many of so many, of what; the newest is kept, and told about once a second. */
  progress(done: number, total?: number, what?: string): void;
  /**
   * Writes down in this transaction that the job is done, so that what it did and its end are there together or not at all. The result is then this one.
   * @throws Error where somebody cancelled it or took it over before; then nothing of the transaction may stay
   */
  settle(scope: TransactionScope, result: Record<string, unknown>): Promise<void>;
}

/**
 * Carries out a job. It may be called again after a crash, so it must have the effect of one call.
 * @throws Problem: its end, or where it is retryable a reason to try again
 */
export type JobRunner = (job: TakenJob, control: JobControl) => Promise<Record<string, unknown>>;

export interface Jobs {
  /** Jobs that run in this process. */
  readonly running: number;
  /** Writes a job in the caller's transaction. @throws Problem `overloaded` when the person has too many */
  add(scope: TransactionScope, principal: Principal, kind: string, input: unknown): Promise<JobRow>;
  /** To be called after a commit that added or cancelled one: every replica looks at once. */
  wake(): void;
  /** Begins to work on jobs of these kinds. */
  start(kinds: readonly string[], run: JobRunner): Promise<void>;
  /** Takes no more, lets those that run finish within the grace, and gives the rest back. Idempotent. */
  close(): Promise<void>;
}
