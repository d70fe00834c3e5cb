/** What the journal of a run says, record by record. All that a run knows after a crash is in these. */

import type { JournalRecord } from '../journal/journal.ts';
import type { PlannedInput } from '../plan/plan.ts';
import type { JudgedRow, Verdict } from '../watch/verdict.ts';
import type { ProcessIdentity } from '../../system/process.ts';

/**
 * How a step ended. `error`: it could not run, or ran past its time. `inconclusive`: there was no data. `unknown`: the machine or the operator
 * stopped it between start and end. `waiting`: a runbook that it runs waits for a person; `held`: or is on hold.
 */
export type StepOutcome = 'passed' | 'failed' | 'error' | 'inconclusive' | 'skipped' | 'unknown' | 'aborted' | 'waiting' | 'held';

/** How a run ended, or why it does not go on. The first five are final. */
export type RunOutcome =
  'passed' | 'failed' | 'rolled_back' | 'rollback_failed' | 'aborted' | 'waiting' | 'held' | 'interrupted' | 'lock_lost';

/** Who was at the keyboard, as the machine knows them. */
export interface Operator {
  readonly user: string;
  readonly host: string;
  readonly terminal: boolean;
}

/** What a run waits for. */
export interface WaitingFor {
  readonly step: string;
  /** `decision`: whether a step that may be done is run again. `child`: a runbook that the step runs waits. */
  readonly what: 'approval' | 'confirmation' | 'decision' | 'child';
  /** The role that must agree, the words of the item, or what is not known. */
  readonly text: string;
}

export interface HeldLock {
  /** Where the lock is kept, without passwords. */
  readonly store: string;
  readonly key: string;
  readonly fence: number;
}

interface Beginning {
  /** SHA-256 of the plan. */
  readonly plan_hash: string;
  /** Version of this program. */
  readonly version: string;
  readonly operator: Operator;
  readonly process: ProcessIdentity;
  readonly lock: HeldLock | null;
  /** SHA-256 of the files of the run that have the plan and the text of the runbook. */
  readonly files: { readonly plan: string; readonly text: string };
}

/** Which command a record is about. */
interface OfCommand {
  /** Of the step; an undo has the name of its step. */
  readonly step: string;
  readonly undo: boolean;
  /** From 1, counted over resumes. */
  readonly attempt: number;
}

export interface RunStarted extends Beginning {
  readonly type: 'run.started';
  readonly run: string;
  /** Absolute. */
  readonly file: string;
  readonly title: string;
  /** Absolute: where steps run. */
  readonly repository: string;
  readonly inputs: readonly PlannedInput[];
  /** Secrets by name, each with a keyed fingerprint by which another value is noticed. */
  readonly fingerprints: Readonly<Record<string, string>>;
  /** Whether a failure is rolled back. */
  readonly undo: boolean;
  /** The step of another run that runs this one. */
  readonly parent: { readonly run: string; readonly step: string } | null;
}

export interface RunResumed extends Beginning {
  readonly type: 'run.resumed';
  /** Names of secrets that are others than when the run began. */
  readonly changed_secrets: readonly string[];
}

export interface StepIntended extends OfCommand {
  readonly type: 'step.intended';
  readonly kind: 'check' | 'change';
  /** SHA-256 of the step with its attributes and expectations. */
  readonly command_hash: string;
}

export interface StepSpawned extends OfCommand {
  readonly type: 'step.spawned';
  /** The process that leads the group of all that the step started. */
  readonly leader: ProcessIdentity;
}

export interface StepEnded extends OfCommand {
  readonly type: 'step.ended';
  readonly outcome: StepOutcome;
  /** null: it did not end by itself. */
  readonly exit: number | null;
  /** Why it did not pass; empty: it did. */
  readonly reason: string;
  /** null: nothing was captured, or it is secret. */
  readonly captured: { readonly name: string; readonly value: string } | null;
  /** The runbooks that it ran. */
  readonly children: readonly ChildRun[];
  /** It will be tried again. */
  readonly retries: boolean;
  /** SHA-256 of the files that keep what it wrote; null: it wrote nothing there. Absent for a watch, whose samples are records. */
  readonly outputs?: OutputHashes;
}

export type OutputHashes = Readonly<Record<'stdout' | 'stderr', string | null>>;

export interface ChildRun {
  readonly run: string;
  readonly outcome: RunOutcome;
}

export interface StepSkipped {
  readonly type: 'step.skipped';
  readonly step: string;
  readonly reason: string;
}

export interface Confirmed {
  readonly type: 'confirmation.given';
  readonly step: string;
  readonly text: string;
  readonly answer: 'yes' | 'no';
  readonly by: string;
  readonly operator: Operator;
}

export interface Approved {
  readonly type: 'approval.given';
  readonly step: string;
  readonly role: string;
  /** Of the plan that was approved. */
  readonly plan_hash: string;
  readonly by: string;
  readonly operator: Operator;
}

/** What a person said about a step that may be done. */
export interface Decided {
  readonly type: 'decision.given';
  readonly step: string;
  readonly answer: 'rerun' | 'done';
  readonly by: string;
  readonly operator: Operator;
}

export interface WatchSampled {
  readonly type: 'watch.sampled';
  readonly step: string;
  /** null: the command gave none. */
  readonly metrics: Readonly<Record<string, unknown>> | null;
  /** Why there are none; empty: there are. */
  readonly reason: string;
}

export interface WatchJudged {
  readonly type: 'watch.judged';
  readonly step: string;
  readonly verdict: Verdict;
  /** In words, one a row of the table that decided. */
  readonly reasons: readonly string[];
  /** What each row was compared with. */
  readonly rows: readonly JudgedRow[];
  /** Milliseconds on hold in sum. */
  readonly held_ms: number;
}

export interface RollbackStarted {
  readonly type: 'rollback.started';
  readonly reason: string;
  readonly operator: Operator;
}

export interface NotificationFailed {
  readonly type: 'notification.failed';
  readonly reason: string;
}

/** Somebody took the lock away. */
export interface LockForced {
  readonly type: 'lock.forced';
  readonly why: string;
  readonly operator: Operator;
}

export interface RunPaused {
  readonly type: 'run.paused';
  readonly outcome: 'waiting' | 'held' | 'interrupted' | 'lock_lost';
  readonly exit: number;
  readonly waiting_for: WaitingFor | null;
  /** The steps whose changes stay, in their order. */
  readonly left: readonly string[];
}

export interface RunFinished {
  readonly type: 'run.finished';
  readonly outcome: Exclude<RunOutcome, RunPaused['outcome']>;
  readonly exit: number;
  /** Empty: it passed. */
  readonly reason: string;
  readonly left: readonly string[];
}

export type RunEntry =
  | RunStarted
  | RunResumed
  | StepIntended
  | StepSpawned
  | StepEnded
  | StepSkipped
  | Confirmed
  | Approved
  | Decided
  | WatchSampled
  | WatchJudged
  | RollbackStarted
  | NotificationFailed
  | LockForced
  | RunPaused
  | RunFinished;

export type RunRecord = JournalRecord<RunEntry>;
