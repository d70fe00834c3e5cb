/** `check database`: whether PostgreSQL answers, has room for all replicas, and is held up by nobody. */

import { noAnswer, withPostgres } from '../postgres.ts';
import { oldestVersion } from '../../platform/database/requirements.ts';
import { reasonOf } from '../reason.ts';
import { type PoolAnswer, type PoolQuestion, poolArithmetic } from './pool.ts';
import { type CheckResult, type Judgement, conclude, judged, unseen } from './result.ts';

export interface DatabaseWishes extends Pick<PoolQuestion, 'pool' | 'replicas' | 'surge' | 'spare'> {
  readonly transactionSeconds: number;
  readonly idleSeconds: number;
  readonly lagSeconds: number;
}

/** Our statements end after ten seconds; a migration or a backup takes longer, and whatever takes this long holds back vacuum and events. */
export const defaultTransactionSeconds = 300;

/** Whoever has a transaction open and does nothing in it has forgotten it: our own last for milliseconds. */
export const defaultIdleSeconds = 60;

/** What a replica that is well is behind, with room for a burst of writes. */
export const defaultLagSeconds = 30;

export interface DatabaseState {
  readonly server_version: string;
  readonly server_version_number: number;
  readonly max_connections: number;
  readonly reserved: number;
  /** Of clients, in all databases of the server. */
  readonly open: number;
  /** Who has them, most first: by the name that a program gives itself, or else by its user. */
  readonly holders: readonly { readonly who: string; readonly count: number }[];
  /** Sessions in this database that have had a transaction open and done nothing in it for as long as is allowed. */
  readonly forgotten: number;
  readonly in_recovery: boolean;
  /** Null: there is none. */
  readonly oldest_transaction: number | null;
  readonly oldest_idle: number | null;
  /** Sessions in this database that this user may not look at. */
  readonly hidden: number;
  readonly standbys: readonly { readonly name: string; readonly lag_seconds: number | null; readonly seen: boolean }[];
}

export async function checkDatabase(url: string, timeoutMs: number, wishes: DatabaseWishes): Promise<CheckResult> {
  let state: DatabaseState;
  try {
    state = await readState(url, timeoutMs, wishes);
  } catch (error) {
    return conclude('database', [unseen('answer', reasonOf(error), 'an answer', noAnswer)]);
  }
  const { server_version, max_connections, reserved, open, forgotten, oldest_transaction, oldest_idle } = state;
  const { wanted, room } = arithmetic(state, wishes);
  return conclude('database', judgeState(state, wishes), {
    server_version,
    max_connections,
    open,
    left: max_connections - reserved - open,
    pools: wanted,
    room,
    forgotten,
    oldest_transaction,
    oldest_idle,
    standbys: state.standbys.length,
  });
}

export function judgeState(state: DatabaseState, wishes: DatabaseWishes): Judgement[] {
  return [
    judgeVersion(state),
    judged(
      'writes',
      state.in_recovery ? 'refused: it is a standby' : 'accepted',
      'accepted',
      !state.in_recovery,
      'Connect to the primary, or promote this one if that is lost.',
    ),
    ...judgeConnections(state, wishes),
    ...judgeTransactions(state, wishes),
    ...state.standbys.map((standby) => judgeStandby(standby, wishes.lagSeconds)),
  ];
}

export function judgeVersion({
  server_version,
  server_version_number,
}: Pick<DatabaseState, 'server_version' | 'server_version_number'>): Judgement {
  const oldest = Math.floor(oldestVersion / 10_000);
  return judged(
    'version',
    server_version,
    `${oldest} or newer`,
    server_version_number >= oldestVersion,
    `Upgrade it to PostgreSQL ${oldest} or newer.`,
  );
}

function arithmetic({ max_connections, reserved }: DatabaseState, wishes: DatabaseWishes): PoolAnswer {
  return poolArithmetic({ ...wishes, maxConnections: max_connections, reserved });
}

