/** What is known of a run from its journal: the records folded into one picture. */

import type { ProcessIdentity } from '../../system/process.ts';
import type {
  Approved,
  ChildRun,
  HeldLock,
  Operator,
  RunOutcome,
  RunRecord,
  RunStarted,
  StepEnded,
  StepIntended,
  StepOutcome,
  WaitingFor,
} from './records.ts';

/** A step or an undo, as far as it has come. */
export interface CommandState {
  /** `running`: it has begun, and its end is not in the journal. */
  readonly outcome: StepOutcome | 'running';
  readonly attempts: number;
  /** Of its first attempt and of its last end; ISO 8601. null: not yet. */
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly exit: number | null;
  readonly reason: string;
  /** SHA-256 of the command as it was when it began; null: it never did. */
  readonly hash: string | null;
  readonly kind: 'check' | 'change';
  /** null: no process was started for it yet. */
  readonly leader: ProcessIdentity | null;
  readonly captured: StepEnded['captured'];
  readonly children: readonly ChildRun[];
  /** The journal says that another attempt follows. */
  readonly retries: boolean;
}

export interface RunState {
  readonly started: RunStarted;
  /** Of the process that runs it now, or did last. */
  readonly process: ProcessIdentity;
  readonly operator: Operator;
  readonly planHash: string;
  readonly lock: HeldLock | null;
  readonly steps: ReadonlyMap<string, CommandState>;
  readonly undos: ReadonlyMap<string, CommandState>;
  /** The last of each step. */
  readonly approvals: ReadonlyMap<string, Approved & { readonly at: string }>;
  readonly confirmations: ReadonlyMap<string, 'yes' | 'no'>;
  /** What a person said about a step since it last began. */
  readonly decisions: ReadonlyMap<string, 'rerun' | 'done'>;
  /** Why it is being rolled back; undefined: it is not. */
  readonly rollback: string | undefined;
  /** `running`: the journal does not say that it ended or paused. */
  readonly outcome: RunOutcome | 'running';
  readonly exit: number | null;
  readonly reason: string;
  readonly left: readonly string[];
  readonly waitingFor: WaitingFor | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

/** @throws Error when the journal does not begin with the start of a run */
export function stateOf(records: readonly RunRecord[]): RunState {
  const [first, ...others] = records;
  if (first?.type !== 'run.started') throw new Error('The journal does not begin with the start of a run.');
  return others.reduce(next, begun(first));
}

/** What a run is called that stopped without a word. */
export function outcomeOf({ outcome }: RunState, atWork: boolean): RunState['outcome'] | 'unknown' {
  return outcome === 'running' && !atWork ? 'unknown' : outcome;
}

/** The picture after one more record. */
export function next(state: RunState, record: RunRecord): RunState {
  switch (record.type) {
    case 'run.started':
      throw new Error('A run starts once.');
    case 'run.resumed': {
      const { process, operator, plan_hash: planHash, lock } = record;
      const goesOn = { outcome: 'running', exit: null, reason: '', left: [], waitingFor: null, endedAt: null } as const;
      return { ...state, ...goesOn, process, operator, planHash, lock };
    }
    case 'step.intended':
      return { ...withCommand(state, record, begin(record)), decisions: without(state.decisions, record.undo ? '' : record.step) };
    case 'step.spawned':
      return withCommand(state, record, (command) => ({ ...command, leader: record.leader }));
    case 'step.ended':
      return withCommand(state, record, end(record));
    case 'step.skipped':
      return withCommand(state, { ...record, undo: false }, (command) => ({
        ...command,
        outcome: 'skipped',
        reason: record.reason,
        endedAt: record.at,
      }));
    case 'approval.given':
      return { ...state, approvals: new Map(state.approvals).set(record.step, record) };
    case 'confirmation.given':
      return confirmed(state, record);
    case 'decision.given':
      return { ...state, decisions: new Map(state.decisions).set(record.step, record.answer) };
    case 'rollback.started':
      return { ...state, rollback: record.reason };
    case 'run.paused':
      return {
        ...state,
        outcome: record.outcome,
        exit: record.exit,
        left: record.left,
        waitingFor: record.waiting_for,
        endedAt: record.at,
      };
    case 'run.finished':
      return {
        ...state,
        outcome: record.outcome,
        exit: record.exit,
        left: record.left,
        reason: record.reason,
        waitingFor: null,
        endedAt: record.at,
      };
    case 'watch.sampled':
    case 'watch.judged':
    case 'notification.failed':
    case 'lock.forced':
      return state;
  }
}

function begun(started: RunStarted & { at: string }): RunState {
  const { process, operator, plan_hash: planHash, lock, at: startedAt } = started;
  const nothing = { steps: new Map(), undos: new Map(), approvals: new Map(), confirmations: new Map(), decisions: new Map() };
  const open = { rollback: undefined, outcome: 'running', exit: null, reason: '', left: [], waitingFor: null, endedAt: null } as const;
  return { started, process, operator, planHash, lock, ...nothing, ...open, startedAt };
}

const untouched: CommandState = {
  outcome: 'running',
  attempts: 0,
  startedAt: null,
  endedAt: null,
  exit: null,
  reason: '',
  hash: null,
  kind: 'check',
  leader: null,
  captured: null,
  children: [],
  retries: false,
};

function withCommand(
  state: RunState,
  { step, undo }: { step: string; undo: boolean },
  change: (command: CommandState) => CommandState,
): RunState {
  const which = undo ? 'undos' : 'steps';
  const commands = new Map(state[which]);
  commands.set(step, change(commands.get(step) ?? untouched));
  return { ...state, [which]: commands };
}

const begin =
  ({ attempt, kind, command_hash: hash, at }: StepIntended & { at: string }) =>
  (command: CommandState): CommandState => ({
    ...untouched,
    attempts: attempt,
    kind,
    hash,
    startedAt: command.startedAt ?? at,
    // A child that waited is gone on with, not begun anew.
    children: command.children,
  });

const end =
  ({ outcome, exit, reason, captured, children, retries, at }: StepEnded & { at: string }) =>
  (command: CommandState): CommandState => ({ ...command, outcome, exit, reason, captured, children, retries, endedAt: at });

function confirmed(state: RunState, { step, answer, by, at }: RunRecord & { type: 'confirmation.given' }): RunState {
  const { steps } = withCommand(state, { step, undo: false }, () => ({
    ...untouched,
    outcome: answer === 'yes' ? 'passed' : 'failed',
    attempts: 1,
    startedAt: at,
    endedAt: at,
    reason: answer === 'yes' ? '' : `${by} said no`,
  }));
  return { ...state, steps, confirmations: new Map(state.confirmations).set(step, answer) };
}

function without<Value>(map: ReadonlyMap<string, Value>, name: string): ReadonlyMap<string, Value> {
  if (!map.has(name)) return map;
  const copy = new Map(map);
  copy.delete(name);
  return copy;
}
