/** What the consent page asks, and how its answer is known to be its own. */

import { createHmac, timingSafeEqual } from 'node:crypto';
import { findUser } from '../accounts.ts';
import { agentScopes } from '../principal.ts';
import { requireMemberships } from '../sessions.ts';
import type { AuthorizationParts } from './authorization.ts';
import { isLoopbackRedirect } from './client-metadata.ts';
import { findClient, isDocumentAddress } from './clients.ts';
import type { ConsentView } from './types.ts';

/** undefined: the browser is not signed in, or the query is not that of a consent page. */
export async function consentView(
  { auth, db, secret }: Pick<AuthorizationParts, 'auth' | 'db' | 'secret'>,
  query: string,
  cookie: string,
): Promise<ConsentView | undefined> {
  const session = await auth.api.getSession({ headers: new Headers({ cookie }) });
  // Before any query, so that strangers cost none.
  if (session === null) return undefined;
  const asked = new URLSearchParams(query);
  const redirect = asked.get('redirect_uri') ?? '';
  const client = await findClient(db, asked.get('client_id') ?? '');
  if (client === undefined || !URL.canParse(redirect)) return undefined;
  const user = await findUser(db, { id: session.user.id });
  if (user === undefined || user.disabledAt !== null) return undefined;
  const { protocol, host } = new URL(redirect);
  const wanted = new Set(asked.get('scope')?.split(' '));
  return {
    user: { id: user.id, email: user.email, name: user.name },
    client: {
      id: client.clientId,
      name: client.name ?? '',
      website: isDocumentAddress(client.clientId) ? new URL(client.clientId).host : null,
      returns_to: /^https?:$/.test(protocol) ? host : protocol,
      loopback: isLoopbackRedirect(redirect),
    },
    scopes: agentScopes.filter((scope) => wanted.has(scope)),
    workspaces: (await requireMemberships(db, user)).map((member) => ({
      id: member.workspace_id,
      name: member.workspace_name,
      role: member.role,
    })),
    proof: createHmac('sha256', secret).update(`consent\n${session.session.id}\n${query}`).digest('base64url'),
  };
}

/** The proof binds the answer to this session and this very request, so that no other page can give it. */
export function isProof({ proof }: ConsentView, given: string): boolean {
  const [left, right] = [Buffer.from(proof), Buffer.from(given)];
  return left.length === right.length && timingSafeEqual(left, right);
}
