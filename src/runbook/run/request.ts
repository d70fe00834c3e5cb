/** What a process needs to be told to work on a run. */

import type { Runbook } from '../document.ts';
import type { LockStore } from '../lock/store.ts';
import type { FrontMatter } from '../parse/front-matter.ts';
import type { ResolvedInput } from '../plan/inputs.ts';
import type { Plan } from '../plan/plan.ts';
import type { Redactor } from '../redact/redactor.ts';
import type { Parent } from './children.ts';
import type { Stream } from './process.ts';
import type { RunRecord } from './records.ts';
import type { End } from './run.ts';
import type { People } from './running.ts';

export interface RunRequest {
  /** Parsed with the values of the inputs. */
  readonly runbook: Runbook;
  /** Absolute. */
  readonly file: string;
  readonly plan: Plan;
  /** All that are declared, secrets too. */
  readonly inputs: readonly ResolvedInput[];
  /** Knows the secrets among the inputs, and what else must not be seen. */
  readonly redactor: Redactor;
  /** Names of secrets that are others than when the run began. */
  readonly changedSecrets: readonly string[];
  /** Whether a failure is rolled back. */
  readonly undo: boolean;
  /** undefined: the runbook names none. */
  readonly lock: { readonly store: LockStore; readonly key: string } | undefined;
  readonly leaseMs: number;
  readonly graceMs: number;
  /** The run that this one is part of. */
  readonly parent: Parent | undefined;
  readonly people: People;
  readonly watcher: Watcher;
  /** What the watcher tells others, which runs below take over. */
  readonly notify: FrontMatter['notify'];
  /** Aborted when the operator wishes to stop. */
  readonly signal: AbortSignal;
  /** Of the operator. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly repository: string;
  /** Of this program. */
  readonly version: string;
  /** The words that start this program. */
  readonly program: readonly string[];
}

/** Whoever looks on; nothing that it sees has a secret in it. */
export interface Watcher {
  record(record: RunRecord): void;
  output(step: string, stream: Stream, text: string): void;
  /** Before the end is written. What could not be told to whom it should have been, in sentences. */
  end(end: End): Promise<readonly string[]>;
}
