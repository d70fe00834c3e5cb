/** Who is in a workspace, and who changes that. */

import type { Kysely } from 'kysely';
import type { Database } from '../database/types.ts';
import { revokeKeysOf } from './key-store.ts';
import { deleteConnections } from './oauth/connections.ts';
import type { Principal, Role } from './principal.ts';
import { noSuchMember } from './problems.ts';
import { recordRevocations } from './revocations.ts';
import { checkMemberChange } from './rules.ts';
import type { AuthTables } from './tables.ts';
import type { MemberView } from './types.ts';

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
    async remove(principal: Principal, member_id: string): Promise<MemberView> {
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
      return member;
    },
  };
}

/** Of one workspace, with their names. */
export function membersOf(db: Db, workspace_id: string) {
  return db
    .selectFrom('auth.member as member')
    .innerJoin('auth.user as person', 'person.id', 'member.userId')
    .where('member.organizationId', '=', workspace_id)
    .select(['member.id', 'member.userId as user_id', 'person.email', 'person.name', 'member.role', 'member.createdAt as joined_at']);
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
