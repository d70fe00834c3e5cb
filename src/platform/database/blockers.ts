/** Who holds the lock that a migration waits for: said while it waits, because afterwards nobody knows. */

import { type Kysely, sql } from 'kysely';

export interface Blocker {
  /** 0: a prepared transaction, which has no session. */
  pid: number;
  user: string | null;
  application: string | null;
  /** `idle in transaction`: it waits for its client, and may do so for ever. */
  state: string | null;
  /** How long its transaction has been open. */
  seconds: number | null;
}

/** Often enough to see who it was within the shortest wait that makes sense. */
const lookMs = 200;

export interface Watch {
  /** Those who held it up when it was last looked. */
  readonly blockers: readonly Blocker[];
  /** Those whose sessions were ended. */
  readonly ended: readonly Blocker[];
  stop(): Promise<void>;
}

/** Looks from a session of its own at what the session `pid` waits for. `endAfterMs`: ends whoever has held it up for so long. */
export function watchBlockers(owner: Kysely<unknown>, pid: number, endAfterMs?: number): Watch {
  let blockers: Blocker[] = [];
  const ended: Blocker[] = [];
  let since: number | undefined;
  let looking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    const found = await readBlockers(owner, pid);
    if (found.length === 0) return void (since = undefined);
    blockers = found;
    since ??= performance.now();
    if (endAfterMs === undefined || performance.now() - since < endAfterMs) return;
    for (const blocker of found) if (await end(owner, blocker)) ended.push(blocker);
  }

  // What it finds only makes a message better, so a look that fails is no reason to fail.
  const timer = setInterval(() => void (looking = looking.then(look).catch(() => undefined)), lookMs);
  return {
    get blockers() {
      return blockers;
    },
    ended,
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}

async function readBlockers(owner: Kysely<unknown>, pid: number): Promise<Blocker[]> {
  const { rows } = await sql<Blocker>`
    select blocker.pid, a.usename as user, nullif(a.application_name, '') as application, a.state,
      round(extract(epoch from clock_timestamp() - a.xact_start))::int as seconds
    from unnest(pg_blocking_pids(${pid}::int)) as blocker (pid) left join pg_stat_activity a on a.pid = blocker.pid`.execute(owner);
  return rows;
}

/** false: it is gone already, or this user may not. */
async function end(owner: Kysely<unknown>, { pid }: Blocker): Promise<boolean> {
  const { rows } = await sql<{ ended: boolean }>`select pg_terminate_backend(${pid}::int) as ended`.execute(owner);
  return rows[0]?.ended === true;
}

/** `pid 4711 (psql of postgres, idle in transaction, for 312 s)` */
export function blockerText({ pid, user, application, state, seconds }: Blocker): string {
  if (pid === 0) return 'a prepared transaction';
  const who = [application ?? 'a session', ...(user === null ? [] : [`of ${user}`])].join(' ');
  return `pid ${pid} (${[who, ...(state === null ? [] : [state]), ...(seconds === null ? [] : [`for ${seconds} s`])].join(', ')})`;
}
