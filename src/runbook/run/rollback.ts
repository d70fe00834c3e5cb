/** Takes back what a run has changed: the undos of its started steps, the newest first. */

import { type Command, type Step, itemsOf } from '../document.ts';
import { holds } from '../condition.ts';
import { runAndJudge, runCommand } from './attempt.ts';
import { type Running, stepOf } from './running.ts';
import type { CommandState, RunState } from './state.ts';

export interface RolledBack {
  /** `interrupted`: it can be gone on with. */
  readonly outcome: 'rolled_back' | 'rollback_failed' | 'interrupted';
  /** Empty: everything was undone. */
  readonly reason: string;
}

/** Steps that have begun a change that may still be there, in the order of the document. */
export function changesOf(running: Pick<Running, 'runbook'>, state: RunState): Step[] {
  return itemsOf(running.runbook)
    .filter((item) => item.type === 'step' && item.kind === 'change')
    .filter((item): item is Step => {
      const step = state.steps.get(item.name);
      if (step === undefined || step.attempts === 0) return false;
      return !isUndone(state.undos.get(item.name)) && !(step.outcome === 'failed' && childrenWereRolledBack(step));
    });
}

/** A secret is nowhere written down, and an undo may need it. One that cannot be read again is missed by the undo that needs it, if one does. */
async function readSecretsAgain(running: Running): Promise<void> {
  for (const item of itemsOf(running.runbook)) {
    if (item.type !== 'step' || item.capture?.secret !== true || running.values.has(item.capture.name)) continue;
    if (running.log.state.steps.get(item.name)?.outcome === 'passed')
      await runCommand(running, { command: item, undo: false, kind: item.kind, capture: item.capture });
  }
}

const isUndone = (undo: CommandState | undefined): boolean => undo?.outcome === 'passed';

/** Nothing is left of a runbook below that was rolled back. */
function childrenWereRolledBack({ children, exit }: CommandState): boolean {
  return exit === 4 && children.length > 0 && children.every(({ outcome }) => outcome === 'rolled_back');
}

/** Whether anything of what has begun can be undone. */
export function canRollBack(running: Running): boolean {
  return changesOf(running, running.log.state).some((step) => undoOf(running, step) !== undefined);
}

/** An undo that fails ends it: what came before relies on what came after it being gone. */
export async function rollBack(running: Running, reason: string): Promise<RolledBack> {
  const { log, people } = running;
  if (log.state.rollback === undefined) log.record({ type: 'rollback.started', reason, operator: people.operator });
  await readSecretsAgain(running);
  const without: string[] = [];
  for (const step of changesOf(running, log.state).toReversed()) {
    if (running.signal.aborted) return { outcome: 'interrupted', reason: '' };
    const undo = undoOf(running, step);
    if (undo === undefined) {
      without.push(step.noUndo === undefined ? `${step.name} has no undo` : `${step.name} has no undo, because ${step.noUndo}`);
      continue;
    }
    const { outcome, reason: why } = await runUndo(running, step, undo);
    if (outcome === 'unknown') return { outcome: 'interrupted', reason: '' };
    if (outcome !== 'passed') return { outcome: 'rollback_failed', reason: `the undo of ${step.name} failed: ${why}` };
  }
  if (without.length > 0) return { outcome: 'rollback_failed', reason: without.join('; ') };
  return { outcome: 'rolled_back', reason: '' };
}

type RunnableUndo = Command & { readonly undoIf?: string | undefined };

/** Its own, or that of the runbooks that it has run. */
function undoOf({ runbook, log }: Running, step: Step): RunnableUndo | undefined {
  const own = runbook.undos.get(step.name);
  if (own !== undefined) return own;
  const finished = (log.state.steps.get(step.name)?.children ?? []).filter(({ outcome }) => outcome === 'passed');
  if (finished.length === 0) return undefined;
  const script = finished.toReversed().map(({ run }) => `quarterdeck runbook undo ${run}`);
  return { ...step, script: script.join('\n'), retries: 0, when: undefined, expectations: [] };
}

async function runUndo(running: Running, step: Step, undo: RunnableUndo): Promise<Pick<CommandState, 'outcome' | 'reason'>> {
  const nothing = await nothingToUndo(running, step, undo);
  if (nothing === undefined) return runCommand(running, { command: undo, undo: true, kind: 'change' });
  const attempt = (running.log.state.undos.get(step.name)?.attempts ?? 0) + 1;
  const end = { outcome: 'passed', exit: null, reason: nothing, captured: null, children: [], retries: false } as const;
  running.log.record({ type: 'step.ended', step: step.name, undo: true, attempt, ...end });
  return { outcome: 'passed', reason: nothing };
}

/** Why there is nothing to undo; undefined: there is, or it is not certain, and an undo is safe where there is nothing. */
async function nothingToUndo(running: Running, { name }: Step, { when, undoIf }: RunnableUndo): Promise<string | undefined> {
  if (when !== undefined && !holds(when, running.values)) return `not ${when.text}`;
  if (undoIf === undefined) return undefined;
  const check = itemsOf(running.runbook).find((item) => item.name === undoIf);
  if (check === undefined || check.type === 'confirmation') return undefined;
  const command = check.type === 'check' ? stepOf(check) : check;
  const which = { step: name, undo: true, attempt: (running.log.state.undos.get(name)?.attempts ?? 0) + 1 };
  const { judgement } = await runAndJudge(running, { command, capture: undefined, which });
  return judgement.outcome === 'failed' ? `${undoIf} says that there is nothing to undo` : undefined;
}
