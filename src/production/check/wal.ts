/** `check wal`: whether PostgreSQL can let go of its write-ahead log, or who keeps it: an archive that does not take it, or a slot that nobody reads. */

import { noAnswer, withPostgres } from '../postgres.ts';
import { reasonOf } from '../reason.ts';
import { type CheckResult, type Judgement, conclude, judged, unseen } from './result.ts';

const mebibyte = 1024 ** 2;

/** 64 segments: the log of a busy minute, and far below what fills a disk. */
export const defaultKeptBytes = 1024 * mebibyte;

export interface WalState {
  readonly archive_mode: string;
  readonly archived_count: number;
  readonly failed_count: number;
  /** The newest attempt has failed. */
  readonly failing: boolean;
  readonly last_failed_wal: string | null;
  /** Seconds since a segment was archived; null: never. */
  readonly archived_ago: number | null;
  readonly slots: readonly Slot[];
  /** Of `pg_wal`; null: this user may not see it. */
  readonly bytes: number | null;
}

export interface Slot {
  readonly name: string;
  readonly active: boolean;
  /** Log that is kept for it. */
  readonly kept: number;
}

/** `archiving` and `slot` are what fills a disk; `reader` is one that is connected, and slow. */
type Keeper = 'archiving' | 'slot' | 'reader' | 'nothing';

export async function checkWal(url: string, timeoutMs: number, keptBytes: number): Promise<CheckResult> {
  try {
    const state = await readState(url, timeoutMs);
    const worst = worstSlot(state, keptBytes);
    return conclude('wal', judgeWal(state, keptBytes), {
      kept_by: keeperOf(state, worst),
      slot: worst?.name ?? 'none',
      bytes: state.bytes ?? undefined,
      failed_count: state.failed_count,
    });
  } catch (error) {
    return conclude('wal', [unseen('answer', reasonOf(error), 'an answer', noAnswer)]);
  }
}

/** The one for which most is kept, when that is too much. */
function worstSlot({ slots }: WalState, keptBytes: number): Slot | undefined {
  return slots.filter(({ kept }) => kept >= keptBytes).toSorted((one, other) => other.kept - one.kept)[0];
}

function keeperOf({ failing }: WalState, worst: Slot | undefined): Keeper {
  if (failing) return 'archiving';
  if (worst === undefined) return 'nothing';
  return worst.active ? 'reader' : 'slot';
}

export function judgeWal(state: WalState, keptBytes: number): Judgement[] {
  const judgements = [judgeArchiving(state)];
  for (const { name, active, kept } of state.slots)
    judgements.push(
      judged(
        `slot ${name}`,
        `${mib(kept)} are kept for it, and it is ${active ? 'read' : 'read by nobody'}`,
        `less than ${mib(keptBytes)}`,
        kept < keptBytes,
        active
          ? 'Find out why its reader is slow.'
          : `Start its reader again, or, when there will be none any more, \`quarterdeck database drop-slot ${name}\`.`,
      ),
    );
  if (state.bytes !== null) judgements.push(judged('pg_wal', mib(state.bytes), 'any', true, ''));
  return judgements;
}

function judgeArchiving(state: WalState): Judgement {
  const { archive_mode, archived_count, failed_count, failing, last_failed_wal, archived_ago } = state;
  const wanted = 'each segment arrives';
  if (archive_mode === 'off') return judged('archiving', 'off', wanted, true, '');
  const last = archived_ago === null ? 'never' : `${Math.round(archived_ago)} s ago`;
  const found = failing
    ? `${last_failed_wal ?? 'a segment'} fails, ${failed_count} times so far; archived last: ${last}`
    : `${archived_count} segments, the last ${last}`;
  const next =
    'The log of the server says what archive_command answers. Mend the archive; the server then archives what it kept, and removes it by itself. Never delete anything in pg_wal.';
  return judged('archiving', found, wanted, !failing, next);
}

const mib = (bytes: number): string => `${Math.round(bytes / mebibyte)} MiB`;

async function readState(url: string, timeoutMs: number): Promise<WalState> {
  return withPostgres(url, timeoutMs, async (client) => {
    const { rows } = await client.query<Omit<WalState, 'slots' | 'bytes'>>(archiverQuery);
    const slots = await client.query<Slot>(slotsQuery);
    // Only for members of pg_monitor.
    const bytes = await client.query<{ bytes: number }>('select coalesce(sum(size), 0)::float8 as bytes from pg_ls_waldir()').then(
      (answer) => answer.rows[0]?.bytes ?? null,
      () => null,
    );
    const [state] = rows;
    if (state === undefined) throw new Error('it answers without a row');
    return { ...state, slots: slots.rows, bytes };
  });
}

const archiverQuery = `
  select current_setting('archive_mode') as archive_mode, archived_count::int, failed_count::int, last_failed_wal,
    current_setting('archive_mode') <> 'off' and coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) as failing,
    extract(epoch from clock_timestamp() - last_archived_time)::float8 as archived_ago
  from pg_stat_archiver`;

const slotsQuery = `
  select slot_name as name, active,
    greatest(0, pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, restart_lsn))::float8 as kept
  from pg_replication_slots where restart_lsn is not null order by 1`;
