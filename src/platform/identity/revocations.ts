/** Tells every replica what was revoked, so that it reads those credentials from the database again. */

import { type Kysely, sql } from 'kysely';
import type { Log } from '../telemetry/log.ts';
import type { AuthTables } from './tables.ts';

/** Every poll reads this far back, seconds: twice the longest transaction and poll, so that a late commit is never missed. */
const windowSeconds = 30;

/** To be called in the transaction that revokes; the caller forgets the subjects itself once that has committed. */
export async function recordRevocations(db: Kysely<AuthTables>, subject_ids: readonly string[]): Promise<void> {
  if (subject_ids.length === 0) return;
  await db
    .insertInto('auth.revocations')
    .values(subject_ids.map((subject_id) => ({ subject_id })))
    .execute();
  await db
    .deleteFrom('auth.revocations')
    .where('revoked_at', '<', sql<Date>`now() - interval '1 hour'`)
    .execute();
}

export interface RevocationPoll {
  db: Kysely<AuthTables>;
  every_ms: number;
  log: Log;
  /** False when nothing is cached, so that an idle replica asks nothing. */
  wanted(): boolean;
  forget(subject_ids: readonly string[]): void;
}

/** Starts to poll; returns how to stop. While the database does not answer, what is cached still ends by its own age. */
export function pollRevocations({ db, every_ms, log, wanted, forget }: RevocationPoll): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let failing = false;

  async function poll(): Promise<void> {
    const rows = await db
      .selectFrom('auth.revocations')
      .select('subject_id')
      .where('revoked_at', '>', sql<Date>`now() - make_interval(secs => ${windowSeconds})`)
      .execute();
    failing = false;
    if (rows.length > 0) forget(rows.map((row) => row.subject_id));
  }

  let timer = setTimeout(tick, every_ms);
  timer.unref();
  let stopped = false;

  function tick(): void {
    running = (wanted() ? poll() : Promise.resolve()).catch(report).then(() => {
      if (stopped) return;
      timer = setTimeout(tick, every_ms);
      timer.unref();
    });
  }

  function report(error: unknown): void {
    if (!failing && !stopped) log.warn({ err: error }, 'revocations cannot be read; credentials are read from the database instead');
    failing = true;
  }

  return async () => {
    stopped = true;
    clearTimeout(timer);
    await running;
  };
}
