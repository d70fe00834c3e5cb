/** Asks a server what became of its write-ahead log: how much of it is in the archive, and when the rest will be. */

import { withPostgres } from '../../postgres.ts';

export interface Archiver {
  /** `on` or `always`; `off`: nothing is archived. */
  readonly mode: string;
  /** Neither a command nor a library: the files wait for ever. */
  readonly configured: boolean;
  /** After how many seconds a file that is not full is archived too; 0: never. */
  readonly timeout_seconds: number;
  readonly segment_bytes: number;
  /** The file that is written now. */
  readonly current: string;
  readonly last_archived: string | null;
  readonly last_archived_at: Date | null;
  readonly last_failed: string | null;
  readonly last_failed_at: Date | null;
}

/** @throws Error when it does not answer */
export async function readArchiver(url: string, timeoutMs: number): Promise<Archiver> {
  return withPostgres(url, timeoutMs, async (client) => {
    const { rows } = await client.query<Archiver>(archiverQuery);
    const [row] = rows;
    if (row === undefined) throw new Error('it answers without a row');
    return row;
  });
}

/** The command itself may only be read by administrators; without one the server says `(disabled)` or nothing at all to anybody. */
const archiverQuery = `
  select current_setting('archive_mode') as mode,
    current_setting('archive_command') not in ('', '(disabled)') or coalesce(current_setting('archive_library', true), '') <> '' as configured,
    (select setting::int from pg_settings where name = 'archive_timeout') as timeout_seconds,
    (select setting::int from pg_settings where name = 'wal_segment_size') as segment_bytes,
    pg_walfile_name(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end) as current,
    last_archived_wal as last_archived, last_archived_time as last_archived_at,
    last_failed_wal as last_failed, last_failed_time as last_failed_at
  from pg_stat_archiver`;
