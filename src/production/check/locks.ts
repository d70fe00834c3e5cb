/** `check locks`: whether sessions of the database wait for another one, and for which: the end of the chain, not the middle. */

import { noAnswer, withPostgres } from '../postgres.ts';
import { reasonOf } from '../reason.ts';
import { type CheckResult, type Judgement, conclude, judged, unseen } from './result.ts';

/** Transactions of ours take milliseconds; whoever waits for so long waits for somebody who does something else. */
export const defaultWaitSeconds = 5;

export interface Blocker {
  /** `PID@START`: the number alone belongs to another session once this one has ended. */
  readonly session: string;
  readonly who: string;
  readonly state: string | null;
  /** Seconds since that state began. */
  readonly since: number | null;
  /** What it does or did last; null: this user may not see it. */
  readonly query: string | null;
  /** Sessions that wait for it. */
  readonly waiting: number;
  /** Seconds that the first of them has waited. */
  readonly waited: number;
}

export async function checkLocks(url: string, timeoutMs: number, waitSeconds: number): Promise<CheckResult> {
  try {
    return await withPostgres(url, timeoutMs, async (client) => {
      const { rows } = await client.query<Blocker>(blockersQuery);
      const measured = { blocked: rows.reduce((sum, { waiting }) => sum + waiting, 0), blocker: rows[0]?.session ?? 'none' };
      return conclude('locks', judgeLocks(rows, waitSeconds), measured);
    });
  } catch (error) {
    return conclude('locks', [unseen('answer', reasonOf(error), 'an answer', noAnswer)]);
  }
}

/** Pure. The longest wait first. */
export function judgeLocks(blockers: readonly Blocker[], waitSeconds: number): Judgement[] {
  const wanted = `for less than ${waitSeconds} s`;
  if (blockers.length === 0) return [judged('waiting', 'nobody', wanted, true, '')];
  return blockers.map((blocker) =>
    judged(
      `waiting for ${blocker.session}`,
      `${blocker.waiting}, for ${Math.round(blocker.waited)} s; it is ${describe(blocker)}`,
      wanted,
      blocker.waited < waitSeconds,
      `Find out whose it is; \`quarterdeck database end-session ${blocker.session}\` ends it, and what it has not committed is undone.`,
    ),
  );
}

/** A query may be long, and its beginning says what it does. */
const shownCharacters = 200;

function describe({ who, state, since, query }: Blocker): string {
  const doing = `${who}, ${state ?? 'in a state that this user may not see'}${since === null ? '' : ` for ${Math.round(since)} s`}`;
  return query === null || query === '' ? doing : `${doing}: ${query.slice(0, shownCharacters)}`;
}

/** In all databases of the server, because a lock on a shared object is none of one; those who block and wait for nobody themselves. */
const blockersQuery = `
  with waits as (
    select pid, unnest(pg_blocking_pids(pid)) as by, extract(epoch from statement_timestamp() - query_start)::float8 as waited
    from pg_stat_activity where wait_event_type = 'Lock' or state is null
  )
  select blocker.pid || '@' || to_char(blocker.backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as session,
    concat_ws(' ', blocker.usename, nullif(blocker.application_name, ''), host(blocker.client_addr)) as who,
    blocker.state, extract(epoch from statement_timestamp() - blocker.state_change)::float8 as since,
    nullif(blocker.query, '<insufficient privilege>') as query,
    count(distinct waits.pid)::int as waiting, coalesce(max(waits.waited), 0) as waited
  from waits join pg_stat_activity blocker on blocker.pid = waits.by
  where waits.by not in (select pid from waits)
  group by 1, 2, 3, 4, 5 order by waited desc limit 5`;
