/** The deployment log: what happened in a run, from its journal and its plan alone. */

import type { Damage } from '../journal/journal.ts';
import type { Plan, PlannedInput, PlannedStep } from '../plan/plan.ts';
import type { ChildRun, HeldLock, Operator, RunOutcome, RunRecord, RunStarted, StepOutcome, WaitingFor } from '../run/records.ts';
import { type CommandState, type RunState, outcomeOf, stateOf } from '../run/state.ts';
import { type Attempt, type OutputOf, attemptsOf } from './attempts.ts';
import { type LogWatch, watchOf } from './watch.ts';

export interface DeploymentLog {
  readonly run: string;
  readonly title: string;
  readonly file: string;
  /** Where steps ran. */
  readonly repository: string;
  /** `running`: a process is at work on it. `unknown`: it stopped without a word. */
  readonly outcome: RunOutcome | 'running' | 'unknown';
  readonly exit: number | null;
  /** Empty: it passed, or has not ended. */
  readonly reason: string;
  readonly waiting_for: WaitingFor | null;
  /** The steps whose changes stay. */
  readonly left: readonly string[];
  readonly started_at: string;
  readonly ended_at: string | null;
  /** The processes that worked on it, in their order. */
  readonly parts: readonly LogPart[];
  readonly lock: HeldLock | null;
  readonly parent: RunStarted['parent'];
  readonly inputs: readonly PlannedInput[];
  readonly stages: readonly LogStage[];
  readonly rollback: LogRollback | null;
  /** A sentence each. */
  readonly notifications_not_sent: readonly string[];
  readonly lock_forced: readonly { readonly at: string; readonly by: string; readonly why: string }[];
  readonly journal: { readonly records: number; readonly head: string; readonly damage: Damage | null };
}

/** The start, or a resume. */
export interface LogPart {
  readonly at: string;
  readonly by: Operator;
  /** Of this program. */
  readonly version: string;
  readonly plan_hash: string;
}

export interface LogStage {
  readonly title: string;
  readonly steps: readonly LogStep[];
}

export interface LogCommand {
  readonly name: string;
  /** `not_run`: the run did not come so far. */
  readonly outcome: StepOutcome | 'running' | 'not_run';
  /** Why it did not pass, or why it passed without having run. */
  readonly reason: string;
  readonly command: string | null;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly attempts: readonly Attempt[];
}

export interface LogStep extends LogCommand {
  readonly kind: PlannedStep['kind'];
  /** What an item of a checklist says. */
  readonly text: string | null;
  readonly expects: readonly string[];
  readonly captured: { readonly name: string; readonly value: string } | null;
  readonly children: readonly ChildRun[];
  readonly answers: readonly Answer[];
  /** null: its change stays, or it made none. */
  readonly undone_at: string | null;
  readonly watch: LogWatch | null;
}

/** What somebody said, and at which keyboard. */
export interface Answer {
  readonly to: 'approval' | 'confirmation' | 'decision';
  readonly answer: 'yes' | 'no' | 'rerun' | 'done';
  readonly by: string;
  /** For an approval. */
  readonly role: string | null;
  readonly at: string;
  readonly operator: Operator;
}

export interface LogRollback {
  readonly at: string;
  readonly by: Operator;
  readonly reason: string;
  /** In the order in which they ran. */
  readonly undos: readonly LogCommand[];
}

export interface LogParts {
  readonly records: readonly RunRecord[];
  /** Of the last part of the run. */
  readonly plan: Plan;
  /** undefined: the journal is as it was written. */
  readonly damage: Damage | undefined;
  /** Whether a process is at work on it. */
  readonly atWork: boolean;
  readonly outputOf: OutputOf;
}

