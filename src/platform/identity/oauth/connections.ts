/** Connections: what people allowed clients to do, who holds an access token, and how that ends. */

import { type Kysely, sql } from 'kysely';
import type { CredentialCache } from '../credential-cache.ts';
import { type Principal, type Role, type Scope, agentScopes } from '../principal.ts';
import { noSuchConnection, unknownCredential } from '../problems.ts';
import { recordRevocations } from '../revocations.ts';
import { agentScopesOf } from '../rules.ts';
import type { AuthTables } from '../tables.ts';
import type { ConnectionView } from '../types.ts';
import { isDocumentAddress } from './clients.ts';
import { accessTokenPrefix, storedForm } from './provider.ts';

type Db = Kysely<AuthTables>;

export interface ConnectionParts {
  db: Db;
  cache: CredentialCache<Principal>;
  /** The audience that a token must be for. */
  resource: string;
  forget(subject_ids: readonly string[]): void;
}

const tokenForm = /^qda_[A-Za-z0-9_-]{43}$/;

export function createConnections({ db, cache, resource, forget }: ConnectionParts) {
  return {
    async verify(token: string): Promise<Principal> {
      if (!tokenForm.test(token)) throw unknownCredential('malformed');
      const hash = storedForm(token.slice(accessTokenPrefix.length));
      const principal = await cache.read(hash, async () => {
        const holder = await findTokenHolder(db, hash, resource);
        if (holder === undefined) return undefined;
        return { value: connectionPrincipal(holder), subjects: [holder.id, holder.user_id, holder.member_id] };
      });
      if (principal === undefined || (principal.expires_at?.getTime() ?? 0) <= Date.now()) throw unknownCredential();
      return principal;
    },

    /** Those of the caller; for owners and admins, all of the workspace. From the oldest. */
    async list(principal: Principal, page: { limit: number; after?: string | undefined }): Promise<ConnectionView[]> {
      let query = visible(db, principal).orderBy('consent.id').limit(page.limit);
      if (page.after !== undefined) query = query.where('consent.id', '>', page.after);
      return (await query.execute()).map(toView);
    },

    /** Ends it for good, with every token that came of it. The person can sign the client in again. */
    async revoke(principal: Principal, connection_id: string): Promise<ConnectionView> {
      const revoked = await db.transaction().execute(async (transaction) => {
        const row = await visible(transaction, principal).where('consent.id', '=', connection_id).executeTakeFirst();
        if (row === undefined) throw noSuchConnection();
        await deleteConnections(transaction, { user_id: row.user_id, workspace_id: principal.workspace_id, client_id: row.client_id });
        await recordRevocations(transaction, [row.id]);
        return row;
      });
      forget([revoked.id]);
      return toView(revoked);
    },
  };
}

/** Who allowed which client, for what. */
export interface ConnectionOwner {
  user_id: string;
  workspace_id: string;
  client_id: string;
}

/** With all their tokens, in the caller's transaction: those of a person, of a person in a workspace, or the one of a client there. */
export async function deleteConnections(
  db: Db,
  { user_id, workspace_id, client_id }: Pick<ConnectionOwner, 'user_id'> & Partial<ConnectionOwner>,
): Promise<void> {
  for (const table of ['auth.oauthAccessToken', 'auth.oauthRefreshToken', 'auth.oauthConsent'] as const) {
    let query = db.deleteFrom(table).where('userId', '=', user_id);
    if (workspace_id !== undefined) query = query.where('referenceId', '=', workspace_id);
    if (client_id !== undefined) query = query.where('clientId', '=', client_id);
    await query.execute();
  }
}

export async function findConnection(
  db: Db,
  { user_id, workspace_id, client_id }: ConnectionOwner,
): Promise<Pick<ConnectionView, 'id' | 'name' | 'scopes'> | undefined> {
  const row = await connectionsIn(db, workspace_id)
    .where('consent.userId', '=', user_id)
    .where('consent.clientId', '=', client_id)
    .orderBy('consent.id')
    .executeTakeFirst();
  return row === undefined ? undefined : toView(row);
}

/** What a call with an access token needs to know, read in one statement. */
interface TokenHolder {
  /** Of the connection, which outlives the token. */
  id: string;
  name: string;
  scopes: Scope[];
  workspace_id: string;
  workspace_name: string;
  expires_at: Date;
  user_id: string;
  user_name: string;
  email: string;
  member_id: string;
  role: Role;
}

