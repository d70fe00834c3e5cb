/** Writes what happened to somebody's account into the events of that person: sign-ins, failures, lock-outs, new passwords. */

import type { Kysely } from 'kysely';
import type { Database } from '../database/types.ts';
import { insertEvents } from '../events/outbox.ts';
import type { Log } from '../telemetry/log.ts';
import { findUser, membershipsOf } from './accounts.ts';
import { chooseMembership } from './rules.ts';
import type { AuthTables } from './tables.ts';

export type AccountEvent = 'sign_in.succeeded' | 'sign_in.failed' | 'sign_in.locked' | 'password.changed';

export interface Audit {
  /**
   * Not awaited by the one who asks: an event is written only for an account that there is, and the time that takes would
   * tell a guesser so. Without `workspace_id` it goes to the person's own workspace.
   */
  note(type: AccountEvent, account: { email: string; workspace_id?: string }, data?: Record<string, unknown>): void;
  /** Resolves when everything noted is written. */
  close(): Promise<void>;
}

export interface AuditParts {
  db: Kysely<AuthTables>;
  database: Database;
  log: Log;
}

export function createAudit({ db, database, log }: AuditParts): Audit {
  const writing = new Set<Promise<void>>();

  async function write(
    type: AccountEvent,
    account: { email: string; workspace_id?: string },
    data: Record<string, unknown>,
  ): Promise<void> {
    const user = await findUser(db, { email: account.email });
    if (user === undefined) return log.info({ type, ...data }, 'somebody tried an e-mail address that has no account');
    const membership = chooseMembership(await membershipsOf(db, user.id), account.workspace_id);
    if (membership === undefined) return;
    const { id, name, email } = user;
    const tenant = { workspace_id: membership.workspace_id, user_id: id };
    // Theirs alone: where somebody signs in from concerns no colleague.
    const event = { type, subject: email, owner_id: id, data };
    await database.transaction(tenant, { mode: 'write' }, async (scope) => insertEvents(scope, { kind: 'person', id, name }, [event]));
  }

  return {
    note(type, account, data = {}) {
      const written: Promise<void> = write(type, account, data)
        .catch((error: unknown) => log.warn({ err: error, type }, 'an event about an account was not written'))
        .finally(() => writing.delete(written));
      writing.add(written);
    },
    async close() {
      await Promise.all(writing);
    },
  };
}
