/** Events that came from another server with a dump: their transactions have to be ones that this server knows. */

import { type Kysely, sql } from 'kysely';

/**
 * Ids of transactions belong to one server. Where it is the same one, they are in its past and stay, so that readers go on where they
 * were. From another server they may be in the future: such events would be seen by nobody until this server has counted so far, and
 * new ones would come before them. Then all get the id of the present transaction and keep the order of their own ids, as after
 * `migrate-data`. Returns whether that was so.
 */
export async function settleEvents(db: Kysely<unknown>): Promise<boolean> {
  const { rows } = await sql<{ ahead: boolean }>`
    select exists (select from public.events where xid >= pg_snapshot_xmin(pg_current_snapshot())) as ahead`.execute(db);
  if (rows[0]?.ahead !== true) return false;
  await sql`update public.events set xid = default`.execute(db);
  return true;
}
