/** Goes through a runbook from top to bottom, from wherever its journal says that it is. */

import { holds } from '../condition.ts';
import { type Confirmation, type Item, type Step, itemsOf } from '../document.ts';
import { runCommand } from './attempt.ts';
import { type Running, type Stop, stepOf } from './running.ts';
import type { CommandState } from './state.ts';
import { runWatch } from './watch.ts';

/** Who agreed a day ago agreed to another day's situation. */
const approvalMs = 24 * 60 * 60_000;

/** undefined: every step passed or was skipped. */
export async function runSteps(running: Running): Promise<Stop | undefined> {
  for (const item of itemsOf(running.runbook)) {
    const stop = await take(running, item);
    if (stop !== undefined) return stop;
  }
  return undefined;
}

async function take(running: Running, item: Item): Promise<Stop | undefined> {
  if (running.signal.aborted) return { kind: 'interrupted' };
  switch (item.type) {
    case 'confirmation':
      return confirm(running, item);
    case 'check':
      return takeStep(running, stepOf(item));
    case 'step':
      return takeStep(running, item);
  }
}

async function confirm({ log, people }: Running, item: Confirmation): Promise<Stop | undefined> {
  if (log.state.confirmations.get(item.name) === 'yes') return undefined;
  const given = await people.confirm(item);
  if (given === undefined) return { kind: 'waiting', for: { step: item.name, what: 'confirmation', text: item.text } };
  log.record({ type: 'confirmation.given', step: item.name, text: item.text, ...given, operator: people.operator });
  if (given.answer === 'yes') return undefined;
  return { kind: 'failed', step: item.name, reason: `${given.by} said no to: ${item.text}` };
}

async function takeStep(running: Running, step: Step): Promise<Stop | undefined> {
  const before = running.log.state.steps.get(step.name);
  if (before !== undefined && isDone(running, step, before)) return undefined;
  if (before === undefined && step.when !== undefined && !holds(step.when, running.values)) {
    running.log.record({ type: 'step.skipped', step: step.name, reason: `not ${step.when.text}` });
    return undefined;
  }
  const settled = before === undefined ? 'run' : await settle(running, step, before);
  if (settled === 'done') return undefined;
  if (settled !== 'run') return settled;
  const stop = await approve(running, step);
  if (stop !== undefined) return stop;
  return step.watch === undefined
    ? stopAfter(step, await runCommand(running, { ...step, command: step, undo: false }))
    : runWatch(running, step, step.watch);
}

/** What a secret capture was is nowhere written down, so its step runs again in each process. */
function isDone({ values }: Running, { capture }: Step, { outcome }: CommandState): boolean {
  if (outcome === 'skipped') return true;
  if (outcome !== 'passed') return false;
  return capture?.secret !== true || values.has(capture.name);
}

/** What happens to a step that has begun before and is not done, as its `resume` says. */
async function settle(running: Running, step: Step, before: CommandState): Promise<'run' | 'done' | Stop> {
  const { log } = running;
  const { name, resume } = step;
  // A runbook below goes on by itself where it was; a secret is only read again; a change that waits for its next try was begun on purpose.
  if (resume.how === 'rerun' || before.outcome === 'waiting' || before.outcome === 'held' || before.outcome === 'passed' || before.retries)
    return 'run';
  if (resume.how === 'probe') {
    const probe = itemsOf(running.runbook).find((item) => item.type === 'step' && item.name === resume.step);
    if (probe?.type !== 'step') throw new Error(`There is no step ${resume.step}.`);
    const { outcome } = await runCommand(running, { command: probe, undo: false, kind: 'check', capture: probe.capture });
    if (outcome === 'passed') {
      markDone(running, step, before, `${resume.step} says that it is done`);
      return 'done';
    }
    if (outcome === 'failed') return 'run';
    if (outcome === 'unknown') return { kind: 'interrupted' };
  }
  const given = log.state.decisions.get(name) ?? (await ask(running, step, before));
  if (given === undefined) return { kind: 'waiting', for: { step: name, what: 'decision', text: whatIsUnknown(before) } };
  if (given === 'rerun') return 'run';
  markDone(running, step, before, 'a person said that it is done');
  return 'done';
}

async function ask({ log, people }: Running, { name }: Step, before: CommandState): Promise<'rerun' | 'done' | undefined> {
  const given = await people.decide(name, whatIsUnknown(before));
  if (given === undefined) return undefined;
  log.record({ type: 'decision.given', step: name, ...given, operator: people.operator });
  return given.answer;
}

function whatIsUnknown({ outcome, reason }: CommandState): string {
  return outcome === 'unknown'
    ? `it began, and it is not known whether it was done: ${reason}`
    : `it ${outcome === 'failed' ? 'failed' : 'ended in an error'}: ${reason}`;
}

function markDone({ log }: Running, { name }: Step, { attempts, exit }: CommandState, reason: string): void {
  log.record({
    type: 'step.ended',
    step: name,
    undo: false,
    attempt: attempts,
    outcome: 'passed',
    exit,
    reason,
    captured: null,
    children: [],
    retries: false,
  });
}

async function approve({ log, people, plan }: Running, { name, approve: role }: Step): Promise<Stop | undefined> {
  if (role === undefined) return undefined;
  const given = log.state.approvals.get(name);
  if (given !== undefined && given.plan_hash === plan.hash && Date.now() - Date.parse(given.at) < approvalMs) return undefined;
  const answer = await people.approve(name, role, plan.hash);
  if (answer === undefined) return { kind: 'waiting', for: { step: name, what: 'approval', text: role } };
  if (answer.answer === 'no') return { kind: 'failed', step: name, reason: `${answer.by} did not approve ${name}` };
  log.record({ type: 'approval.given', step: name, role, plan_hash: plan.hash, by: answer.by, operator: people.operator });
  return undefined;
}

function stopAfter({ name: step }: Step, { outcome, reason, exit }: CommandState): Stop | undefined {
  switch (outcome) {
    case 'passed':
    case 'skipped':
      return undefined;
    case 'unknown':
      return { kind: 'interrupted' };
    case 'waiting':
      return { kind: 'waiting', for: { step, what: 'child', text: reason } };
    case 'held':
      return { kind: 'held', step };
    case 'failed':
    case 'error':
    case 'inconclusive':
    case 'aborted':
    case 'running':
      return exit === 5 && reason.endsWith('could not be rolled back')
        ? { kind: 'rollback_failed', step, reason }
        : { kind: 'failed', step, reason };
  }
}