/** Two consents at the same moment leave two rows; the older one is the connection. */
async function findTokenHolder(db: Db, hash: string, resource: string): Promise<TokenHolder | undefined> {
  const found = await sql<TokenHolder>`
    select consent.id, client.name, token.scopes, workspace.id as workspace_id, workspace.name as workspace_name,
      token."expiresAt" as expires_at,
      person.id as user_id, person.name as user_name, person.email, member.id as member_id, member.role
    from auth."oauthAccessToken" as token
    join auth."oauthClient" as client on client."clientId" = token."clientId" and client.disabled is not true
    join auth."user" as person on person.id = token."userId" and person."disabledAt" is null
    join auth.member as member on member."userId" = person.id and member."organizationId"::text = token."referenceId"
    join auth.organization as workspace on workspace.id = member."organizationId"
    join auth."oauthConsent" as consent on consent."clientId" = token."clientId" and consent."userId" = token."userId"
      and consent."referenceId" = token."referenceId"
    where token.token = ${hash} and token.revoked is null and token."expiresAt" > now()
      and token.resources @> ${JSON.stringify([resource])}::jsonb
    order by consent.id limit 1`.execute(db);
  return found.rows[0];
}

function connectionPrincipal(holder: TokenHolder): Principal {
  const scopes = agentScopesOf(holder.role, holder.scopes);
  return {
    kind: 'agent',
    id: holder.id,
    name: holder.name,
    user_id: holder.user_id,
    user_name: holder.user_name,
    email: holder.email,
    workspace_id: holder.workspace_id,
    workspace_name: holder.workspace_name,
    role: holder.role,
    scopes,
    grantable: agentScopesOf(holder.role, null).filter((scope) => !scopes.includes(scope)),
    toolsets: null,
    session_id: null,
    expires_at: holder.expires_at,
  };
}

function visible(db: Db, { kind, role, user_id, workspace_id }: Principal) {
  const query = connectionsIn(db, workspace_id);
  const all = kind === 'person' && (role === 'owner' || role === 'admin');
  return all ? query : query.where('consent.userId', '=', user_id);
}

function connectionsIn(db: Db, workspace_id: string) {
  return db
    .selectFrom('auth.oauthConsent as consent')
    .innerJoin('auth.oauthClient as client', 'client.clientId', 'consent.clientId')
    .select(['consent.id', 'consent.userId as user_id', 'consent.scopes', 'consent.createdAt as created_at'])
    .select(['client.clientId as client_id', 'client.name', 'consent.updatedAt as allowed_at'])
    .where('consent.referenceId', '=', workspace_id);
}

type Row = Awaited<ReturnType<ReturnType<typeof visible>['execute']>>[number];

function toView({ id, name, client_id, scopes, user_id, created_at, allowed_at }: Row): ConnectionView {
  const website = isDocumentAddress(client_id) ? new URL(client_id).host : null;
  const allowed = agentScopes.filter((scope) => scopes.includes(scope));
  return { id, name: name ?? '', website, scopes: allowed, user_id, created_at, allowed_at };
}

/** Ends all tokens of the sign-in that this one came of: what a token is revoked for, or replayed. */
export async function endFamily(db: Db, hash: string, client_id?: string): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    for (const table of ['auth.oauthAccessToken', 'auth.oauthRefreshToken'] as const) {
      const found = await transaction
        .selectFrom(table)
        .select(['clientId', 'authorizationCodeId'])
        .where('token', '=', hash)
        .executeTakeFirst();
      if (found === undefined || (client_id !== undefined && found.clientId !== client_id)) continue;
      for (const family of ['auth.oauthAccessToken', 'auth.oauthRefreshToken'] as const)
        await transaction.deleteFrom(family).where('authorizationCodeId', '=', found.authorizationCodeId).execute();
      return;
    }
  });
}

/** Whose refresh token it is when it was used before, and so long ago that this is not the same request again. */
export async function findReplayed(db: Db, hash: string): Promise<ConnectionOwner | undefined> {
  return db
    .selectFrom('auth.oauthRefreshToken')
    .select(['userId as user_id', 'referenceId as workspace_id', 'clientId as client_id'])
    .where('token', '=', hash)
    .where('revoked', 'is not', null)
    .where((where) =>
      where.or([where('rotationReplayExpiresAt', 'is', null), where('rotationReplayExpiresAt', '<', sql<Date>`clock_timestamp()`)]),
    )
    .executeTakeFirst();
}
