/**
 * The client credentials grant: an API key is the client, its id the client_id and the key itself the secret.
 * The provider's own grant is for clients that an administrator makes and that belong to nobody; here everything acts for a person.
 */

import type { Principal, Scope } from '../principal.ts';
import { unknownCredential } from '../problems.ts';
import type { Tokens } from '../tokens.ts';
import { OAuthError } from './errors.ts';
import type { Resource } from './requests.ts';

/** Tells such a token from that of a person's session. */
export const keyTokenPrefix = 'qdk_';

export interface KeyGrantParts {
  tokens: Tokens;
  keys: { verify(key: string): Promise<Principal>; verifyHash(hash: Buffer): Promise<Principal> };
  resource: Resource;
  hash(key: string): Buffer;
}

export interface KeyGrantRequest {
  client_id: string;
  client_secret: string;
  scope: string | null;
  resources: readonly string[];
}

export function createKeyGrant({ tokens, keys, resource, hash }: KeyGrantParts) {
  return {
    /** RFC 6749 section 4.4: no refresh token, because the client can always ask again. @throws OAuthError */
    async issue({ client_id, client_secret, scope, resources }: KeyGrantRequest): Promise<Record<string, unknown>> {
      const principal = await keys.verify(client_secret).catch(() => undefined);
      if (principal?.id !== client_id) throw new OAuthError(401, 'invalid_client', 'The client id or the secret is wrong.');
      const foreign = resources.find((name) => name !== resource.name && !resource.aliases.includes(name));
      if (foreign !== undefined) throw new OAuthError(400, 'invalid_target', 'This server gives no tokens for that resource.');
      const asked = scope?.split(' ').filter((name) => name !== '') ?? [...principal.scopes];
      const beyond = asked.filter((name) => !principal.scopes.includes(name as Scope));
      if (beyond.length > 0) throw new OAuthError(400, 'invalid_scope', `The key does not have ${beyond.join(', ').slice(0, 200)}.`);
      const { token, seconds } = await tokens.issueForKey({
        user_id: principal.user_id,
        key_hash: hash(client_secret).toString('base64url'),
        scopes: asked,
      });
      return { access_token: `${keyTokenPrefix}${token}`, token_type: 'Bearer', expires_in: seconds, scope: asked.join(' ') };
    },

    /** The token names its key by the hash that keys are found by, so it ends with the key, and when the key is rotated. */
    async verify(credential: string): Promise<Principal> {
      const { key_hash, scopes, expires_at } = await tokens.verifyForKey(credential.slice(keyTokenPrefix.length));
      const principal = await keys.verifyHash(Buffer.from(key_hash, 'base64url'));
      if (principal.expires_at !== null && principal.expires_at < expires_at) throw unknownCredential();
      return { ...principal, scopes: principal.scopes.filter((scope) => scopes.includes(scope)), expires_at };
    },
  };
}
