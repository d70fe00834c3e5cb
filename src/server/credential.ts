/** Takes the credential out of a request and finds out who holds it. */

import type { Identity } from '../platform/identity/types.ts';
import { because } from '../platform/identity/problems.ts';
import type { Principal } from '../platform/identity/principal.ts';
import { unauthenticated } from '../platform/problem.ts';
import type { Exchange } from './exchange.ts';

/** @throws Problem `unauthenticated` when there is none */
export function bearerToken({ incoming }: Pick<Exchange, 'incoming'>): string {
  const [, token] = /^Bearer +([^\s]+)$/i.exec(incoming.headers.authorization ?? '') ?? [];
  if (token !== undefined) return token;
  throw because(
    'missing',
    unauthenticated({
      message: 'This call needs a credential, and none was sent.',
      next: 'Send Authorization: Bearer with an API key (qd_…) or with the token from POST /api/auth/signin.',
    }),
  );
}

/** Verifies the caller and notes it for the log. @throws Problem `unauthenticated` */
export async function authenticate(exchange: Exchange, identity: Identity): Promise<Principal> {
  const principal = await identity.verify(bearerToken(exchange));
  exchange.principal = principal;
  return principal;
}
