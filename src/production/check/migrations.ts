/** Whether the tables are those that this version works on. */

import { type CheckResult, type Judgement, conclude, judged } from './result.ts';

export interface Migrations {
  readonly applied: readonly { readonly name: string }[];
  readonly pending: readonly string[];
  /** That the database has and this version does not know. */
  readonly unknown: readonly string[];
  /** Those of them with which this version does not work. */
  readonly incompatible: readonly string[];
}

export function checkMigrations(status: Migrations): CheckResult {
  const { applied, pending, unknown } = status;
  const measured = { applied: applied.length, pending: pending.length, unknown: unknown.length, head: applied.at(-1)?.name ?? null };
  return conclude('migrations', [judgeMigrations(status)], measured);
}

/** What came of running the pending ones and taking them back. */
export interface MigrationTrial extends Migrations {
  readonly condition: 'current' | 'newer' | 'ready' | 'locked' | 'failing';
  readonly migration: string | null;
  readonly why: string | null;
  readonly expands: boolean;
  readonly seconds: number | null;
}

/** `lost`: what they take away, in words; empty: nothing. */
export function checkTrial(trial: MigrationTrial, lost: string, mayLose: boolean): CheckResult {
  const { condition, pending, unknown, applied, seconds } = trial;
  const measured = {
    condition,
    pending: pending.length,
    unknown: unknown.length,
    head: applied.at(-1)?.name ?? null,
    migration: trial.migration ?? undefined,
    phase: phaseOf(trial, lost),
    loses: lost === '' ? 'nothing' : lost,
    seconds: seconds ?? undefined,
  };
  if (condition === 'newer') return conclude('migrations', [judgeMigrations(trial)], measured);
  const judgements = [judgeTrial(trial)];
  if (condition === 'ready')
    judgements.push(
      judged(
        'they take away',
        measured.loses,
        mayLose ? 'whatever they must' : 'nothing',
        mayLose || lost === '',
        'Release what no longer needs it first; then run them with the approval of whoever owns the data.',
      ),
    );
  return conclude('migrations', judgements, measured);
}

/** `expand`: the version before goes on with it. `contract`: it may not, or something is lost. Undefined: nobody knows before it works. */
function phaseOf({ condition, expands }: MigrationTrial, lost: string): 'none' | 'expand' | 'contract' | undefined {
  if (condition === 'current') return 'none';
  if (condition !== 'ready') return undefined;
  return expands && lost === '' ? 'expand' : 'contract';
}

function judgeTrial({ condition, pending, applied, migration, why, seconds }: MigrationTrial): Judgement {
  const [what, wanted] = ['migrations, tried and taken back', 'work'];
  if (condition === 'current') return judged(what, `All ${applied.length} were run; none is pending.`, wanted, true, '');
  if (condition === 'ready')
    return judged(what, `${pending.join(', ')}: would work, within ${(seconds ?? 0).toFixed(1)} s.`, wanted, true, '');
  const next =
    condition === 'locked'
      ? 'Wait for the end of whoever has the lock, or end it with `quarterdeck migrate up --end-blockers`.'
      : 'Mend what the migration met, or go back to the version before.';
  return judged(what, `${migration ?? pending[0] ?? ''}: ${why ?? 'it failed'}`, wanted, false, next);
}

export function judgeMigrations({ applied, pending, unknown, incompatible }: Migrations): Judgement {
  const [what, wanted] = ['migrations', 'all that this version knows, and no others but those with which it works'];
  if (incompatible.length > 0)
    return judged(
      what,
      `The database is newer than this version: it has ${incompatible.join(', ')}.`,
      wanted,
      false,
      'Run the newer version.',
    );
  if (pending.length > 0)
    return judged(what, `${pending.length} pending: ${pending.join(', ')}.`, wanted, false, 'Run `quarterdeck migrate up`.');
  const newer = unknown.length === 0 ? '' : ` This version works with ${unknown.join(', ')} of a newer one.`;
  return judged(what, `All ${applied.length} were run.${newer}`, wanted, true, '');
}
