/** Everything that a run has at hand while it is at work. */

import type { Check, Confirmation, Runbook, Step } from '../document.ts';
import type { Lease } from '../lock/lock.ts';
import { defaultTimeoutMs } from '../parse/commands.ts';
import type { Plan } from '../plan/plan.ts';
import type { Redactor } from '../redact/redactor.ts';
import type { RunFolder } from './folder.ts';
import type { RunLog } from './log.ts';
import type { Stream } from './process.ts';
import type { Operator, WaitingFor } from './records.ts';

export interface Running {
  readonly runbook: Runbook;
  readonly plan: Plan;
  readonly folder: RunFolder;
  readonly log: RunLog;
  readonly redactor: Redactor;
  /** Inputs and captures, secret ones too. Grows as steps capture. */
  readonly values: Map<string, string>;
  readonly people: People;
  /** undefined: the runbook names no lock, or a run above holds it. */
  readonly lease: Lease | undefined;
  /** Ends what runs: the operator wishes it, or the lock is lost. */
  readonly signal: AbortSignal;
  /** Variables of every step; those of the step itself come on top. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Absolute: where steps run. */
  readonly repository: string;
  readonly graceMs: number;
  onOutput(step: string, stream: Stream, text: string): void;
}

export interface Answer<Of extends string> {
  readonly answer: Of;
  readonly by: string;
}

/** Whoever can be asked. undefined: nobody is there. */
export interface People {
  readonly operator: Operator;
  /** In whose name confirmations are answered without asking; undefined: nobody's. */
  readonly confirmedBy: string | undefined;
  confirm(item: Confirmation): Promise<Answer<'yes' | 'no'> | undefined>;
  approve(step: string, role: string, planHash: string): Promise<Answer<'yes' | 'no'> | undefined>;
  /** `reason`: why it is not known whether the step is done. */
  decide(step: string, reason: string): Promise<Answer<'rerun' | 'done'> | undefined>;
}

/** Why a run does not go on from a step; undefined: it does. */
export type Stop =
  | { readonly kind: 'failed'; readonly step: string; readonly reason: string }
  /** A runbook that the step runs could not be rolled back. */
  | { readonly kind: 'rollback_failed'; readonly step: string; readonly reason: string }
  | { readonly kind: 'waiting'; readonly for: WaitingFor }
  | { readonly kind: 'held'; readonly step: string }
  | { readonly kind: 'interrupted' };

/** An item of a checklist with a command is a step that only reads. */
export function stepOf(check: Check): Step {
  const { name, place, script } = check;
  return {
    type: 'step',
    name,
    place,
    script,
    language: 'bash',
    timeoutMs: defaultTimeoutMs,
    retries: 0,
    retryEveryMs: 0,
    cwd: undefined,
    when: undefined,
    expectations: [],
    kind: 'check',
    approve: undefined,
    capture: undefined,
    resume: { how: 'rerun' },
    noUndo: undefined,
    watch: undefined,
  };
}
