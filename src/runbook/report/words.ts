/** How reports word outcomes, times and numbers. */

import { showDuration } from '../../system/duration.ts';
import type { DeploymentLog, LogCommand, LogStep } from './log.ts';
import type { LogWatch } from './watch.ts';

type Outcome = DeploymentLog['outcome'] | LogCommand['outcome'];

/** A mark that needs no colour, and the word. */
export const outcomeWords: Readonly<Record<Outcome, { readonly mark: string; readonly word: string }>> = {
  passed: { mark: '✓', word: 'passed' },
  failed: { mark: '✗', word: 'failed' },
  error: { mark: '!', word: 'error' },
  inconclusive: { mark: '?', word: 'inconclusive' },
  skipped: { mark: '–', word: 'skipped' },
  unknown: { mark: '?', word: 'unknown' },
  aborted: { mark: '■', word: 'aborted' },
  waiting: { mark: '…', word: 'waiting' },
  held: { mark: '‖', word: 'on hold' },
  running: { mark: '▸', word: 'running' },
  not_run: { mark: '○', word: 'not run' },
  rolled_back: { mark: '↩', word: 'rolled back' },
  rollback_failed: { mark: '✗', word: 'rollback failed' },
  interrupted: { mark: '■', word: 'interrupted' },
  lock_lost: { mark: '!', word: 'lock lost' },
};

/** `2026-11-21 10:00:05 UTC`. */
export function moment(at: string): string {
  return `${at.slice(0, 19).replace('T', ' ')} UTC`;
}

/** `10:00:05` on the day on which the run began; with the day on others. */
export function clock(at: string, { started_at: start }: Pick<DeploymentLog, 'started_at'>): string {
  return at.slice(0, 10) === start.slice(0, 10) ? at.slice(11, 19) : at.slice(5, 19).replace('T', ' ');
}

/** Empty: it has no end. */
export function took(from: string | null, to: string | null): string {
  return from === null || to === null ? '' : showDuration(Math.max(0, Date.parse(to) - Date.parse(from)));
}

/** What a person confirms takes no time of the machine. */
export function tookOf({ started_at: from, ended_at: to, attempts }: LogCommand): string {
  return attempts.length === 0 ? '' : took(from, to);
}

/** Processes ran for it so often. */
export function triesOf({ attempts }: LogCommand): number {
  return attempts.filter(({ started_at }) => started_at !== null).length;
}

export function nameOf({ text, name }: LogStep): string {
  return text ?? name;
}

/** What people said about a step, and that it was taken back, a sentence each. */
export function answersOf({ answers, undone_at: undone }: LogStep): string[] {
  const said = answers.map(({ to, answer, by, role, at, operator }) => {
    const where = `${moment(at)}, at the keyboard of ${operator.user} on ${operator.host}${operator.terminal ? '' : ', not at a terminal'}`;
    if (to === 'approval') return `Approved by ${by} as ${role ?? ''} (${where}).`;
    if (to === 'confirmation') return `${answer === 'yes' ? 'Confirmed' : 'Refused'} by ${by} (${where}).`;
    return `${by} said ${answer === 'done' ? 'that it was done' : 'to run it again'} (${where}).`;
  });
  return undone === null ? said : [...said, `Undone ${moment(undone)}.`];
}

/** Percent where the table speaks of percent; otherwise without the digits that nobody reads. */
export function value(number: number, percent: boolean): string {
  return percent ? `${Number((number * 100).toPrecision(4))}%` : String(Number(number.toPrecision(4)));
}

export function isPercent({ rows }: LogWatch, metric: string): boolean {
  return rows.some((row) => row.metric === metric && `${row.hold} ${row.roll_back}`.includes('%'));
}

export const verdictWords = {
  good: '✓ good',
  hold: '‖ hold',
  roll_back: '✗ roll back',
  inconclusive: '? no verdict',
  open: '… too few requests yet',
} as const;

export const waitingWords = {
  approval: 'an approval',
  confirmation: 'a confirmation',
  decision: 'a decision',
  child: 'a runbook that it runs',
} as const;
