/** `check backup --pgbackrest`: whether PostgreSQL could be brought back with pgBackRest, to now or to a moment. */

import { reasonOf } from '../../reason.ts';
import { type CheckResult, type Judgement, conclude, unseen } from '../result.ts';
import { readArchiver } from './archiver.ts';
import { judgeArchive, judgeRepository, judgeTarget } from './judge.ts';
import { type Repository, type Stanza, readRepository } from './repository.ts';

export interface PhysicalWishes {
  readonly maxAgeMs: number;
  /** How much may be lost with the server; what is not archived is on it alone. */
  readonly maxLossMs: number;
  /** To go back to. The server is not asked then: it may be the one that is lost. */
  readonly target: Date | undefined;
  /** Of the server; undefined: nobody said. */
  readonly databaseUrl: string | undefined;
}

/** What drills allow too. */
export const defaultMaxLossMs = 3_600_000;

export async function checkPhysical(repository: Repository, wishes: PhysicalWishes, now: Date): Promise<CheckResult> {
  const stanza = await readRepository(repository);
  if (typeof stanza === 'string') {
    const next = 'Run `pgbackrest info` as this user: the configuration, and who may read it, are the usual causes.';
    return conclude('backup', [unseen('repository', stanza, `what it holds of ${repository.stanza}`, next)]);
  }
  const { target, maxAgeMs } = wishes;
  const newest = stanza.backup.at(-1);
  const judgements =
    target === undefined
      ? [...judgeRepository(stanza, maxAgeMs, now), ...(await lookAtArchive(stanza, wishes, repository.timeoutMs, now))]
      : judgeTarget(stanza, target, now);
  return conclude('backup', judgements, {
    backup: newest?.label ?? null,
    age_seconds: newest === undefined ? undefined : Math.round(now.getTime() / 1_000 - newest.timestamp.stop),
    bytes: newest?.info.size,
    backups: stanza.backup.length,
    archived: stanza.archive.at(-1)?.max ?? null,
  });
}

async function lookAtArchive(
  stanza: Stanza,
  { databaseUrl, maxLossMs }: PhysicalWishes,
  timeoutMs: number,
  now: Date,
): Promise<Judgement[]> {
  const wanted = 'the log of the server in the archive';
  if (databaseUrl === undefined)
    return [unseen('archiving', 'nobody said which server', wanted, 'Set DATABASE_URL, or name the variable that has it with --url-env.')];
  try {
    return judgeArchive(await readArchiver(databaseUrl, timeoutMs), stanza, maxLossMs, now);
  } catch (error) {
    const next = 'Check the address, the user and its password; with --target the server is not asked.';
    return [unseen('archiving', reasonOf(error), wanted, next)];
  }
}
