/** The authorization server: what is asked of it over HTTP and on its pages, carried to the OAuth provider of Better Auth. */

import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { findUser } from '../accounts.ts';
import type { Audit } from '../audit.ts';
import type { Auth } from '../better-auth.ts';
import { wrongPassword } from '../problems.ts';
import { checkCredentials } from '../sessions.ts';
import type { AuthTables } from '../tables.ts';
import { type ConnectionOwner, findConnection } from './connections.ts';
import { consentView, isProof } from './consent.ts';
import type { createKeyGrant } from './key-grant.ts';
import { authorizationServerMetadata } from './metadata.ts';
import { oauthPaths } from './paths.ts';
import { chosenWorkspace } from './provider.ts';
import { type Resource, authorizationQuery, repeatedParameter } from './requests.ts';
import { createTokenEndpoint } from './token-endpoint.ts';
import type { Authorization } from './types.ts';

export interface AuthorizationParts {
  auth: Auth;
  db: Kysely<AuthTables>;
  issuer: string;
  secret: string;
  resource: Resource;
  keyGrant: ReturnType<typeof createKeyGrant>;
  audit: Audit;
}

export function createAuthorization(parts: AuthorizationParts): Authorization {
  const { auth, db, issuer, resource, keyGrant, audit } = parts;
  const prepare = once(() => ensureResource(db, resource.name));

  /** The provider never sees a header of the client but these, so none of its other ways to be asked are open. */
  async function ask(path: string, init: RequestInit): Promise<Response> {
    await prepare();
    return auth.handler(new Request(`${issuer}${path}`, init));
  }

  return {
    metadata: () => authorizationServerMetadata(issuer),

    async authorize(asked, cookie) {
      if (repeatedParameter(asked) !== undefined) return { refused: 'invalid_request' };
      const query = authorizationQuery(asked, resource);
      const answer = await ask(`${oauthPaths.authorize}?${query.toString()}`, { headers: { cookie, accept: 'text/html' } });
      const to = answer.headers.get('location');
      if (to === null) return { refused: errorIn(await answer.text()) };
      const url = new URL(to);
      if (to.startsWith(`${issuer}${oauthPaths.error}`)) return { refused: url.searchParams.get('error') ?? 'invalid_request' };
      return { to: fromIssuer(url, issuer), cookies: answer.headers.getSetCookie() };
    },

    async signIn({ password, address, ...input }) {
      const email = input.email.trim().toLowerCase();
      const { session_id, user_id, cookies } = await checkCredentials({ auth, db, audit }, { email, password, address }, true);
      const user = await findUser(db, { id: user_id });
      if (user?.disabledAt === null) {
        audit.note('sign_in.succeeded', { account: { email } }, { address, session_id });
        return cookies;
      }
      await db.deleteFrom('auth.session').where('id', '=', session_id).execute();
      throw wrongPassword();
    },

    consent: (query, cookie) => consentView(parts, query, cookie),

    async decide({ query, cookie, proof, allow, workspace_id }) {
      const view = await consentView(parts, query, cookie);
      if (view === undefined || !isProof(view, proof)) return undefined;
      if (allow && !view.workspaces.some(({ id }) => id === workspace_id)) return undefined;
      const headers = { cookie, 'content-type': 'application/json', origin: new URL(issuer).origin };
      const body = JSON.stringify({ accept: allow, oauth_query: query });
      const answer = await chosenWorkspace.run(workspace_id, () => ask(oauthPaths.consent, { method: 'POST', headers, body }));
      const { url } = (await answer.json()) as { url?: unknown };
      if (!answer.ok || typeof url !== 'string') return undefined;
      if (allow) await tellOfConnection(parts, { user_id: view.user.id, workspace_id, client_id: view.client.id });
      return fromIssuer(new URL(url), issuer);
    },

    ...createTokenEndpoint({ db, resource, keyGrant, audit, ask }),
  };
}

/** The row that the provider compares `resource` with. Written when it is first needed: short commands never ask. */
async function ensureResource(db: Kysely<AuthTables>, identifier: string): Promise<void> {
  const now = new Date();
  await db
    .insertInto('auth.oauthResource')
    .values({ id: uuidv7(), identifier, name: 'Quarterdeck', createdAt: now, updatedAt: now })
    .onConflict((conflict) => conflict.column('identifier').doNothing())
    .execute();
}

/** Every yes is an event: the first makes the connection, later ones may widen it. */
async function tellOfConnection({ db, audit }: Pick<AuthorizationParts, 'db' | 'audit'>, of: ConnectionOwner): Promise<void> {
  const connection = await findConnection(db, of);
  if (connection === undefined) return;
  const { id, name, scopes } = connection;
  const { user_id, workspace_id } = of;
  await audit.tell(
    'connection.allowed',
    { account: { id: user_id }, workspace_id },
    { subject: name, data: { connection_id: id, scopes } },
  );
}

/** RFC 9207 wants the issuer exactly as it is in the metadata; the provider writes it with https when it is not. */
function fromIssuer(url: URL, issuer: string): string {
  if (url.searchParams.has('iss')) url.searchParams.set('iss', issuer);
  return url.href;
}

function errorIn(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error?: unknown };
    return typeof error === 'string' ? error : 'invalid_request';
  } catch {
    return 'server_error';
  }
}

/** What failed is tried again by the next caller. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () =>
    (done ??= work().catch((error: unknown) => {
      done = undefined;
      throw error;
    }));
}
