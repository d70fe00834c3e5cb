/** Who is in a workspace, and who changes that. */

import { type Kysely, sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../database/types.ts';
import { insertMember } from './accounts.ts';
import { revokeKeysOf } from './key-store.ts';
import { hashSecret, newSecret } from './key-format.ts';
import { deleteConnections } from './oauth/connections.ts';
import type { Principal, Role } from './principal.ts';
import { alreadyMember, noSuchInvitation, noSuchMember, personsOnly } from './problems.ts';
import { recordRevocations } from './revocations.ts';
import { checkInvitation, checkMemberChange, invitationDays, normalEmail } from './rules.ts';
import type { AuthTables } from './tables.ts';
import type { InvitationView, MemberView, WorkspaceView } from './types.ts';

type Db = Kysely<AuthTables>;

export interface MemberParts {
  database: Database;
  db: Db;
  forget(subject_ids: readonly string[]): void;
}

export function createMembers({ database, db, forget }: MemberParts) {
  return {
    async list(workspace_id: string, { limit, after }: { limit: number; after?: string | undefined }): Promise<MemberView[]> {
      let query = membersOf(db, workspace_id).orderBy('member.id').limit(limit);
      if (after !== undefined) query = query.where('member.id', '>', after);
      return query.execute();
    },

    async change(principal: Principal, member_id: string, role: Role): Promise<MemberView> {
      const member = await db.transaction().execute(async (transaction) => {
        const current = await lockMember(transaction, principal, member_id, role);
        await transaction.updateTable('auth.member').set({ role }).where('id', '=', member_id).execute();
        await recordRevocations(transaction, [member_id]);
        return { ...current, role };
      });
      forget([member_id]);
      return member;
    },

    /** The keys go first: should anything fail in between, a later invitation must not bring them back to life. */
    async remove(principal: Principal, member_id: string): Promise<void> {
      const { workspace_id } = principal;
      const member = await db.transaction().execute((transaction) => lockMember(transaction, principal, member_id, null));
      const key_ids = await revokeKeysOf(database, { user_id: member.user_id, workspace_id });
      await db.transaction().execute(async (transaction) => {
        await lockMember(transaction, principal, member_id, null);
        await transaction.deleteFrom('auth.member').where('id', '=', member_id).execute();
        await deleteConnections(transaction, { user_id: member.user_id, workspace_id });
        await recordRevocations(transaction, [member_id, ...key_ids]);
      });
      forget([member_id, ...key_ids]);
    },
  };
}

export function createInvitations({ db }: Pick<MemberParts, 'db'>) {
  return {
    /** A new invitation for the same address replaces the one before. */
    async invite(principal: Principal, input: { email: string; role: Role }): Promise<InvitationView> {
      checkInvitation(principal.role, input.role);
      const { workspace_id } = principal;
      const email = normalEmail(input.email);
      const { secret, hash } = newSecret();
      return db.transaction().execute(async (transaction) => {
        const member = await membersOf(transaction, workspace_id).where('person.email', '=', email).executeTakeFirst();
        if (member !== undefined) throw alreadyMember(email);
        await transaction
          .updateTable('auth.invitation')
          .set({ status: 'canceled' })
          .where('organizationId', '=', workspace_id)
          .where('email', '=', email)
          .where('status', '=', 'pending')
          .execute();
        const { id, expiresAt } = await transaction
          .insertInto('auth.invitation')
          .values({
            id: uuidv7(),
            organizationId: workspace_id,
            inviterId: principal.user_id,
            email,
            role: input.role,
            status: 'pending',
            expiresAt: sql<Date>`now() + make_interval(days => ${invitationDays})`,
            createdAt: sql<Date>`now()`,
            tokenHash: hash.toString('hex'),
          })
          .returning(['id', 'expiresAt'])
          .executeTakeFirstOrThrow();
        return { id, token: secret, email, role: input.role, expires_at: expiresAt };
      });
    },

    async accept(principal: Principal, token: string): Promise<WorkspaceView> {
      if (principal.kind !== 'person') throw personsOnly();
      return db.transaction().execute(async (transaction) => {
        const invitation = await transaction
          .updateTable('auth.invitation')
          .set({ status: 'accepted' })
          .where('tokenHash', '=', hashSecret(token).toString('hex'))
          .where('email', '=', principal.email)
          .where('status', '=', 'pending')
          .where('expiresAt', '>', sql<Date>`now()`)
          .returning(['organizationId', 'role'])
          .executeTakeFirst();
        if (invitation === undefined) throw noSuchInvitation();
        const { organizationId: workspace_id, role } = invitation;
        const joined = await insertMember(transaction, { workspace_id, user_id: principal.user_id, role, created_at: new Date() });
        if (joined === undefined) throw alreadyMember(principal.email);
        const { id, name } = await workspaceRow(transaction, workspace_id);
        return { id, name, role };
      });
    },
  };
}

function membersOf(db: Db, workspace_id: string) {
  return db
    .selectFrom('auth.member as member')
    .innerJoin('auth.user as person', 'person.id', 'member.userId')
    .where('member.organizationId', '=', workspace_id)
    .select(['member.id', 'member.userId as user_id', 'person.email', 'person.name', 'member.role', 'member.createdAt as joined_at']);
}

async function workspaceRow(db: Db, workspace_id: string): Promise<{ id: string; name: string }> {
  return db.selectFrom('auth.organization').select(['id', 'name']).where('id', '=', workspace_id).executeTakeFirstOrThrow();
}

/**
 * The member, when the caller may change it so (`to` null: remove it). The workspace is locked until the transaction ends,
 * so that two owners cannot each demote the other and leave none.
 */
async function lockMember(db: Db, principal: Principal, member_id: string, to: Role | null): Promise<MemberView> {
  const { workspace_id } = principal;
  await db.selectFrom('auth.organization').select('id').where('id', '=', workspace_id).forUpdate().execute();
  const members = await membersOf(db, workspace_id)
    .where((where) =>
      where.or([where('member.id', '=', member_id), where('member.role', '=', 'owner'), where('member.userId', '=', principal.user_id)]),
    )
    .execute();
  const member = members.find(({ id }) => id === member_id);
  const caller = members.find(({ user_id }) => user_id === principal.user_id);
  if (member === undefined || caller === undefined) throw noSuchMember();
  const owners = members.filter(({ role }) => role === 'owner').length;
  checkMemberChange({ by: caller.role, self: member === caller, from: member.role, to, owners });
  return member;
}
