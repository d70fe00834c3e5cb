/** When physical backups can be relied on: what is judged of a repository, of the archive of a server, and of a moment to go back to. Pure. */

import { showDuration } from '../../../system/duration.ts';
import { type Judgement, judged } from '../result.ts';
import type { Archiver } from './archiver.ts';
import type { Stanza } from './repository.ts';

export function judgeRepository({ status, backup }: Stanza, maxAgeMs: number, now: Date): Judgement[] {
  const newest = backup.at(-1);
  const make = 'Make one with `pgbackrest backup`, and find out why none was made.';
  if (newest === undefined) return [judged('newest', status.code === 0 ? null : status.message, 'a backup', false, make)];
  const age = now.getTime() - newest.timestamp.stop * 1_000;
  return [
    judged('repository', status.message, 'ok', status.code === 0, 'Look at `pgbackrest info` and at the log of pgBackRest.'),
    judged(
      'age',
      `${showDuration(Math.max(0, age))} (${newest.label})`,
      `younger than ${showDuration(maxAgeMs)}`,
      age >= 0 && age < maxAgeMs,
      age < 0 ? 'Check the clock of this machine: it is from the future.' : make,
    ),
    judged(
      'pages',
      newest.error === true ? 'some had a wrong checksum when they were copied' : 'no wrong checksum was found',
      'no wrong checksum',
      newest.error !== true,
      'The database itself is damaged: look at the log of the backup for the files, and restore an older one beside it.',
    ),
  ];
}

/** How much a loss of the server now would lose. `maxLossMs`: what may be. */
export function judgeArchive(archiver: Archiver, { archive }: Stanza, maxLossMs: number, now: Date): Judgement[] {
  const { mode, configured, timeout_seconds, last_failed, last_failed_at, last_archived_at } = archiver;
  const wanted = `at most ${showDuration(maxLossMs)}`;
  if (mode === 'off' || !configured)
    return [
      judged(
        'archiving',
        mode === 'off' ? 'off' : 'on, without a command',
        'on',
        false,
        'Set archive_mode and archive_command, as docs/backups.md shows.',
      ),
    ];
  const failing = last_failed_at !== null && (last_archived_at === null || last_failed_at > last_archived_at);
  const newest = archive.at(-1)?.max ?? null;
  const waiting = waitingFiles(archiver, newest);
  const since = last_archived_at === null ? null : now.getTime() - last_archived_at.getTime();
  return [
    judged(
      'archiving',
      failing ? `failing: ${last_failed}` : 'works',
      'works',
      !failing,
      'Look at the log of the server for what archive_command says. The server keeps these files until they are archived: do not delete any.',
    ),
    judged(
      'waiting',
      waiting === 0 ? 'none' : `${waiting} files, the last was archived ${since === null ? 'never' : `${showDuration(since)} ago`}`,
      `none older than ${showDuration(maxLossMs)}`,
      waiting === 0 || (since !== null && since <= maxLossMs),
      'Archiving is slower than writing, or stands still: look at the log of the server, and at the network to the repository.',
    ),
    judged(
      'archive_timeout',
      timeout_seconds === 0 ? 'never' : showDuration(timeout_seconds * 1_000),
      wanted,
      timeout_seconds > 0 && timeout_seconds * 1_000 <= maxLossMs,
      'Set archive_timeout to less: without it the last writes of a quiet database are on its own disk alone.',
    ),
    judgeArrived(archiver, newest),
  ];
}

/** What the server believes archived must be there: an archive_command that ends with 0 and does nothing is noticed by nobody else. */
function judgeArrived({ last_archived, segment_bytes }: Progress, newest: string | null): Judgement {
  const [said, there] = [numberOf(last_archived, segment_bytes), numberOf(newest, segment_bytes)];
  return judged(
    'arrived',
    `${newest ?? 'nothing'}, of ${last_archived ?? 'nothing'} sent`,
    'all that was sent',
    there !== null && (said === null || there >= said),
    'archive_command says that it archived what is not in the repository: check that it is the pgBackRest of this stanza.',
  );
}

/** A backup must have ended before the moment, because recovery only goes forward. pgBackRest compares whole seconds. */
export function judgeTarget({ backup }: Stanza, target: Date, now: Date): Judgement[] {
  const oldest = backup[0];
  const usable = backup.findLast(({ timestamp }) => timestamp.stop < Math.floor(target.getTime() / 1_000));
  const since =
    oldest === undefined
      ? 'There is no backup at all.'
      : `The oldest moment is ${isoOf(oldest.timestamp.stop)}, the end of backup ${oldest.label}.`;
  return [
    judged('moment', target.toISOString(), 'in the past', target <= now, 'Say a moment that was, with its zone.'),
    judged(
      'backup before',
      usable === undefined ? null : `${usable.label}, ended ${isoOf(usable.timestamp.stop)}`,
      'one that ended before',
      usable !== undefined,
      since,
    ),
  ];
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString();
}

/**
 * Full files that are not in the archive yet. What the server archived last may be the label of a backup, which has the name of an older
 * file; so what has arrived counts too.
 */
export function waitingFiles({ current, last_archived, segment_bytes }: Progress, newest: string | null): number {
  const now = numberOf(current, segment_bytes);
  const done = [last_archived, newest].map((name) => numberOf(name, segment_bytes)).filter((number) => number !== null);
  return now === null || done.length === 0 ? 0 : Math.max(0, now - Math.max(...done) - 1);
}

type Progress = Pick<Archiver, 'current' | 'last_archived' | 'segment_bytes'>;

/**
 * A file of the log is named by timeline, then its place in the log in two halves: https://www.postgresql.org/docs/current/wal-internals.html
 * null: it is the history of a timeline, or nothing.
 */
function numberOf(name: string | null, segmentBytes: number): number | null {
  const [, high, low] = /^[0-9A-F]{8}([0-9A-F]{8})([0-9A-F]{8})/.exec(name ?? '') ?? [];
  if (high === undefined || low === undefined) return null;
  return Number.parseInt(high, 16) * (2 ** 32 / segmentBytes) + Number.parseInt(low, 16);
}
