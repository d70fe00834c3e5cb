/** People: sign-up, sign-in, refresh, sign-out, and who holds a session token. */

import { isAPIError } from 'better-auth/api';
import { type Kysely, sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { forbidden } from '../problem.ts';
import { findUser, insertAccount, insertMember, insertWorkspace, membershipsOf } from './accounts.ts';
import { beginAttempt, forgetAttempts } from './attempts.ts';
import type { Audit } from './audit.ts';
import { type Auth, sessionSeconds } from './better-auth.ts';
import type { CredentialCache, Loaded } from './credential-cache.ts';
import { type Principal, scopesOfRole } from './principal.ts';
import { addressTaken, noSuchWorkspace, signInLocked, unknownCredential, wrongPassword } from './problems.ts';
import { recordRevocations } from './revocations.ts';
import { type Membership, checkPassword, chooseMembership, normalEmail, personName, refreshGraceSeconds, workspaceName } from './rules.ts';
import type { AuthTables } from './tables.ts';
import type { Tokens } from './tokens.ts';
import type { SessionView, UserView } from './types.ts';

type Db = Kysely<AuthTables>;

export interface SessionParts {
  auth: Auth;
  db: Db;
  tokens: Tokens;
  cache: CredentialCache<Principal>;
  audit: Audit;
  signup: 'open' | 'closed';
  forget(subject_ids: readonly string[]): void;
}

export function createSessions({ auth, db, tokens, cache, audit, signup, forget }: SessionParts) {
  async function startSession(user: UserView, membership: Membership): Promise<SessionView> {
    const { internalAdapter } = await auth.$context;
    const session = await internalAdapter.createSession(user.id);
    return viewSession(session.id, user, membership);
  }

  async function viewSession(session_id: string, user: UserView, membership: Membership): Promise<SessionView> {
    const { workspace_id, workspace_name, role } = membership;
    const { token, expires_at } = await tokens.issue({ user_id: user.id, session_id, workspace_id });
    return {
      token,
      expires_at: expires_at.toISOString(),
      user: { id: user.id, email: user.email, name: user.name },
      workspace: { id: workspace_id, name: workspace_name, role },
    };
  }

  return {
    async signUp(input: { email: string; password: string; name?: string | undefined }): Promise<SessionView> {
      if (signup === 'closed') throw signupClosed();
      const user = await createPerson({ auth, db }, input);
      return startSession(user, user.membership);
    },

    async signIn(input: {
      email: string;
      password: string;
      workspace?: string | undefined;
      address?: string | undefined;
    }): Promise<SessionView> {
      const email = input.email.trim().toLowerCase();
      const { session_id } = await checkCredentials({ auth, db, audit }, { email, password: input.password, address: input.address ?? '' });
      const session = await db
        .selectFrom('auth.session')
        .innerJoin('auth.user as user', 'user.id', 'auth.session.userId')
        .select(['user.id', 'user.email', 'user.name', 'user.disabledAt'])
        .where('auth.session.id', '=', session_id)
        .executeTakeFirstOrThrow();
      const membership = chooseMembership(await requireMemberships(db, session), input.workspace);
      if (session.disabledAt === null && membership !== undefined) {
        const { workspace_id } = membership;
        audit.note('sign_in.succeeded', { account: { email }, workspace_id }, { address: input.address ?? '', session_id });
        return viewSession(session_id, session, membership);
      }
      await db.deleteFrom('auth.session').where('id', '=', session_id).execute();
      throw session.disabledAt === null ? noSuchWorkspace() : wrongPassword();
    },

    async refresh(token: string): Promise<SessionView> {
      const claims = await tokens.verify(token, refreshGraceSeconds);
      const found = await findSession(db, claims);
      if (found === undefined) throw unknownCredential();
      await db
        .updateTable('auth.session')
        .set({ expiresAt: sql<Date>`now() + make_interval(secs => ${sessionSeconds})`, updatedAt: sql<Date>`now()` })
        .where('id', '=', claims.session_id)
        .execute();
      return viewSession(claims.session_id, { id: found.user_id, email: found.email, name: found.name }, found);
    },

    async signOut(principal: Principal): Promise<void> {
      const { session_id } = principal;
      if (session_id === null)
        throw forbidden({ message: 'An API key has no session to end.', next: 'Revoke the key with DELETE /keys/{key_id}.' });
      await db.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('auth.session').where('id', '=', session_id).execute();
        await recordRevocations(transaction, [session_id]);
      });
      forget([session_id]);
    },

    async verify(token: string): Promise<Principal> {
      const claims = await tokens.verify(token);
      const principal = await cache.read(
        `${claims.session_id} ${claims.workspace_id}`,
        async (): Promise<Loaded<Principal> | undefined> => {
          const found = await findSession(db, claims);
          if (found === undefined) return undefined;
          const user = { id: found.user_id, email: found.email, name: found.name };
          return {
            value: personPrincipal(user, found, claims.session_id),
            subjects: [claims.session_id, found.user_id, found.member_id],
          };
        },
      );
      if (principal === undefined) throw unknownCredential();
      return { ...principal, expires_at: claims.expires_at };
    },
  };
}

