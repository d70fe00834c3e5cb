/** Errors of the token and registration endpoints, in the one form that OAuth clients read (RFC 6749 section 5.2). */

export class OAuthError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, description: string) {
    super(description);
    this.name = 'OAuthError';
    this.status = status;
    this.code = code;
  }
}

/** Tokens and secrets are in these answers, so nobody on the way may keep them. */
export function oauthJson(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', Pragma: 'no-cache', ...headers },
  });
}

export function oauthErrorAnswer({ status, code, message }: OAuthError): Response {
  return oauthJson({ error: code, error_description: message }, status, status === 401 ? { 'WWW-Authenticate': 'Basic' } : {});
}
