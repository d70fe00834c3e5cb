/** What clients ask without a browser: tokens, their end, and registration. */

import type { Kysely } from 'kysely';
import type { Audit } from '../audit.ts';
import { agentScopes } from '../principal.ts';
import type { AuthTables } from '../tables.ts';
import { ClientMetadataError, readClientMetadata } from './client-metadata.ts';
import { insertClient } from './clients.ts';
import { type ConnectionOwner, endFamily, findConnection, findReplayed } from './connections.ts';
import { OAuthError, oauthErrorAnswer, oauthJson } from './errors.ts';
import type { createKeyGrant } from './key-grant.ts';
import { oauthPaths } from './paths.ts';
import { accessTokenPrefix, refreshTokenPrefix, storedForm } from './provider.ts';
import { type Resource, repeatedParameter, withResource } from './requests.ts';
import type { Authorization } from './types.ts';

export interface TokenEndpointParts {
  db: Kysely<AuthTables>;
  resource: Resource;
  keyGrant: ReturnType<typeof createKeyGrant>;
  audit: Audit;
  /** Asks the provider. */
  ask(path: string, init: RequestInit): Promise<Response>;
}

export function createTokenEndpoint({
  db,
  resource,
  keyGrant,
  audit,
  ask,
}: TokenEndpointParts): Pick<Authorization, 'token' | 'revoke' | 'register'> {
  return {
    token: (form, authorization) =>
      answering(async () => {
        const repeated = repeatedParameter(form);
        if (repeated !== undefined) throw new OAuthError(400, 'invalid_request', `The parameter ${repeated.slice(0, 64)} stands twice.`);
        if (form.get('grant_type') === 'client_credentials') return oauthJson(await keyGrant.issue(keyRequest(form, authorization)));
        const refresh = form.get('refresh_token') ?? '';
        if (form.get('grant_type') === 'refresh_token' && refresh.startsWith(refreshTokenPrefix)) {
          const hash = storedForm(refresh.slice(refreshTokenPrefix.length));
          const replayed = await findReplayed(db, hash);
          if (replayed !== undefined) {
            await endFamily(db, hash);
            await tellOfReplay({ db, audit }, replayed);
            throw new OAuthError(400, 'invalid_grant', 'The refresh token was used before. Sign in again.');
          }
        }
        const headers = {
          'content-type': 'application/x-www-form-urlencoded',
          ...(authorization === undefined ? {} : { authorization }),
        };
        const body = withResource(form, resource).toString();
        return tokenAnswer(await ask(oauthPaths.token, { method: 'POST', headers, body }));
      }),

    revoke: (form) =>
      answering(async () => {
        const [token, client_id] = [form.get('token'), form.get('client_id')];
        if (token === null || token === '') throw new OAuthError(400, 'invalid_request', 'The parameter token is missing.');
        if (client_id === null) throw new OAuthError(401, 'invalid_client', 'The parameter client_id is missing.');
        const prefix = [accessTokenPrefix, refreshTokenPrefix].find((start) => token.startsWith(start));
        if (prefix !== undefined) await endFamily(db, storedForm(token.slice(prefix.length)), client_id);
        // A token that is unknown is as good as revoked (section 2.2).
        return oauthJson({});
      }),

    register: (metadata) =>
      answering(async () => {
        const client = await insertClient(db, readClientMetadata(metadata));
        return oauthJson(
          {
            client_id: client.clientId,
            client_id_issued_at: Math.floor(client.createdAt.getTime() / 1_000),
            client_name: client.name,
            ...(client.uri === null ? {} : { client_uri: client.uri }),
            redirect_uris: client.redirectUris,
            grant_types: client.grantTypes,
            response_types: client.responseTypes,
            token_endpoint_auth_method: client.tokenEndpointAuthMethod,
            scope: agentScopes.join(' '),
          },
          201,
        );
      }),
  };
}

/** Somebody else may have the token: its person should hear of it. */
async function tellOfReplay({ db, audit }: Pick<TokenEndpointParts, 'db' | 'audit'>, of: ConnectionOwner): Promise<void> {
  const connection = await findConnection(db, of);
  if (connection === undefined) return;
  const { user_id, workspace_id } = of;
  const event = { subject: connection.name, data: { connection_id: connection.id } };
  await audit.tell('connection.replayed', { account: { id: user_id }, workspace_id }, event);
}

/** Only what RFC 6749 has, and with its codes: a wrong code_verifier is `invalid_grant` (RFC 7636 section 4.6). */
async function tokenAnswer(answer: Response): Promise<Response> {
  // It has no body then, and nearly always it is the database that is away.
  if (answer.status >= 500)
    throw new OAuthError(503, 'temporarily_unavailable', 'The server could not answer. Try again in a few seconds.');
  const body = (await answer.json()) as { error?: string; error_description?: string; message?: string } & Record<string, unknown>;
  if (answer.ok) {
    const { access_token, token_type, expires_in, refresh_token, scope } = body;
    return oauthJson({ access_token, token_type, expires_in, refresh_token, scope });
  }
  const description = body.error_description ?? body.message ?? 'The request was refused.';
  if (/code verif/.test(description)) throw new OAuthError(400, 'invalid_grant', description);
  throw new OAuthError(answer.status, body.error ?? 'invalid_request', description);
}

/** The two ways in which a client shows its secret (RFC 6749 section 2.3.1). */
function keyRequest(form: URLSearchParams, authorization = '') {
  const [, encoded] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(authorization) ?? [];
  const [id, secret] = encoded === undefined ? [] : Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return {
    client_id: plain(id) ?? form.get('client_id') ?? '',
    client_secret: plain(secret) ?? form.get('client_secret') ?? '',
    scope: form.get('scope'),
    resources: form.getAll('resource'),
  };
}

/** Names and secrets are form-encoded inside Basic. Ours have no character that it changes, so nothing is lost when it fails. */
function plain(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function answering(work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OAuthError) return oauthErrorAnswer(error);
    if (error instanceof ClientMetadataError) return oauthErrorAnswer(new OAuthError(400, error.code, error.message));
    throw error;
  }
}
