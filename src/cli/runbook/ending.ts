/** How a run ended, for people: what it came to, what to type next, and what is left. */

import type { Plan } from '../../runbook/plan/plan.ts';
import type { End } from '../../runbook/run/run.ts';
import { invocation } from '../invocation.ts';

/** The last lines of a run. The very last one says which changes stay that should not. */
export function endText(run: string, end: End, plan: Pick<Plan, 'hash'>): string {
  const reason = 'reason' in end && end.reason !== '' ? [end.reason] : [];
  const left = end.left.length === 0 ? 'nothing' : end.left.join(', ');
  return [words[end.outcome](run), ...reason, ...nextAfter(run, end, plan), `left: ${left}`].join('\n');
}

const words: Readonly<Record<End['outcome'], (run: string) => string>> = {
  passed: (run) => `Run ${run} passed.`,
  failed: (run) => `Run ${run} failed, and nothing was undone.`,
  rolled_back: (run) => `Run ${run} was rolled back: every change that it had begun was undone.`,
  rollback_failed: (run) => `Run ${run} could not be rolled back: a person is needed.`,
  aborted: (run) => `Run ${run} was ended as it stood.`,
  waiting: (run) => `Run ${run} waits.`,
  held: (run) => `Run ${run} is on hold.`,
  interrupted: (run) => `Run ${run} was interrupted.`,
  lock_lost: (run) => `Run ${run} stopped: somebody took its lock away.`,
};

/** What to do next, a line each; empty: nothing. */
export function nextAfter(run: string, end: End, { hash }: Pick<Plan, 'hash'>): string[] {
  if (!('waiting_for' in end)) return end.outcome === 'failed' ? [`To go on after mending it: ${invocation} runbook resume ${run}`] : [];
  const resume = `${invocation} runbook resume ${run}`;
  const waiting = end.waiting_for;
  if (waiting === null) return [`To go on: ${resume}`];
  switch (waiting.what) {
    case 'approval':
      return [
        `${waiting.step} needs the approval of ${waiting.text}: ${invocation} runbook approve ${run} --by NAME --hash ${hash}`,
        `Then: ${resume}`,
      ];
    case 'confirmation':
      return [`Somebody must confirm: ${waiting.text}`, `At a terminal: ${resume}`, `Elsewhere: ${resume} --yes --by NAME`];
    case 'decision':
      return [
        `${waiting.step}: ${waiting.text}`,
        `Look what it came to. To run it again: ${resume} --answer rerun`,
        `If it is done: ${resume} --answer done`,
        `To take everything back: ${invocation} runbook undo ${run}`,
      ];
    case 'child':
      return [`${waiting.step}: ${waiting.text}`, `When that is settled: ${resume}`];
  }
}
