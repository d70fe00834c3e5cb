/** `check backup`: whether there is a backup that can be trusted: how old it is, whether it was restored, whether it is as large as those before. */

import { type Backup, listBackups } from '../backup/catalogue.ts';
import type { Store } from '../backup/store/store.ts';
import { reasonOf } from '../reason.ts';
import { showDuration } from '../../system/duration.ts';
import { type CheckResult, type Judgement, conclude, judged, unseen } from './result.ts';

export interface BackupWishes {
  readonly maxAgeMs: number;
  /** Whether the newest must have been restored, and held what it should. */
  readonly verified: boolean;
  /** Of the middle one of those before. */
  readonly minSize: number;
}

/** A daily one, with two hours to be made in. */
export const defaultMaxAgeMs = 26 * 3_600_000;

/** A database rarely loses half of what it has; a dump that ended early often does. */
export const defaultMinSize = 0.5;

/** The week before: enough to have a middle that one odd day does not move. */
const compared = 7;

/** How long one may be in the making. */
const makingMs = 6 * 3_600_000;

export async function checkBackup(store: Store, wishes: BackupWishes, now: Date): Promise<CheckResult> {
  let backups: Backup[];
  try {
    backups = await listBackups(store);
  } catch (error) {
    const reach = 'Check the place, and that this user may read it.';
    return conclude('backup', [unseen('backups', reasonOf(error), `a list of those in ${store.place}`, reach)]);
  }
  const [newest] = backups.filter(isWhole);
  const age_seconds = newest === undefined ? undefined : Math.round(ageOf(newest, now) / 1_000);
  const measured = { backup: newest?.id ?? null, age_seconds, bytes: newest?.bytes, backups: backups.length };
  return conclude('backup', judgeBackups(backups, wishes, now), measured);
}

/** `backups`: newest first. */
export function judgeBackups(backups: readonly Backup[], wishes: BackupWishes, now: Date): Judgement[] {
  const make = 'Make one with `quarterdeck backup create`, and find out why none was made.';
  const [newest, ...before] = backups.filter(isWhole);
  const broken = judgeAttempts(backups, now);
  if (newest === undefined) return [judged('newest', null, 'a backup', false, make), ...broken];
  const age = ageOf(newest, now);
  const wantedAge = `younger than ${showDuration(wishes.maxAgeMs)}`;
  return [
    judged(
      'age',
      `${showDuration(Math.max(0, age))} (${newest.id})`,
      wantedAge,
      age >= 0 && age < wishes.maxAgeMs,
      age < 0 ? 'Check the clock of this machine and of the database: it is from the future.' : make,
    ),
    judgeTrust(newest, wishes.verified),
    ...judgeSize(newest, before, wishes.minSize),
    ...broken,
  ];
}

function isWhole({ state }: Backup): boolean {
  return state !== 'damaged' && state !== 'incomplete';
}

function ageOf({ at }: Backup, now: Date): number {
  return now.getTime() - at.getTime();
}

function judgeTrust({ id, state, reason, verification }: Backup, wanted: boolean): Judgement {
  const verify = `Restore it somewhere else with \`quarterdeck backup verify ${id}\`; until then it is only a file.`;
  if (state === 'failed')
    return judged(
      'verified',
      reason ?? 'it was restored, and was not good',
      'not failed',
      false,
      'Do not rely on it: make another with `quarterdeck backup create`, and verify that.',
    );
  if (state === 'verified') return judged('verified', `restored ${verification?.at ?? ''}`.trimEnd(), 'restored', true, verify);
  return judged('verified', 'never restored', wanted ? 'restored, and held what it should' : 'any', !wanted, verify);
}

/** Without others to compare with there is nothing to judge. */
function judgeSize(newest: Backup, before: readonly Backup[], least: number): Judgement[] {
  const alike = before.filter(
    ({ manifest }) => manifest?.engine === newest.manifest?.engine && manifest?.database === newest.manifest?.database,
  );
  const sizes = alike
    .slice(0, compared)
    .map(({ bytes }) => bytes)
    .toSorted((a, b) => a - b);
  const middle = sizes[Math.floor(sizes.length / 2)];
  if (middle === undefined) return [];
  const share = newest.bytes / middle;
  const found = `${newest.bytes} bytes, ${Math.round(share * 100)} % of the ${sizes.length} before`;
  return [
    judged(
      'size',
      found,
      `>= ${Math.round(least * 100)} %`,
      share >= least,
      'Compare the rows of the tables in the manifests of both, and find out what is missing.',
    ),
  ];
}

/** What was begun after the newest whole one, and came to nothing. */
function judgeAttempts(backups: readonly Backup[], now: Date): Judgement[] {
  const whole = backups.findIndex(isWhole);
  const later = whole === -1 ? backups : backups.slice(0, whole);
  const bad = later.filter((backup) => backup.state === 'damaged' || ageOf(backup, now) > makingMs);
  return bad.map(({ id, state, reason }) =>
    judged(
      `later ${id}`,
      reason === null ? state : `${state}: ${reason}`,
      'whole',
      false,
      'Look at the output of whatever made it: the disk, the network, the credentials of the store.',
    ),
  );
}
