/** Which backups stay and which may go: one of each day, later one of each week, and never the newest that is known to be good. */

import type { BackupState } from './catalogue.ts';

const dayMs = 86_400_000;

export interface Candidate {
  id: string;
  at: Date;
  state: BackupState;
}

export interface Retention {
  dailyDays: number;
  weeklyDays: number;
}

export interface Decision<Of extends Candidate = Candidate> {
  backup: Of;
  /** Why it stays; null: it may go. */
  keep: string | null;
}

/**
 * In the order given. The day and the week are those of UTC, and weeks begin on Monday. Of a day or week the newest verified one stays, or
 * else the newest that is whole.
 * @throws Error when nothing is verified: then nobody knows whether what stays is of any use
 */
export function planPrune<Of extends Candidate>(backups: readonly Of[], now: Date, { dailyDays, weeklyDays }: Retention): Decision<Of>[] {
  const reasons = new Map<string, string>();
  const keep = (backup: Of | undefined, reason: string) => {
    if (backup !== undefined && !reasons.has(backup.id)) reasons.set(backup.id, reason);
  };
  const newestFirst = backups.toSorted((a, b) => b.at.getTime() - a.at.getTime() || b.id.localeCompare(a.id));
  const newestVerified = newestFirst.find(({ state }) => state === 'verified');
  if (backups.length > 0 && newestVerified === undefined)
    throw new Error(
      'No backup is verified, so nothing is removed: what stays might be of no use. Run `quarterdeck backup verify latest` first.',
    );
  keep(newestVerified, 'the newest verified one');

  const ageDays = ({ at }: Candidate) => (now.getTime() - at.getTime()) / dayMs;
  // One that is without a manifest may be on its way.
  for (const backup of newestFirst) if (ageDays(backup) < 1) keep(backup, 'made within a day');
  const whole = newestFirst.filter(({ state }) => state !== 'incomplete' && state !== 'damaged');
  for (const best of bestOfEach(
    whole.filter((backup) => ageDays(backup) <= dailyDays),
    dayOf,
  ))
    keep(best, 'of its day');
  for (const best of bestOfEach(
    whole.filter((backup) => ageDays(backup) <= weeklyDays),
    weekOf,
  ))
    keep(best, 'of its week');
  return backups.map((backup) => ({ backup, keep: reasons.get(backup.id) ?? null }));
}

const trust: Readonly<Record<BackupState, number>> = { verified: 2, unverified: 1, failed: 0, damaged: 0, incomplete: 0 };

function bestOfEach<Of extends Candidate>(newestFirst: readonly Of[], groupOf: (at: Date) => number): Of[] {
  const best = new Map<number, Of>();
  for (const backup of newestFirst) {
    const group = groupOf(backup.at);
    const other = best.get(group);
    if (other === undefined || trust[backup.state] > trust[other.state]) best.set(group, backup);
  }
  return [...best.values()];
}

export function dayOf(at: Date): number {
  return Math.floor(at.getTime() / dayMs);
}

/** The first of January 1970 was a Thursday. */
export function weekOf(at: Date): number {
  return Math.floor((dayOf(at) + 3) / 7);
}
