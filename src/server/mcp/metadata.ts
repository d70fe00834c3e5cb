/** What an MCP client reads to learn where to sign in: RFC 9728 metadata and the challenge of a 401 or 403. */

import { isLoopback } from '../../platform/config/read.ts';

/** Where the metadata is served: at the path of the resource, as RFC 9728 section 3.1 builds it, and at the root for older clients. */
export const protectedResourcePaths = ['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource'] as const;

export interface ProtectedResourceMetadata {
  resource: string;
  authorization_servers: string[];
  scopes_supported: string[];
  bearer_methods_supported: ['header'];
  resource_name: string;
}

/** The audience of access tokens (RFC 8707): without a slash at the end, because clients compare it as text. */
export function resourceOf(issuer: string): string {
  return `${issuer}/mcp`;
}

/**
 * The server's address as the client wrote it. Clients compare the resource with the address that a person typed, and on one machine
 * people write localhost as well as 127.0.0.1; every other name must be the one that the server knows itself by.
 */
export function addressedAs(issuer: string, host: string | undefined): string {
  const known = new URL(issuer);
  if (host === undefined || !isLoopback(known.hostname) || !URL.canParse(`http://${host}`)) return issuer;
  const asked = new URL(`${known.protocol}//${host}`);
  if (!isLoopback(asked.hostname) || asked.port !== known.port) return issuer;
  return issuer.replace(known.host, asked.host);
}

/** `address` is the issuer, or another name of this machine for it. Who signs in is always the issuer. */
export function protectedResourceMetadata(issuer: string, scopes: readonly string[], address: string = issuer): ProtectedResourceMetadata {
  return {
    resource: resourceOf(address),
    authorization_servers: [issuer],
    scopes_supported: [...scopes],
    bearer_methods_supported: ['header'],
    resource_name: 'Quarterdeck',
  };
}

export interface Challenge {
  issuer: string;
  /** Every scope that the refused request needs, so that a client asks for all of them at once. */
  scopes: readonly string[];
  /** Left out when no credential was sent (RFC 6750 section 3.1). */
  error?: 'invalid_token' | 'insufficient_scope';
  description?: string;
}

/** The value of `WWW-Authenticate`. */
export function bearerChallenge({ issuer, scopes, error, description }: Challenge): string {
  const parameters = [
    error === undefined ? undefined : `error="${error}"`,
    description === undefined ? undefined : `error_description="${quotable(description)}"`,
    `resource_metadata="${issuer}${protectedResourcePaths[0]}"`,
    scopes.length === 0 ? undefined : `scope="${scopes.join(' ')}"`,
  ];
  return `Bearer ${parameters.filter((parameter) => parameter !== undefined).join(', ')}`;
}

/** RFC 6750 allows printable ASCII without quotes and backslashes. */
function quotable(text: string): string {
  return text.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, '?');
}
