/** Drops one replication slot of PostgreSQL that nobody reads, so that the server can let go of the log that it keeps for it. */

import { withPostgres } from '../postgres.ts';

export type Dropped = 'dropped' | 'gone';

/** @throws Error of the database, such as that somebody reads it, or that this user may not */
export async function dropSlot(url: string, slot: string, timeoutMs: number): Promise<Dropped> {
  return withPostgres(url, timeoutMs, async (client) => {
    const { rowCount } = await client.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1', [
      slot,
    ]);
    // The log goes with the next checkpoint, which comes by itself within minutes where this user may not ask for one.
    await client.query('checkpoint').catch(() => undefined);
    return rowCount === 0 ? 'gone' : 'dropped';
  });
}