/** @throws Error when the journal does not begin with the start of a run */
export function deploymentLog({ records, plan, damage, atWork, outputOf }: LogParts): DeploymentLog {
  const state = stateOf(records);
  const { run, title, file, repository, parent, inputs } = state.started;
  return {
    run,
    title,
    file,
    repository,
    outcome: outcomeOf(state, atWork),
    exit: state.exit,
    reason: state.reason,
    waiting_for: state.waitingFor,
    left: state.left,
    started_at: state.startedAt,
    ended_at: state.endedAt,
    parts: records
      .filter((record) => record.type === 'run.started' || record.type === 'run.resumed')
      .map(({ at, operator, version, plan_hash }) => ({ at, by: operator, version, plan_hash })),
    lock: state.lock,
    parent,
    inputs,
    stages: stagesOf(plan, state, { records, outputOf }),
    rollback: rollbackOf(plan, state, { records, outputOf }),
    notifications_not_sent: records.flatMap((record) => (record.type === 'notification.failed' ? [record.reason] : [])),
    lock_forced: records.flatMap((record) =>
      record.type === 'lock.forced' ? [{ at: record.at, by: `${record.operator.user} on ${record.operator.host}`, why: record.why }] : [],
    ),
    journal: { records: records.length, head: records.at(-1)?.hash ?? '', damage: damage ?? null },
  };
}

type Sources = Pick<LogParts, 'records' | 'outputOf'>;

/** By the headings of the plan. What ran and has since been taken out of the document comes last. */
function stagesOf(plan: Plan, state: RunState, sources: Sources): LogStage[] {
  const stages: { title: string; steps: LogStep[] }[] = [];
  for (const planned of plan.steps) {
    const step = stepOf(planned, state, sources);
    const stage = stages.at(-1);
    if (stage?.title === planned.stage) stage.steps.push(step);
    else stages.push({ title: planned.stage, steps: [step] });
  }
  const known = new Set(plan.steps.map(({ name }) => name));
  const others = [...state.steps].filter(([name]) => !known.has(name));
  if (others.length === 0) return stages;
  const gone = others.map(([name, command]) =>
    stepOf({ name, kind: command.kind, text: null, command: null, expects: [] }, state, sources),
  );
  return [...stages, { title: 'No longer in the runbook', steps: gone }];
}

type KnownOfStep = Pick<PlannedStep, 'name' | 'kind' | 'text' | 'command' | 'expects'> & Partial<Pick<PlannedStep, 'watch'>>;

function stepOf({ name, kind, text, command, expects, watch }: KnownOfStep, state: RunState, sources: Sources): LogStep {
  const done = state.steps.get(name);
  const undo = state.undos.get(name);
  return {
    ...commandOf(name, { done, command, undo: false }, sources),
    kind,
    text,
    expects,
    captured: done?.captured ?? null,
    children: done?.children ?? [],
    answers: answersTo(name, sources.records),
    undone_at: undo?.outcome === 'passed' ? undo.endedAt : null,
    watch: watch === undefined || watch === null ? null : watchOf(name, watch, sources.records),
  };
}

interface Command {
  readonly done: CommandState | undefined;
  readonly command: string | null;
  readonly undo: boolean;
}

function commandOf(name: string, { done, command, undo }: Command, { records, outputOf }: Sources): LogCommand {
  return {
    name,
    outcome: done?.outcome ?? 'not_run',
    reason: done?.reason ?? '',
    command,
    started_at: done?.startedAt ?? null,
    ended_at: done?.endedAt ?? null,
    attempts: attemptsOf({ step: name, undo }, records, outputOf),
  };
}

function answersTo(name: string, records: readonly RunRecord[]): Answer[] {
  return records.flatMap((record): Answer[] => {
    if (!('step' in record) || record.step !== name || !('by' in record)) return [];
    const { at, by, operator } = record;
    if (record.type === 'approval.given') return [{ to: 'approval', answer: 'yes', by, role: record.role, at, operator }];
    return [
      { to: record.type === 'confirmation.given' ? 'confirmation' : 'decision', answer: record.answer, by, role: null, at, operator },
    ];
  });
}

function rollbackOf(plan: Plan, state: RunState, sources: Sources): LogRollback | null {
  const started = sources.records.find((record) => record.type === 'rollback.started');
  if (started === undefined) return null;
  const commands = new Map(plan.steps.map(({ name, undo }) => [name, undo]));
  const undos = [...state.undos].map(([name, done]) => commandOf(name, { done, command: commands.get(name) ?? null, undo: true }, sources));
  return { at: started.at, by: started.operator, reason: started.reason, undos };
}
