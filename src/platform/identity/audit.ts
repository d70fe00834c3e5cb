/** Writes what happened to accounts and access into the events: sign-ins, failures, passwords, who came in and who is out. */

import type { Kysely } from 'kysely';
import type { Database } from '../database/types.ts';
import { insertEvents } from '../events/outbox.ts';
import type { NewEvent } from '../events/types.ts';
import type { Log } from '../telemetry/log.ts';
import { findUser, membershipsOf } from './accounts.ts';
import type { Actor } from './principal.ts';
import { chooseMembership } from './rules.ts';
import type { AuthTables, UserTable } from './tables.ts';

/** Of the person alone: where somebody signs in from concerns no colleague. */
export type PersonalEvent = 'sign_in.succeeded' | 'sign_in.failed' | 'sign_in.locked' | 'password.changed';

/** Of the workspace: who and what may act in it. */
export type SharedEvent =
  'member.joined' | 'account.disabled' | 'account.enabled' | 'connection.allowed' | 'connection.replayed' | 'signing_keys.withdrawn';

/** The person whom it happened to, and who did it. Default: the person. */
export interface Affected {
  account: { email: string } | { id: string };
  /** Default: the person's own workspace; for what is shared, all of them. */
  workspace_id?: string;
  by?: 'operator';
}

export interface Audit {
  /**
   * Not awaited by the one who asks: an event is written only for an account that there is, and the time that takes would
   * tell a guesser so.
   */
  note(type: PersonalEvent, affected: Affected, data?: Record<string, unknown>): void;
  /** Resolves when it is written. `subject`: default is the person's address. What cannot be written is logged: the thing has happened. */
  tell(type: SharedEvent, affected: Affected, event?: { subject?: string; data?: Record<string, unknown> }): Promise<void>;
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

  async function write(tenant: { workspace_id: string; user_id: string }, actor: Actor, event: NewEvent): Promise<void> {
    await database.transaction(tenant, { mode: 'write' }, async (scope) => insertEvents(scope, actor, [event]));
  }

  async function actorFor(user: UserTable, by: Affected['by']): Promise<Actor> {
    const { id, name } = (by === 'operator' ? await findUser(db, { operator: true }) : undefined) ?? user;
    return { kind: 'person', id, name };
  }

  async function writePersonal(type: PersonalEvent, affected: Affected, data: Record<string, unknown>): Promise<void> {
    const user = await findUser(db, affected.account);
    if (user === undefined) return log.info({ type, ...data }, 'somebody tried an e-mail address that has no account');
    const membership = chooseMembership(await membershipsOf(db, user.id), affected.workspace_id);
    if (membership === undefined) return;
    const tenant = { workspace_id: membership.workspace_id, user_id: user.id };
    await write(tenant, await actorFor(user, affected.by), { type, subject: user.email, owner_id: user.id, data });
  }

  const report = (type: string) => (error: unknown) => log.warn({ err: error, type }, 'an event about an account was not written');

  return {
    note(type, affected, data = {}) {
      const written: Promise<void> = writePersonal(type, affected, data)
        .catch(report(type))
        .finally(() => writing.delete(written));
      writing.add(written);
    },

    async tell(type, { account, workspace_id, by }, { subject, data = {} } = {}) {
      try {
        const user = await findUser(db, account);
        if (user === undefined) return;
        const actor = await actorFor(user, by);
        const memberships = workspace_id === undefined ? await membershipsOf(db, user.id) : [{ workspace_id }];
        for (const membership of memberships)
          await write({ workspace_id: membership.workspace_id, user_id: user.id }, actor, { type, subject: subject ?? user.email, data });
      } catch (error) {
        report(type)(error);
      }
    },

    async close() {
      await Promise.all(writing);
    },
  };
}
