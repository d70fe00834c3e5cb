/** Invitations into a workspace: made, listed, withdrawn and accepted. */

import { type Kysely, sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { insertMember } from './accounts.ts';
import type { Audit } from './audit.ts';
import { hashSecret, newSecret } from './key-format.ts';
import { membersOf } from './members.ts';
import type { Principal, Role } from './principal.ts';
import { alreadyMember, noSuchInvitation, noSuchOpenInvitation, personsOnly } from './problems.ts';
import { checkInvitation, invitationDays, normalEmail } from './rules.ts';
import type { AuthTables } from './tables.ts';
import type { InvitationView, NewInvitationView, WorkspaceView } from './types.ts';

type Db = Kysely<AuthTables>;

export function createInvitations({ db, audit }: { db: Db; audit: Audit }) {
  return {
    /** A new invitation for the same address replaces the one before. */
    async invite(principal: Principal, input: { email: string; role: Role }): Promise<NewInvitationView> {
      checkInvitation(principal.role, input.role);
      const { workspace_id } = principal;
      const email = normalEmail(input.email);
      const { secret, hash } = newSecret();
      return db.transaction().execute(async (transaction) => {
        const member = await membersOf(transaction, workspace_id).where('person.email', '=', email).executeTakeFirst();
        if (member !== undefined) throw alreadyMember(email);
        await closing(transaction, workspace_id).where('email', '=', email).execute();
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

    async list(workspace_id: string, { limit, after }: { limit: number; after?: string | undefined }): Promise<InvitationView[]> {
      let query = invitationsOf(db, workspace_id)
        .where('invitation.expiresAt', '>', sql<Date>`now()`)
        .orderBy('invitation.id')
        .limit(limit);
      if (after !== undefined) query = query.where('invitation.id', '>', after);
      return (await query.execute()).map(toView);
    },

    async revoke(workspace_id: string, invitation_id: string): Promise<InvitationView> {
      return db.transaction().execute(async (transaction) => {
        const row = await invitationsOf(transaction, workspace_id).where('invitation.id', '=', invitation_id).executeTakeFirst();
        const { numUpdatedRows } = await closing(transaction, workspace_id).where('id', '=', invitation_id).executeTakeFirstOrThrow();
        // In between somebody may have accepted it, and is a member now.
        if (row === undefined || numUpdatedRows === 0n) throw noSuchOpenInvitation();
        return toView(row);
      });
    },

    async accept(principal: Principal, token: string): Promise<WorkspaceView> {
      if (principal.kind !== 'person') throw personsOnly();
      const { user_id, email } = principal;
      const joined = await db.transaction().execute((transaction) => join(transaction, { user_id, email }, token));
      await audit.tell('member.joined', { account: { id: user_id }, workspace_id: joined.id }, { data: { role: joined.role } });
      return joined;
    },
  };
}

async function join(db: Db, { user_id, email }: { user_id: string; email: string }, token: string): Promise<WorkspaceView> {
  const invitation = await db
    .updateTable('auth.invitation')
    .set({ status: 'accepted' })
    .where('tokenHash', '=', hashSecret(token).toString('hex'))
    .where('email', '=', email)
    .where('status', '=', 'pending')
    .where('expiresAt', '>', sql<Date>`now()`)
    .returning(['organizationId', 'role'])
    .executeTakeFirst();
  if (invitation === undefined) throw noSuchInvitation();
  const { organizationId: workspace_id, role } = invitation;
  const member_id = await insertMember(db, { workspace_id, user_id, role, created_at: new Date() });
  if (member_id === undefined) throw alreadyMember(email);
  const { id, name } = await db
    .selectFrom('auth.organization')
    .select(['id', 'name'])
    .where('id', '=', workspace_id)
    .executeTakeFirstOrThrow();
  return { id, name, role };
}

/** Closes the invitations that it is narrowed to. */
function closing(db: Db, workspace_id: string) {
  return db
    .updateTable('auth.invitation')
    .set({ status: 'canceled' })
    .where('organizationId', '=', workspace_id)
    .where('status', '=', 'pending');
}

/** The open ones. The inviter may have left the workspace, and is named all the same. */
function invitationsOf(db: Db, workspace_id: string) {
  return db
    .selectFrom('auth.invitation as invitation')
    .innerJoin('auth.user as inviter', 'inviter.id', 'invitation.inviterId')
    .where('invitation.organizationId', '=', workspace_id)
    .where('invitation.status', '=', 'pending')
    .select(['invitation.id', 'invitation.email', 'invitation.role', 'inviter.id as inviter_id', 'inviter.name as inviter_name'])
    .select(['invitation.createdAt as created_at', 'invitation.expiresAt as expires_at']);
}

type Row = Awaited<ReturnType<ReturnType<typeof invitationsOf>['execute']>>[number];

function toView({ inviter_id, inviter_name, ...row }: Row): InvitationView {
  return { ...row, invited_by: { id: inviter_id, name: inviter_name } };
}
