/** Sign-up, sign-in, refresh, sign-out, a new password, the signing keys, and the list of tools that a credential may use. */

import { z } from 'zod';
import { parseInput } from '../../operations/input.ts';
import { invalidInput } from '../../platform/problem.ts';
import { readJsonBody } from '../body.ts';
import { authenticate, bearerToken } from '../credential.ts';
import { type Route, json } from '../route.ts';
import type { RestParts } from './operations.ts';

/** An address longer than 254 characters cannot be delivered to (RFC 5321). */
const email = z.string().trim().min(3).max(254).describe('E-mail address');

/** Only bounded here: which passwords are good is identity's to say, and at sign-in every text may be tried. */
const password = z.string().min(1).max(1_024).describe('Password; 8 to 128 characters for a new account');

export const signUpInput = z.strictObject({
  email,
  password,
  name: z.string().trim().min(1).max(100).optional().describe('Shown to others'),
});

export const signInInput = z.strictObject({
  email,
  password,
  workspace: z.string().min(1).max(200).optional().describe('Id or name of the workspace to work in; default: your own'),
});

export const passwordInput = z.strictObject({ current_password: password, new_password: password });

export const sessionOutput = z.strictObject({
  token: z.string().describe('JSON Web Token to send as Authorization: Bearer'),
  expires_at: z.iso.datetime(),
  user: z.object({ id: z.string(), email: z.string(), name: z.string() }),
  workspace: z.object({ id: z.string(), name: z.string(), role: z.string() }),
});

export function authRoutes({ identity, admission, settings }: RestParts): Route[] {
  const { maxBodyBytes } = settings;
  return [
    {
      method: 'POST',
      path: '/api/auth/signup',
      limited: true,
      async handle({ incoming, outgoing }) {
        const body = await readJsonBody(incoming, outgoing, maxBodyBytes);
        return json(sessionOutput.parse(await identity.signUp(parseInput('signup', signUpInput, body ?? {}))), 201);
      },
    },
    {
      method: 'POST',
      path: '/api/auth/signin',
      limited: true,
      async handle(exchange) {
        const body = await readJsonBody(exchange.incoming, exchange.outgoing, maxBodyBytes);
        const address = admission.addressOf(exchange);
        return json(sessionOutput.parse(await identity.signIn({ ...parseInput('signin', signInInput, body ?? {}), address })));
      },
    },
    {
      method: 'POST',
      path: '/api/auth/refresh',
      // Not verified like other calls: the token to renew may have expired a while ago.
      handle: async (exchange) => json(sessionOutput.parse(await identity.refresh(bearerToken(exchange)))),
    },
    {
      method: 'POST',
      path: '/api/auth/password',
      async handle(exchange) {
        const principal = await authenticate(exchange, identity);
        admission.call(exchange, principal, 'write');
        const body = await readJsonBody(exchange.incoming, exchange.outgoing, maxBodyBytes);
        const change = parseInput('password', passwordInput, body ?? {});
        await identity.changePassword(principal, { ...change, address: admission.addressOf(exchange) });
        return new Response(null, { status: 204 });
      },
    },
    {
      method: 'POST',
      path: '/api/auth/signout',
      async handle(exchange) {
        await identity.signOut(await authenticate(exchange, identity));
        return new Response(null, { status: 204 });
      },
    },
    ...['/api/auth/jwks.json', '/.well-known/jwks.json'].map((path): Route => ({
      method: 'GET',
      path,
      handle: async () => json(await identity.jwks(), 200, { 'Cache-Control': 'public, max-age=60' }),
    })),
  ];
}

/** `GET /mcp/tools`: every tool that this credential may use, whether the endpoint lists it or `find_tools` finds it. */
export function toolsRoute({ registry, identity, admission }: RestParts): Route {
  return {
    method: 'GET',
    path: '/mcp/tools',
    async handle(exchange) {
      const principal = await authenticate(exchange, identity);
      admission.call(exchange, principal, 'read');
      const wanted = exchange.query.getAll('toolset');
      const known = registry.toolsets.map(({ name }) => name);
      const unknown = wanted.filter((name) => !known.includes(name));
      if (unknown.length > 0)
        throw invalidInput({
          message: `There is no toolset ${unknown.map((name) => name.slice(0, 64)).join(', ')}.`,
          next: `Use one of ${known.join(', ')}.`,
          details: { problems: [{ path: 'toolset', message: `must be one of ${known.join(', ')}` }], total: 1 },
        });
      const allowed = registry.allowed(principal, 'mcp', wanted.length === 0 ? undefined : wanted);
      return json({ tools: allowed.map(({ tool, toolset }) => ({ toolset, ...tool })) });
    },
  };
}
