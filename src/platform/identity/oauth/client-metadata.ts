/** What a client says about itself, in a registration (RFC 7591) or in a metadata document, and what of it we accept. */

import { z } from 'zod';

/** A client as it is kept. All are public: a secret handed to whoever asks would prove nothing, PKCE does. */
export interface ClientMetadata {
  name: string;
  uri: string | null;
  redirect_uris: string[];
}

/** Why a client was not accepted, with the code of RFC 7591 section 3.2.2. */
export class ClientMetadataError extends Error {
  readonly code: 'invalid_redirect_uri' | 'invalid_client_metadata';

  constructor(code: ClientMetadataError['code'], message: string) {
    super(message);
    this.name = 'ClientMetadataError';
    this.code = code;
  }
}

/** Names are shown to people who decide by them: one line, without characters that turn or hide the text around them. */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const maxNameLength = 100;

const metadataSchema = z.object({
  client_name: z.string().max(1_000).optional(),
  client_uri: z.string().max(2_000).optional(),
  redirect_uris: z.array(z.string().max(2_000)).min(1).max(20),
  grant_types: z.array(z.string()).optional(),
  response_types: z.array(z.string()).optional(),
});

/** `application_type` and everything else is not asked for: what a redirect address is, it says itself. @throws ClientMetadataError */
export function readClientMetadata(document: unknown): ClientMetadata {
  const parsed = metadataSchema.safeParse(document);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = issue?.path.join('.') ?? '';
    const code = path.startsWith('redirect_uris') ? 'invalid_redirect_uri' : 'invalid_client_metadata';
    throw new ClientMetadataError(code, `${path === '' ? 'the metadata' : path}: ${issue?.message ?? 'cannot be read'}`);
  }
  const { client_name, client_uri, redirect_uris, grant_types, response_types } = parsed.data;
  for (const uri of redirect_uris) checkRedirectUri(uri);
  if (grant_types?.includes('authorization_code') === false)
    throw new ClientMetadataError('invalid_client_metadata', 'grant_types must contain authorization_code');
  if (response_types?.includes('code') === false)
    throw new ClientMetadataError('invalid_client_metadata', 'response_types must contain code');
  return { name: shownName(client_name), uri: webAddress(client_uri), redirect_uris };
}

function shownName(name = ''): string {
  return name.replace(invisible, ' ').trim().slice(0, maxNameLength).trim() || 'An app without a name';
}

function webAddress(uri: string | undefined): string | null {
  return uri !== undefined && URL.canParse(uri) && new URL(uri).protocol === 'https:' ? uri : null;
}

/**
 * https anywhere; http on this machine alone (RFC 8252 section 7.3); the private scheme of an app (section 7.1). Apps in use
 * have schemes without a dot (`cursor:`), so only those are refused that a browser or the system gives a meaning.
 */
function checkRedirectUri(uri: string): void {
  const refuse = (why: string) => new ClientMetadataError('invalid_redirect_uri', `redirect_uris: ${why}`);
  if (!URL.canParse(uri)) throw refuse('must be absolute addresses');
  const { protocol, username, password } = new URL(uri);
  if (uri.includes('#')) throw refuse('must not have a fragment');
  if (username !== '' || password !== '') throw refuse('must not have a user name or password');
  if (protocol === 'http:' && !isLoopbackRedirect(uri)) throw refuse('may use http on localhost, 127.0.0.1 and [::1] only');
  if (reservedSchemes.has(protocol)) throw refuse(`must not use ${protocol}`);
}

const reservedSchemes = new Set(
  ['about', 'blob', 'chrome', 'data', 'file', 'filesystem', 'ftp', 'ftps', 'intent', 'jar', 'javascript', 'mailto']
    .concat(['ms-appx', 'resource', 'sms', 'ssh', 'tel', 'telnet', 'vbscript', 'view-source', 'ws', 'wss'])
    .map((scheme) => `${scheme}:`),
);

/** True when the browser is led back to a program on the machine that it runs on; any program there may listen. */
export function isLoopbackRedirect(uri: string): boolean {
  return /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?(?:[/?]|$)/i.test(uri);
}
