/** What happens to accounts and to access leaves an event: one list of it all, each with what was done. */

import { sql } from 'kysely';
import { beforeAll, expect, test } from 'vitest';
import type { Actor } from '../../../src/platform/identity/principal.ts';
import type { AuthTables } from '../../../src/platform/identity/tables.ts';
import { connectApp, refresh } from '../../support/oauth.ts';
import { type Client, type TestUser, client, signUp } from '../../support/server.ts';
import type { Stage } from './stage.ts';

interface EventRow {
  id: string;
  type: string;
  subject: string;
  owner_id: string | null;
  actor: Actor;
}

let stage: () => Stage;
/** The owner of a workspace, and somebody who comes in, and goes. Ada is the operator of the installation. */
let olga: TestUser;
let bob: TestUser;
/** The last event that was looked at. */
let seen = 0;
const made = { key: '', member: '', invitation: { id: '', token: '' } };

/** What came since the last time, as `Olga: key.created CI`; in brackets what only its person sees. */
async function news(): Promise<string[]> {
  const { rows } = await stage().server.platform.database.transaction('system', { mode: 'read' }, ({ db }) =>
    sql<EventRow>`select id::text, type, subject, owner_id, actor from events where id > ${seen} and workspace_id in (${olga.workspace.id}, ${bob.workspace.id}) order by id`.execute(
      db,
    ),
  );
  seen = Number(rows.at(-1)?.id ?? seen);
  return rows.map(({ actor, type, subject, owner_id }) => {
    const text = `${actor.name}: ${type} ${subject.replace(/-[0-9a-f-]{36}@example.com$/, '')}`;
    return owner_id === null ? text : `(${text})`;
  });
}

const admin = () => stage().server.platform.identity.admin;
const guess = (password: string) => client(stage().url).post('/api/auth/signin', { email: olga.email, password });
const passwords = (current_password: string, new_password: string) =>
  olga.person.post('/api/auth/password', { current_password, new_password });
const invite = async (user: TestUser) => {
  const { body } = await olga.person.post<{ invitation: { id: string; token: string } }>('/invitations', {
    email: user.email,
    role: 'member',
  });
  made.invitation = body.invitation;
};
const idOf = async (person: Client, path: string, name: string) => {
  const { body } = await person.get<{ items: { id: string; name: string }[] }>(path);
  return body.items.find((item) => item.name === name)?.id ?? '';
};
const auth = () => stage().server.platform.database.owner.withTables<AuthTables>();

/** In this order, because later ones need what earlier ones made. */
const list: [what: string, expected: string[], act: () => Promise<unknown>][] = [
  ['a sign-in', ['(Olga: sign_in.succeeded olga)'], () => guess(olga.password)],
  ['a wrong password', ['(Olga: sign_in.failed olga)'], () => guess('not the password')],
  [
    'the guess that locks the account',
    ['(Olga: sign_in.locked olga)'],
    async () => {
      await auth()
        .updateTable('auth.sign_in_attempts')
        .set({ failures: 10, locked_until: new Date(0) })
        .execute();
      await guess('not the password');
      await auth().deleteFrom('auth.sign_in_attempts').execute();
    },
  ],
  ['a guess at the current password', ['(Olga: sign_in.failed olga)'], () => passwords('not the password', 'battery horse correct')],
  ['a new password', ['(Olga: password.changed olga)'], () => passwords(olga.password, 'battery horse correct')],
  [
    'a new key',
    ['Olga: key.created CI'],
    async () => {
      made.key = (await olga.person.post<{ id: string }>('/keys', { name: 'CI' })).body.id;
    },
  ],
  ['a key rotated', ['Olga: key.rotated CI'], () => olga.person.post(`/keys/${made.key}/rotate`)],
  ['a key revoked', ['Olga: key.revoked CI'], () => olga.person.delete(`/keys/${made.key}`)],
  ['an invitation', ['Olga: member.invited bob'], () => invite(bob)],
  ['an invitation withdrawn', ['Olga: invitation.revoked bob'], () => olga.person.delete(`/invitations/${made.invitation.id}`)],
  [
    'an invitation accepted',
    ['Olga: member.invited bob', '(Bob: sign_in.succeeded bob)', 'Bob: member.joined bob'],
    async () => {
      await invite(bob);
      const { email, password } = bob;
      const { body } = await client(stage().url).post<{ token: string }>('/api/auth/signin', { email, password });
      await client(stage().url, body.token).post(`/invitations/${made.invitation.token}/accept`);
    },
  ],
  [
    'a new role',
    ['Olga: member.changed bob'],
    async () => {
      made.member = await idOf(olga.person, '/members', 'Bob');
      await olga.person.patch(`/members/${made.member}`, { role: 'viewer' });
    },
  ],
  ['a member removed', ['Olga: member.removed bob'], () => olga.person.delete(`/members/${made.member}`)],
  [
    'an account made in a workspace by the operator',
    ['Ada: member.joined dave@example.com'],
    () => admin().createUser({ email: 'dave@example.com', password: 'battery horse correct', workspace: olga.workspace.id }),
  ],
  ['an account closed', ['Ada: account.disabled dave@example.com'], () => admin().disableUser('dave@example.com')],
  ['a closed account closed again', [], () => admin().disableUser('dave@example.com')],
  ['an account opened again', ['Ada: account.enabled dave@example.com'], () => admin().enableUser('dave@example.com')],
  ['an app allowed', ['(Bob: sign_in.succeeded bob)', 'Bob: connection.allowed Test app'], () => connectApp(stage().url, bob)],
  [
    'a refresh token used twice',
    ['(Bob: sign_in.succeeded bob)', 'Bob: connection.allowed Test app', 'Bob: connection.replayed Test app'],
    async () => {
      const app = await connectApp(stage().url, bob);
      await refresh(stage().url, app);
      await auth()
        .updateTable('auth.oauthRefreshToken')
        .set({ rotationReplayExpiresAt: new Date(0) })
        .execute();
      await refresh(stage().url, app);
    },
  ],
  [
    'an app disconnected',
    ['Bob: connection.revoked Test app'],
    async () => bob.person.delete(`/connections/${await idOf(bob.person, '/connections', 'Test app')}`),
  ],
  ['a new password from the operator', ['(Ada: password.changed bob)'], () => admin().setPassword(bob.email, bob.password)],
];

/** One test for each of the list. */
export function holdAudit(of: () => Stage): void {
  beforeAll(async () => {
    stage = of;
    [olga, bob] = [await signUp(stage().url, 'Olga'), await signUp(stage().url, 'Bob')];
    await news();
  });

  test.each(list)('in the events, %s leaves %j', async (_what, expected, act) => {
    await act();
    const heard: string[] = [];
    // Those about sign-ins are written after the answer.
    await expect.poll(async () => heard.push(...(await news())), { timeout: 10_000 }).toBeGreaterThanOrEqual(expected.length);
    expect(heard.toSorted()).toEqual(expected.toSorted());
  });
}
