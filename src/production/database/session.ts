/** Ends one session of PostgreSQL: the very one that was seen, also when its number belongs to another by now. */

import { withPostgres } from '../postgres.ts';

export type Ended = 'ended' | 'gone';

/** `session`: as `check locks` writes it. `gone`: it has ended by itself. @throws Error of the database, such as that this user may not */
export async function endSession(url: string, session: string, timeoutMs: number): Promise<Ended> {
  const [pid, started] = session.split('@');
  return withPostgres(url, timeoutMs, async (client) => {
    const { rowCount } = await client.query(
      'select pg_terminate_backend(pid, $3) from pg_stat_activity where pid = $1::int and backend_start = $2::timestamptz',
      [pid, started, timeoutMs / 2],
    );
    return rowCount === 0 ? 'gone' : 'ended';
  });
}
