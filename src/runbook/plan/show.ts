/** A plan as people read it. */

import { showDuration } from '../../system/duration.ts';
import type { Plan, PlannedStep } from './plan.ts';

/** The plan for people: what runs, in order; nothing in it says that anything is well. `lockStore`: where a run would keep its lock. */
export function showPlan(plan: Plan, lockStore: string): string {
  const lines = [plan.title, `plan ${plan.hash}`];
  const head = plan.inputs.map(({ name, value, source }) => `input ${name} = ${value ?? '[secret]'} (${source})`);
  if (plan.lock !== null) head.push(`lock ${plan.lock}, kept in ${lockStore}`);
  head.push('Steps see the variables of whoever runs them, besides their inputs and captures.');
  if (head.length > 0) lines.push('', ...head);
  let stage: string | undefined;
  for (const step of plan.steps) {
    if (step.stage !== stage) lines.push('', step.stage);
    stage = step.stage;
    lines.push(...showStep(step));
  }
  if (plan.not_run.length > 0) lines.push('', `not run: shell fences without attributes in line ${plan.not_run.join(', ')}`);
  return lines.join('\n');
}

function showStep(step: PlannedStep): string[] {
  const marks = [
    ...(step.watch === null ? [] : [`watch every ${showDuration(step.watch.every_ms)} for ${showDuration(step.watch.for_ms)}`]),
    ...(step.approve === null ? [] : [`waits for the approval of ${step.approve}`]),
    ...(step.runs === 'no' ? [`skipped: not ${step.when}`] : []),
    ...(step.runs === 'unknown' ? [`only when ${step.when}, which is known later`] : []),
  ];
  const lines = [
    `  ${step.kind === 'confirmation' ? 'confirm' : step.kind} ${step.name}${marks.length === 0 ? '' : ` (${marks.join('; ')})`}`,
  ];
  if (step.text !== null) lines.push(`      ${step.text}`);
  for (const line of (step.command ?? '').split('\n').filter((text) => text !== '')) lines.push(`      $ ${line}`);
  for (const { metric, hold, roll_back } of step.watch?.rows ?? []) lines.push(`      ${metric}: ${limits(hold, roll_back)}`);
  if (step.kind === 'change') lines.push(`      ${undoOf(step)}`);
  for (const { file, sha256 } of step.children)
    lines.push(
      `      runs ${file ?? 'a runbook that only the shell knows'}${sha256 === null ? ' (opaque: it cannot be approved ahead)' : ''}`,
    );
  return lines;
}

function limits(hold: string, rollBack: string): string {
  const parts = [hold === '' ? '' : `holds at ${hold}`, rollBack === '' ? '' : `is rolled back at ${rollBack}`];
  return parts.filter((part) => part !== '').join(', ') || 'decides nothing';
}

function undoOf({ undo, no_undo }: PlannedStep): string {
  if (undo !== null) return `undo: ${undo.split('\n').join('; ')}`;
  return no_undo === null ? 'undo: none' : `undo: none, because ${no_undo}`;
}