/** A person with a workspace of its own, all or nothing. The password is hashed before the transaction begins. */
export async function createPerson(
  { auth, db }: Pick<SessionParts, 'auth' | 'db'>,
  input: { email: string; password: string; name?: string | undefined },
  join?: { workspace_id: string; workspace_name: string; role: Membership['role'] },
): Promise<UserView & { membership: Membership }> {
  const email = normalEmail(input.email);
  checkPassword(input.password, email);
  const { password: hasher } = await auth.$context;
  const password = await hasher.hash(input.password);
  const created_at = new Date();
  const user = { id: uuidv7(), email, name: personName(email, input.name) };
  const workspace = join ?? { workspace_id: uuidv7(), workspace_name: workspaceName(user.name), role: 'owner' as const };
  const { workspace_id, workspace_name, role } = workspace;
  return db.transaction().execute(async (transaction) => {
    if (!(await insertAccount(transaction, { ...user, password, created_at }))) throw addressTaken();
    if (join === undefined) await insertWorkspace(transaction, { id: workspace_id, name: workspace_name, created_at });
    const member_id = await insertMember(transaction, { workspace_id, user_id: user.id, role, created_at });
    if (member_id === undefined) throw addressTaken();
    return { ...user, membership: { member_id, role, workspace_id, workspace_name } };
  });
}

/** Whoever was only in the workspace of somebody else and was removed from it gets one of its own, and can go on. */
export async function requireMemberships(db: Db, user: UserView): Promise<Membership[]> {
  const memberships = await membershipsOf(db, user.id);
  if (memberships.length > 0) return memberships;
  return db.transaction().execute(async (transaction) => {
    await transaction.selectFrom('auth.user').select('id').where('id', '=', user.id).forUpdate().execute();
    const meanwhile = await membershipsOf(transaction, user.id);
    if (meanwhile.length === 0) {
      const workspace = { id: uuidv7(), name: workspaceName(user.name), created_at: new Date() };
      await insertWorkspace(transaction, workspace);
      await insertMember(transaction, { workspace_id: workspace.id, user_id: user.id, role: 'owner', created_at: workspace.created_at });
    }
    return membershipsOf(transaction, user.id);
  });
}

/**
 * Better Auth compares the password, hashing in either case, and starts a session. `browser`: a short one, which ends with the
 * browser that keeps the cookies. Whether the account is disabled is the caller's to check.
 */
export async function checkCredentials(
  { auth, db, audit }: Pick<SessionParts, 'auth' | 'db' | 'audit'>,
  { email, password, address }: { email: string; password: string; address: string },
  browser = false,
): Promise<{ session_id: string; user_id: string; cookies: string[] }> {
  const { wait_seconds, lock_seconds } = await beginAttempt(db, { email, client_address: address });
  if (wait_seconds > 0) throw signInLocked(wait_seconds);
  const body = { email, password, rememberMe: !browser };
  const signedIn = await auth.api.signInEmail({ body, returnHeaders: true }).catch((error: unknown) => {
    if (!isAPIError(error) || error.statusCode >= 500) throw error;
    audit.note(
      lock_seconds > 0 ? 'sign_in.locked' : 'sign_in.failed',
      { account: { email } },
      { address, ...(lock_seconds > 0 ? { lock_seconds } : {}) },
    );
    throw wrongPassword();
  });
  const { token } = signedIn.response;
  await forgetAttempts(db, { email });
  const session = await db.selectFrom('auth.session').select(['id', 'userId']).where('token', '=', token).executeTakeFirstOrThrow();
  // Nobody else tidies up what ran out, and a person signs in rarely enough to do it then.
  await db
    .deleteFrom('auth.session')
    .where('userId', '=', session.userId)
    .where('expiresAt', '<', sql<Date>`now()`)
    .execute();
  return { session_id: session.id, user_id: session.userId, cookies: signedIn.headers.getSetCookie() };
}

/** The person of a live session and its role in the token's workspace; undefined when any of them is gone. */
async function findSession(db: Db, claims: { session_id: string; user_id: string; workspace_id: string }) {
  return db
    .selectFrom('auth.session as session')
    .innerJoin('auth.user as user', 'user.id', 'session.userId')
    .innerJoin('auth.member as member', 'member.userId', 'user.id')
    .innerJoin('auth.organization as workspace', 'workspace.id', 'member.organizationId')
    .select(['user.id as user_id', 'user.email', 'user.name', 'member.id as member_id', 'member.role'])
    .select(['workspace.id as workspace_id', 'workspace.name as workspace_name'])
    .where('session.id', '=', claims.session_id)
    .where('session.expiresAt', '>', sql<Date>`now()`)
    .where('user.id', '=', claims.user_id)
    .where('user.disabledAt', 'is', null)
    .where('workspace.id', '=', claims.workspace_id)
    .executeTakeFirst();
}

export function personPrincipal(user: UserView, membership: Membership, session_id: string | null): Principal {
  const { role, workspace_id, workspace_name } = membership;
  return {
    kind: 'person',
    id: user.id,
    name: user.name,
    user_id: user.id,
    user_name: user.name,
    email: user.email,
    workspace_id,
    workspace_name,
    role,
    scopes: scopesOfRole[role],
    grantable: [],
    toolsets: null,
    session_id,
    expires_at: null,
  };
}

/** Somebody of the installation, without a password: only for administration on the machine itself. */
export async function localPrincipal(
  db: Db,
  by: { email: string } | { operator: true },
  workspace?: string,
): Promise<Principal | undefined> {
  const user = await findUser(db, by);
  if (user === undefined || user.disabledAt !== null) return undefined;
  const membership = chooseMembership(await membershipsOf(db, user.id), workspace);
  if (membership === undefined) throw noSuchWorkspace();
  return personPrincipal(user, membership, null);
}

function signupClosed() {
  return forbidden({
    message: 'Sign-up is closed on this installation: accounts are made by its operator.',
    next: 'Ask the operator for one (`quarterdeck user create`), or set QUARTERDECK_SIGNUP=open.',
  });
}
