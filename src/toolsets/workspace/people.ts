/** Who is in the workspace: members and invitations. Only people manage people. */

import { z } from 'zod';
import { pageById } from '../../operations/cursor.ts';
import { cursor, limit, nextCursor } from '../../operations/fields.ts';
import { defineOperation } from '../../operations/operation.ts';
import { invitation, member, newInvitation, role, workspace } from './schema.ts';

const memberId = z.uuid().describe('Id of the membership, as list_members shows it');

export const listMembers = defineOperation({
  name: 'list_members',
  title: 'List members',
  description: 'Lists the people of the workspace and their roles.',
  keywords: 'who people persons team colleagues users works show which belongs',
  input: z.strictObject({ limit, cursor }),
  output: z.object({ items: z.array(member), next_cursor: nextCursor }),
  access: 'read',
  scope: 'workspace:read',
  http: { method: 'GET', path: '/members' },
  faces: ['rest'],
  transaction: 'none',
  async handler(context, input) {
    const { identity, workspace_id } = context;
    return pageById(
      'members',
      input,
      context.page_bytes,
      (page) => identity.listMembers(workspace_id, page),
      (row) => row,
    );
  },
});

export const inviteMember = defineOperation({
  name: 'invite_member',
  title: 'Invite somebody',
  description: 'Invites an e-mail address into the workspace. Hand the token to that person; it works once, for seven days.',
  keywords: 'add ask bring colleague person user team join new',
  input: z.strictObject({ email: z.email().max(320), role: role.default('member') }),
  output: z.object({ invitation: newInvitation }),
  access: 'write',
  scope: 'members:write',
  http: { method: 'POST', path: '/invitations', status: 201 },
  faces: ['rest'],
  transaction: 'none',
  person_only: true,
  secret_output: true,
  async handler(context, input) {
    const made = await context.identity.invite(context.principal, input);
    await context.transaction('write', async ({ emit }) =>
      emit({ type: 'member.invited', subject: made.email, data: { role: made.role } }),
    );
    return { invitation: made };
  },
});

export const listInvitations = defineOperation({
  name: 'list_invitations',
  title: 'List invitations',
  description: 'Lists the invitations into the workspace that can still be accepted. Their tokens are never shown again.',
  keywords: 'who invited pending open waiting people show',
  input: z.strictObject({ limit, cursor }),
  output: z.object({ items: z.array(invitation), next_cursor: nextCursor }),
  access: 'read',
  scope: 'members:write',
  http: { method: 'GET', path: '/invitations' },
  faces: ['rest'],
  transaction: 'none',
  person_only: true,
  async handler(context, input) {
    const { identity, workspace_id } = context;
    return pageById(
      'invitations',
      input,
      context.page_bytes,
      (page) => identity.listInvitations(workspace_id, page),
      (row) => row,
    );
  },
});

export const revokeInvitation = defineOperation({
  name: 'revoke_invitation',
  title: 'Withdraw an invitation',
  description: 'Withdraws an invitation that was not accepted yet: its token joins nobody any more.',
  keywords: 'cancel undo delete remove uninvite stop token',
  input: z.strictObject({ invitation_id: z.uuid().describe('Id of the invitation, as list_invitations shows it') }),
  output: z.object({ invitation_id: z.string(), status: z.literal('revoked') }),
  access: 'destroy',
  scope: 'members:write',
  http: { method: 'DELETE', path: '/invitations/{invitation_id}' },
  faces: ['rest'],
  transaction: 'none',
  person_only: true,
  hints: { idempotent: true },
  async handler(context, { invitation_id }) {
    const revoked = await context.identity.revokeInvitation(context.workspace_id, invitation_id);
    await context.transaction('write', async ({ emit }) =>
      emit({ type: 'invitation.revoked', subject: revoked.email, data: { invitation_id, role: revoked.role } }),
    );
    return { invitation_id, status: 'revoked' as const };
  },
});

export const acceptInvitation = defineOperation({
  name: 'accept_invitation',
  title: 'Accept an invitation',
  description: 'Joins the workspace of an invitation. Sign in to it afterwards with its name or id as `workspace`.',
  keywords: 'join enter invited code token become',
  input: z.strictObject({ token: z.string().min(1).max(200).describe('From the invitation') }),
  output: z.object({ workspace }),
  access: 'write',
  // Joining another workspace needs no right in the present one.
  scope: 'workspace:read',
  http: { method: 'POST', path: '/invitations/{token}/accept' },
  faces: ['rest'],
  transaction: 'none',
  person_only: true,
  hints: { idempotent: true },
  async handler(context, { token }) {
    return { workspace: await context.identity.acceptInvitation(context.principal, token) };
  },
});

export const updateMember = defineOperation({
  name: 'update_member',
  title: 'Change a role',
  description: 'Changes the role of a member. Only owners make owners; the last owner stays one.',
  keywords: 'promote demote role rights permission person user admin administrator owner viewer make set',
  input: z.strictObject({ member_id: memberId, role }),
  output: z.object({ member }),
  access: 'write',
  scope: 'members:write',
  http: { method: 'PATCH', path: '/members/{member_id}' },
  faces: ['rest'],
  transaction: 'none',
  person_only: true,
  hints: { idempotent: true },
  async handler(context, input) {
    const changed = await context.identity.changeMember(context.principal, input.member_id, input.role);
    await context.transaction('write', async ({ emit }) =>
      emit({ type: 'member.changed', subject: changed.email, data: { role: changed.role } }),
    );
    return { member: changed };
  },
});

export const removeMember = defineOperation({
  name: 'remove_member',
  title: 'Remove a member',
  description: 'Takes somebody out of the workspace; tokens and keys of that person for it stop within five seconds.',
  keywords: 'kick expel fire delete person user colleague team out',
  input: z.strictObject({ member_id: memberId }),
  output: z.object({ member_id: z.string(), status: z.literal('removed') }),
  access: 'destroy',
  scope: 'members:write',
  http: { method: 'DELETE', path: '/members/{member_id}' },
  faces: ['rest'],
  transaction: 'none',
  person_only: true,
  async handler(context, { member_id }) {
    const { email, role: had } = await context.identity.removeMember(context.principal, member_id);
    await context.transaction('write', async ({ emit }) =>
      emit({ type: 'member.removed', subject: email, data: { member_id, role: had } }),
    );
    return { member_id, status: 'removed' as const };
  },
});