function judgeConnections(state: DatabaseState, wishes: DatabaseWishes): Judgement[] {
  const { max_connections, reserved, open, holders } = state;
  const { wanted, room, fitting, text } = arithmetic(state, wishes);
  const lower = fitting < 1 ? 'Take replicas away' : `Lower QUARTERDECK_DATABASE_POOL to ${fitting}`;
  const less = `${lower}, raise max_connections, or put a pooler in between. More replicas make it worse.`;
  const left = max_connections - reserved - open;
  return [
    judged('pool', text, `at most ${room}`, wanted <= room, less),
    judged(
      'open',
      `${open} of ${max_connections}, ${left} left: ${holders.map(({ who, count }) => `${count} ${who}`).join(', ')}`,
      `>= ${wishes.spare} left`,
      left >= wishes.spare,
      'Follow runbooks/database-connections.md. More replicas make it worse.',
    ),
  ];
}

function judgeTransactions(
  { oldest_transaction, oldest_idle, hidden }: DatabaseState,
  { transactionSeconds, idleSeconds }: DatabaseWishes,
): Judgement[] {
  const end =
    'Find it with select pid, usename, xact_start, state, query from pg_stat_activity order by xact_start, and end it with pg_terminate_backend(pid).';
  const judge = (what: string, age: number | null, limit: number): Judgement => {
    const wanted = `younger than ${limit} s`;
    if (age !== null && age >= limit) return judged(what, `${Math.round(age)} s`, wanted, false, end);
    if (hidden > 0)
      return unseen(
        what,
        `${hidden} sessions of other users are hidden from this one`,
        wanted,
        'Grant pg_read_all_stats to this user, or connect as one that has it.',
      );
    return judged(what, age === null ? 'none' : `${Math.round(age)} s`, wanted, true, end);
  };
  return [
    judge('oldest transaction', oldest_transaction, transactionSeconds),
    judge('oldest idle in transaction', oldest_idle, idleSeconds),
  ];
}

function judgeStandby({ name, lag_seconds, seen }: DatabaseState['standbys'][number], limit: number): Judgement {
  const [what, wanted] = [`standby ${name}`, `less than ${limit} s behind`];
  if (!seen) return unseen(what, 'hidden from this user', wanted, 'Grant pg_read_all_stats to this user, or connect as one that has it.');
  // It has caught up, and nothing was written since: the server then says nothing.
  if (lag_seconds === null) return judged(what, 'caught up', wanted, true, '');
  return judged(
    what,
    `${lag_seconds.toFixed(1)} s behind`,
    wanted,
    lag_seconds < limit,
    'Look at the log of the standby, and at the network and its disk.',
  );
}

async function readState(url: string, timeoutMs: number, { idleSeconds }: DatabaseWishes): Promise<DatabaseState> {
  return withPostgres(url, timeoutMs, async (client) => {
    const { rows } = await client.query<Omit<DatabaseState, 'standbys' | 'holders'>>(stateQuery, [idleSeconds]);
    const holders = await client.query<DatabaseState['holders'][number]>(holdersQuery);
    const standbys = await client.query<DatabaseState['standbys'][number]>(standbysQuery);
    const [state] = rows;
    if (state === undefined) throw new Error('it answers without a row');
    return { ...state, holders: holders.rows, standbys: standbys.rows };
  });
}

/** Of this database alone what can hold up its vacuum; of the whole server the connections. */
const stateQuery = `
  with sessions as (
    select *, query = '<insufficient privilege>' as hidden from pg_stat_activity
    where datname = current_database() and usesysid is not null and pid <> pg_backend_pid()
  )
  select current_setting('server_version') as server_version, current_setting('server_version_num')::int as server_version_number,
    current_setting('max_connections')::int as max_connections,
    current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true)::int, 0) as reserved,
    (select count(*)::int from pg_stat_activity where usesysid is not null) as open,
    pg_is_in_recovery() as in_recovery,
    (select extract(epoch from clock_timestamp() - min(xact_start))::float8 from sessions) as oldest_transaction,
    (select extract(epoch from clock_timestamp() - min(state_change))::float8 from sessions where state like 'idle in transaction%') as oldest_idle,
    (select count(*)::int from sessions where state like 'idle in transaction%' and state_change < clock_timestamp() - $1 * interval '1 s') as forgotten,
    (select count(*)::int from sessions where hidden) as hidden`;

const holdersQuery = `
  select coalesce(nullif(application_name, ''), usename) as who, count(*)::int as count
  from pg_stat_activity where usesysid is not null group by 1 order by 2 desc, 1 limit 5`;

const standbysQuery = `
  select coalesce(nullif(application_name, ''), pid::text) as name, extract(epoch from replay_lag)::float8 as lag_seconds, state is not null as seen
  from pg_stat_replication order by 1`;
