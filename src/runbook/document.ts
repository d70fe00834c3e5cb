/** A runbook as it is written: stages with steps, checks and confirmations, the undos, and what stands at its head. */

import type { Condition } from './condition.ts';
import type { Assertion } from './expect/assertions.ts';
import type { ExpectedOutput } from './expect/output.ts';
import type { FrontMatter } from './parse/front-matter.ts';
import type { Place, Source } from './source.ts';
import type { Limit } from './watch/cells.ts';

export interface Runbook {
  readonly source: Source;
  readonly title: string;
  readonly front: FrontMatter;
  readonly stages: readonly Stage[];
  /** By the name of the step that they undo. */
  readonly undos: ReadonlyMap<string, Undo>;
  /** Shell fences that nobody marked: shown, never run. */
  readonly illustrations: readonly Place[];
}

/** A `##` heading with what is below it. What stands before the first has the title of the runbook. */
export interface Stage {
  readonly title: string;
  readonly place: Place;
  readonly items: readonly Item[];
}

export type Item = Step | Check | Confirmation;

/** From top to bottom. */
export function itemsOf({ stages }: Pick<Runbook, 'stages'>): Item[] {
  return stages.flatMap(({ items }) => items);
}

export type Language = 'bash' | 'sh';

/** What steps and undos have in common: something that runs, and what is expected of it. */
export interface Command {
  /** A step's own name; an undo has that of its step. */
  readonly name: string;
  readonly place: Place;
  readonly language: Language;
  readonly script: string;
  readonly timeoutMs: number;
  /** How often it is tried again after it failed. */
  readonly retries: number;
  readonly retryEveryMs: number;
  /** From the repository root. */
  readonly cwd: string | undefined;
  readonly when: Condition | undefined;
  readonly expectations: readonly Expectation[];
}

export interface Step extends Command {
  readonly type: 'step';
  readonly kind: 'check' | 'change';
  /** The role that must agree before it. */
  readonly approve: string | undefined;
  readonly capture: Capture | undefined;
  readonly resume: Resume;
  /** Why there is no undo, in the author's words. */
  readonly noUndo: string | undefined;
  readonly watch: Watch | undefined;
}

export interface Undo extends Command {
  readonly type: 'undo';
  /** The check step whose command says, by its exit status, whether there is anything to undo. */
  readonly undoIf: string | undefined;
}

/** A task-list item that ends in a command. */
export interface Check {
  readonly type: 'check';
  readonly name: string;
  readonly place: Place;
  /** The item without the command. */
  readonly text: string;
  readonly script: string;
}

/** A task-list item for a person. */
export interface Confirmation {
  readonly type: 'confirmation';
  readonly name: string;
  readonly place: Place;
  readonly text: string;
}

export interface Capture {
  readonly name: string;
  /** A path into the JSON of standard output; undefined: all of it, trimmed. */
  readonly path: string | undefined;
  readonly secret: boolean;
}

/** What happens to a step of which it is not known whether it was done. */
export type Resume = { readonly how: 'rerun' | 'ask' } | { readonly how: 'probe'; readonly step: string };

/** One thing that is expected. The text may still have `${NAME}` of a capture in it, which is put in before it is compared. */
export type Expectation =
  | { readonly kind: 'assertion'; readonly text: string; readonly place: Place; readonly assertion: Assertion }
  | { readonly kind: 'output'; readonly text: string; readonly place: Place; readonly output: ExpectedOutput };

export interface Watch {
  readonly everyMs: number;
  readonly forMs: number;
  readonly warmupMs: number;
  /** Requests since the last verdict without which there is none. */
  readonly minRequests: number;
  readonly noData: 'hold' | 'rollback' | 'pass';
  /** Longest time on hold in sum; undefined: no limit. */
  readonly holdMaxMs: number | undefined;
  readonly holdThen: 'stop' | 'rollback';
  readonly rows: readonly WatchRow[];
}

export interface WatchRow {
  readonly metric: string;
  readonly place: Place;
  readonly hold: readonly Limit[];
  readonly rollBack: readonly Limit[];
}
