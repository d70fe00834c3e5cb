import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type IdentityHouse, openIdentityHouse } from '../../../test/support/identity.ts';
import type { Principal, Role } from './principal.ts';
import type { Identity, MemberView } from './types.ts';

const password = 'correct horse battery';
const refused = { code: 'unauthenticated' };

describe.each(['embedded', 'postgres'] as const)('members, on %s', (kind) => {
  let house: IdentityHouse;
  let identity: Identity;
  let people = 0;
  /** A fresh workspace for each test. */
  let owner: Principal;

  beforeAll(async () => {
    // Two connections, so that two changes really race on PostgreSQL.
    house = await openIdentityHouse(kind, { connections: 2 });
    identity = await house.replica();
  });
  afterAll(() => house.close());
  beforeEach(async () => void (owner = await newcomer()));

  async function newcomer(): Promise<Principal> {
    people += 1;
    return identity.verify((await identity.signUp({ email: `person${people}@example.org`, password })).token);
  }

  /** A member of the owner's workspace, signed in there. */
  async function join(role: Role): Promise<Principal> {
    const person = await newcomer();
    const { token } = await identity.invite(owner, { email: person.email, role });
    const workspace = await identity.acceptInvitation(person, token);
    return identity.verify((await identity.signIn({ email: person.email, password, workspace: workspace.id })).token);
  }

  const list = () => identity.listMembers(owner.workspace_id, { limit: 100 });

  async function memberOf(principal: Principal): Promise<MemberView> {
    const member = (await list()).find(({ user_id }) => user_id === principal.user_id);
    if (member === undefined) throw new Error('not a member');
    return member;
  }

  test('an invited person joins with the role of the invitation, and signs in there', async () => {
    const member = await join('admin');
    expect(member).toMatchObject({ workspace_id: owner.workspace_id, workspace_name: owner.workspace_name, role: 'admin' });
    expect((await list()).map(({ email, role }) => ({ email, role }))).toEqual([
      { email: owner.email, role: 'owner' },
      { email: member.email, role: 'admin' },
    ]);
    const home = await identity.signIn({ email: member.email, password });
    expect(home.workspace.id).not.toBe(owner.workspace_id);
  });

  test('an invitation is for one address, works once, and is replaced by the next', async () => {
    const [friend, thief] = [await newcomer(), await newcomer()];
    const first = await identity.invite(owner, { email: friend.email.toUpperCase(), role: 'member' });
    const second = await identity.invite(owner, { email: friend.email, role: 'viewer' });
    const missing = { code: 'not_found' };
    await expect(identity.acceptInvitation(friend, first.token)).rejects.toMatchObject(missing);
    await expect(identity.acceptInvitation(thief, second.token)).rejects.toMatchObject(missing);
    await expect(identity.acceptInvitation(friend, 'made-up')).rejects.toMatchObject(missing);
    const accepted = await Promise.allSettled(Array.from({ length: 4 }, () => identity.acceptInvitation(friend, second.token)));
    expect(accepted.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await memberOf(friend)).role).toBe('viewer');
  });

  test('an invitation ends after seven days', async () => {
    const friend = await newcomer();
    const { token, id, expires_at } = await identity.invite(owner, { email: friend.email, role: 'member' });
    expect(expires_at.getTime() - Date.now()).toBeGreaterThan(6.9 * 86_400_000);
    await sql`update auth.invitation set "expiresAt" = now() where id = ${id}`.execute(house.database.owner);
    await expect(identity.acceptInvitation(friend, token)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('open invitations are listed without their tokens until they are accepted, withdrawn or over', async () => {
    const [friend, other] = [await newcomer(), await newcomer()];
    const listed = () => identity.listInvitations(owner.workspace_id, { limit: 100 });
    const { token, ...first } = await identity.invite(owner, { email: friend.email, role: 'admin' });
    const second = await identity.invite(owner, { email: other.email, role: 'viewer' });
    const invited_by = { id: owner.user_id, name: owner.name };
    expect(await listed()).toEqual([{ ...first, invited_by, created_at: expect.any(Date) }, expect.objectContaining({ id: second.id })]);
    expect((await identity.listInvitations(owner.workspace_id, { limit: 1, after: first.id })).map(({ id }) => id)).toEqual([second.id]);
    await identity.acceptInvitation(friend, token);
    const missing = { code: 'not_found' };
    await expect(identity.revokeInvitation(owner.workspace_id, first.id)).rejects.toMatchObject(missing);
    await expect(identity.revokeInvitation(friend.workspace_id, second.id)).rejects.toMatchObject(missing);
    expect((await identity.revokeInvitation(owner.workspace_id, second.id)).email).toBe(other.email);
    await expect(identity.acceptInvitation(other, second.token)).rejects.toMatchObject(missing);
    const third = await identity.invite(owner, { email: other.email, role: 'viewer' });
    await sql`update auth.invitation set "expiresAt" = now() where id = ${third.id}`.execute(house.database.owner);
    expect(await listed()).toEqual([]);
  });

  test('the token of an invitation is not readable in the database', async () => {
    const { token } = await identity.invite(owner, { email: 'new@example.org', role: 'member' });
    const { rows } = await sql`select * from auth.invitation`.execute(house.database.owner);
    expect(JSON.stringify(rows)).not.toContain(token);
  });

  test('who is a member already is not invited, and an agent accepts nothing', async () => {
    const member = await join('member');
    await expect(identity.invite(owner, { email: member.email, role: 'admin' })).rejects.toMatchObject({ code: 'conflict' });
    const agent: Principal = { ...member, kind: 'agent' };
    await expect(identity.acceptInvitation(agent, 'any')).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('a change of role holds at once for the tokens that are out', async () => {
    const session = await join('member');
    const changed = await identity.changeMember(owner, (await memberOf(session)).id, 'viewer');
    expect(changed).toEqual(await memberOf(session));
    const again = await identity.signIn({ email: session.email, password, workspace: owner.workspace_id });
    expect((await identity.verify(again.token)).role).toBe('viewer');
  });

  test('what a caller may change follows its role now, not the one of when it signed in', async () => {
    const [admin, member] = [await join('admin'), await join('member')];
    await identity.changeMember(owner, (await memberOf(admin)).id, 'viewer');
    await expect(identity.changeMember(admin, (await memberOf(member)).id, 'admin')).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('of two owners who demote each other at once, one remains', async () => {
    const second = await join('owner');
    const [first, other] = [await memberOf(owner), await memberOf(second)];
    const attempts = await Promise.allSettled([
      identity.changeMember(owner, other.id, 'member'),
      identity.changeMember(second, first.id, 'member'),
    ]);
    expect(attempts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await list()).filter(({ role }) => role === 'owner')).toHaveLength(1);
  });

  test('the last owner cannot leave', async () => {
    await join('admin');
    await expect(identity.removeMember(owner, (await memberOf(owner)).id)).rejects.toMatchObject({ code: 'conflict' });
  });

  test('a removed member is out with token and keys, also when invited again', async () => {
    const { email, ...member } = await join('member');
    const { token } = await identity.signIn({ email, password, workspace: owner.workspace_id });
    const principal = { ...member, email };
    const { key } = await house.within(principal, (scope) => identity.createKey(scope, principal, { name: 'worker' }));
    await Promise.all([identity.verify(token), identity.verify(key)]);
    await identity.removeMember(owner, (await memberOf(principal)).id);
    for (const credential of [token, key]) await expect(identity.verify(credential)).rejects.toMatchObject(refused);
    const invitation = await identity.invite(owner, { email, role: 'member' });
    await identity.acceptInvitation(principal, invitation.token);
    await expect(identity.verify(key)).rejects.toMatchObject(refused);
  });

  test('members of another workspace are not found', async () => {
    const [outsider, member] = [await newcomer(), await memberOf(owner)];
    const missing = { code: 'not_found' };
    await expect(identity.changeMember(outsider, member.id, 'viewer')).rejects.toMatchObject(missing);
    await expect(identity.removeMember(outsider, member.id)).rejects.toMatchObject(missing);
    await expect(identity.removeMember(owner, crypto.randomUUID())).rejects.toMatchObject(missing);
  });
});
