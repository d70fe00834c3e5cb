/** Clients: those that registered, and those that are described by a document at their own id (CIMD). */

import { type Kysely, type Selectable, sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import type { Log } from '../../telemetry/log.ts';
import type { AuthTables, OAuthClientTable } from '../tables.ts';
import { type ClientMetadata, readClientMetadata } from './client-metadata.ts';
import type { DocumentReader } from './document-reader.ts';
import type { ClientDiscovery } from './provider.ts';

type Db = Kysely<AuthTables>;
export type ClientRow = Selectable<OAuthClientTable>;

/** Kept with a client, and never changed: it tells where the client came from. */
const documents = 'cimd';

/** How long a client goes on when its document cannot be read: its site may be down, and people are at work. */
const staleMs = 24 * 60 * 60 * 1_000;

/** A new client under an id of ours. */
export async function insertClient(db: Db, metadata: ClientMetadata): Promise<ClientRow> {
  return upsertClient(db, uuidv7(), metadata, null);
}

export async function findClient(db: Db, client_id: string): Promise<ClientRow | undefined> {
  return db.selectFrom('auth.oauthClient').selectAll().where('clientId', '=', client_id).executeTakeFirst();
}

/** True when the id is the address of a document that its owner controls, and so says who the client is. */
export function isDocumentAddress(client_id: string): boolean {
  return client_id.startsWith('https://');
}

/**
 * Finds clients by their documents, as the OAuth provider wants it.
 * @see https://datatracker.ietf.org/doc/draft-ietf-oauth-client-id-metadata-document/ sections 3 to 6
 */
export function documentClients(db: Db, reader: DocumentReader, log: Log): ClientDiscovery {
  async function read(client_id: string): Promise<ClientRow> {
    const { document, fresh_seconds } = await reader.read(checkAddress(client_id));
    if (!isRecord(document) || document['client_id'] !== client_id) throw new Error('client_id in the document is not its address');
    if ('client_secret' in document) throw new Error('the document has a client_secret, which everybody could read');
    const method = document['token_endpoint_auth_method'] ?? 'none';
    if (method !== 'none') throw new Error('token_endpoint_auth_method must be none');
    return upsertClient(db, client_id, readClientMetadata(document), new Date(Date.now() + fresh_seconds * 1_000));
  }

  async function resolve(client_id: string): Promise<ClientRow | undefined> {
    const known = await findClient(db, client_id);
    if (known !== undefined && Date.parse(known.metadata?.fresh_until ?? '') > Date.now()) return known;
    try {
      return await read(client_id);
    } catch (error) {
      log.info({ err: error, client_id: client_id.slice(0, 200) }, 'the metadata document of a client was refused');
      return known !== undefined && known.updatedAt.getTime() + staleMs > Date.now() ? known : undefined;
    }
  }

  return {
    id: documents,
    matches: isDocumentAddress,
    resolve: async (_context, client_id) => {
      const row = await resolve(client_id);
      if (row === undefined) return null;
      return {
        clientId: row.clientId,
        clientDiscoveryId: documents,
        disabled: row.disabled === true,
        redirectUris: row.redirectUris,
        tokenEndpointAuthMethod: 'none',
        grantTypes: [...grantTypes],
        responseTypes: ['code'],
        requirePKCE: true,
      };
    },
  };
}

const grantTypes = ['authorization_code', 'refresh_token'] as const;

async function upsertClient(db: Db, clientId: string, metadata: ClientMetadata, fresh_until: Date | null): Promise<ClientRow> {
  const now = new Date();
  const described = {
    name: metadata.name,
    uri: metadata.uri,
    redirectUris: JSON.stringify(metadata.redirect_uris),
    metadata: fresh_until === null ? null : JSON.stringify({ fresh_until: fresh_until.toISOString() }),
    updatedAt: now,
  };
  return db
    .insertInto('auth.oauthClient')
    .values({
      id: uuidv7(),
      clientId,
      clientDiscoveryId: fresh_until === null ? null : documents,
      tokenEndpointAuthMethod: 'none',
      grantTypes: JSON.stringify(grantTypes),
      responseTypes: JSON.stringify(['code']),
      requirePKCE: true,
      disabled: false,
      createdAt: now,
      ...described,
    })
    .onConflict((conflict) => conflict.column('clientId').doUpdateSet(described))
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Section 3: https with a path, compared as text, so that there is one way to write it. */
function checkAddress(client_id: string): URL {
  if (client_id.length > 2_000 || !URL.canParse(client_id)) throw new Error('the client id is not an address');
  const url = new URL(client_id);
  if (url.href !== client_id) throw new Error('the address can be written in another way');
  if (url.pathname === '/') throw new Error('the address has no path');
  if (client_id.includes('#')) throw new Error('the address has a fragment');
  return url;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Days after which a registration that nobody consented to is forgotten. Clients keep their id for long, so it is not short. */
const unusedDays = 30;

/** Deletes what is over: tokens past their end, and clients that nobody uses. */
export async function deleteOldOAuth(db: Db): Promise<number> {
  const now = sql<Date>`now()`;
  const access = await db.deleteFrom('auth.oauthAccessToken').where('expiresAt', '<', now).executeTakeFirst();
  const refresh = await db.deleteFrom('auth.oauthRefreshToken').where('expiresAt', '<', now).executeTakeFirst();
  const clients = await db
    .deleteFrom('auth.oauthClient as client')
    .where('client.updatedAt', '<', sql<Date>`now() - make_interval(days => ${unusedDays})`)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('auth.oauthConsent as consent').select('consent.id').whereRef('consent.clientId', '=', 'client.clientId'))),
    )
    .executeTakeFirst();
  return Number(access.numDeletedRows + refresh.numDeletedRows + clients.numDeletedRows);
}
