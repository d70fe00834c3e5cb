/** The authorization server over HTTP: its metadata, its pages, and the endpoints that clients call without a browser. */

import { oauthPaths } from '../../platform/identity/oauth/paths.ts';
import type { Identity } from '../../platform/identity/types.ts';
import { Problem } from '../../platform/problem.ts';
import type { Admission } from '../admission.ts';
import { readFormBody, readJsonBody } from '../body.ts';
import type { Exchange } from '../exchange.ts';
import { type Route, json } from '../route.ts';
import { consentPage, errorPage, signInPage } from './pages.ts';

export interface OAuthRouteParts {
  identity: Identity;
  admission: Admission;
  issuer: string;
  maxBodyBytes: number;
}

/** Nothing that is sent here is large; whoever sends it has no credential yet. */
const mostBytes = 64 * 1_024;

export function oauthRoutes(parts: OAuthRouteParts): Route[] {
  return [...metadataRoutes(parts), ...pageRoutes(parts), ...clientRoutes(parts)];
}

/** At the root for RFC 8414 and for OpenID Connect, and under the path of the issuer where it has one (RFC 8414 section 3.1). */
function metadataRoutes({ identity: { oauth }, issuer }: OAuthRouteParts): Route[] {
  const path = new URL(issuer).pathname.replace(/\/+$/, '');
  const roots = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'];
  const handle = () => json(oauth.metadata(), 200, { 'Cache-Control': 'public, max-age=3600' });
  return [...roots, ...(path === '' ? [] : roots.map((root) => `${root}${path}`))].map((at) => ({ method: 'GET', path: at, handle }));
}

function pageRoutes({ identity: { oauth }, admission, issuer, maxBodyBytes }: OAuthRouteParts): Route[] {
  const most = Math.min(maxBodyBytes, mostBytes);
  return [
    {
      method: 'GET',
      path: oauthPaths.authorize,
      limited: true,
      async handle(exchange) {
        const step = await oauth.authorize(exchange.query, cookieOf(exchange));
        return 'refused' in step ? errorPage(step.refused) : redirect(step.to, step.cookies);
      },
    },
    { method: 'GET', path: oauthPaths.signIn, handle: (exchange) => signInPage(queryOf(exchange)) },
    {
      method: 'POST',
      path: oauthPaths.signIn,
      limited: true,
      async handle(exchange) {
        const form = await readFormBody(exchange.incoming, exchange.outgoing, most);
        const [request, email, password] = ['request', 'email', 'password'].map((name) => form.get(name) ?? '') as [string, string, string];
        try {
          const cookies = await oauth.signIn({ email, password, address: admission.addressOf(exchange) });
          return redirect(`${issuer}${oauthPaths.authorize}?${new URLSearchParams(request).toString()}`, cookies);
        } catch (error) {
          if (!(error instanceof Problem) || ![401, 429].includes(error.status)) throw error;
          // 401 would need a challenge, which browsers answer with a window of their own.
          const status = error.status === 401 ? 422 : error.status;
          return signInPage(request, { email, message: `${error.message} ${error.next}`, status });
        }
      },
    },
    {
      method: 'GET',
      path: oauthPaths.consent,
      async handle(exchange) {
        const query = queryOf(exchange);
        const view = await oauth.consent(query, cookieOf(exchange));
        return view === undefined ? errorPage('expired') : consentPage(view, query);
      },
    },
    {
      method: 'POST',
      path: oauthPaths.consent,
      async handle(exchange) {
        const form = await readFormBody(exchange.incoming, exchange.outgoing, most);
        const to = await oauth.decide({
          query: form.get('request') ?? '',
          cookie: cookieOf(exchange),
          proof: form.get('proof') ?? '',
          allow: form.get('answer') === 'allow',
          workspace_id: form.get('workspace') ?? '',
        });
        return to === undefined ? errorPage('expired') : redirect(to);
      },
    },
  ];
}

function clientRoutes({ identity: { oauth }, maxBodyBytes }: OAuthRouteParts): Route[] {
  const most = Math.min(maxBodyBytes, mostBytes);
  return [
    {
      method: 'POST',
      path: oauthPaths.token,
      limited: true,
      async handle({ incoming, outgoing }) {
        return oauth.token(await readFormBody(incoming, outgoing, most), incoming.headers.authorization);
      },
    },
    {
      method: 'POST',
      path: oauthPaths.revoke,
      limited: true,
      handle: async ({ incoming, outgoing }) => oauth.revoke(await readFormBody(incoming, outgoing, most)),
    },
    {
      method: 'POST',
      path: oauthPaths.register,
      limited: true,
      handle: async ({ incoming, outgoing }) => oauth.register(await readJsonBody(incoming, outgoing, most)),
    },
  ];
}

function cookieOf({ incoming }: Exchange): string {
  return incoming.headers.cookie ?? '';
}

/** As it came: its signature is over these very bytes. */
function queryOf({ incoming }: Exchange): string {
  const target = incoming.url ?? '';
  const mark = target.indexOf('?');
  return mark === -1 ? '' : target.slice(mark + 1);
}

/** 303: the browser goes on with GET, whatever it came with. */
function redirect(to: string, cookies: readonly string[] = []): Response {
  const headers = new Headers({ Location: to, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' });
  for (const cookie of cookies) headers.append('Set-Cookie', cookie);
  return new Response(null, { status: 303, headers });
}
