/** Whether the tables are those that this version works on. */

import { type CheckResult, type Judgement, conclude, judged } from './result.ts';

export interface Migrations {
  readonly applied: readonly { readonly name: string }[];
  readonly pending: readonly string[];
  /** That the database has and this version does not know. */
  readonly unknown: readonly string[];
}

export function checkMigrations(status: Migrations): CheckResult {
  const { applied, pending, unknown } = status;
  const measured = { applied: applied.length, pending: pending.length, unknown: unknown.length, head: applied.at(-1)?.name ?? null };
  return conclude('migrations', [judgeMigrations(status)], measured);
}

export function judgeMigrations({ applied, pending, unknown }: Migrations): Judgement {
  const [what, wanted] = ['migrations', 'all that this version knows, and no others'];
  if (unknown.length > 0)
    return judged(what, `The database is newer than this version: it has ${unknown.join(', ')}.`, wanted, false, 'Run the newer version.');
  if (pending.length > 0)
    return judged(what, `${pending.length} pending: ${pending.join(', ')}.`, wanted, false, 'Run `quarterdeck migrate up`.');
  return judged(what, `All ${applied.length} were run.`, wanted, true, '');
}
