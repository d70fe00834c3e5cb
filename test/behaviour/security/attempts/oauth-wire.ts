/** Attempts at the edges of the authorization server: hosts, origins, bodies, doubled parameters, addresses that it is asked to read. */

import { gzipSync } from 'node:zlib';
import { authorizeUrl, callback, newPkce, register } from '../../../support/oauth.ts';
import { request } from '../../http/raw.ts';
import type { Stage } from '../stage.ts';
import { type Attempt } from '../table.ts';

const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
const json = { 'Content-Type': 'application/json' };
const places = [
  'GET /.well-known/oauth-authorization-server',
  'GET /oauth2/authorize',
  'GET /oauth2/sign-in',
  'POST /oauth2/sign-in',
  'GET /oauth2/consent',
  'POST /oauth2/consent',
  'POST /oauth2/token',
  'POST /oauth2/revoke',
  'POST /oauth2/register',
];
const pages = ['GET /oauth2/sign-in', 'GET /oauth2/consent', 'GET /oauth2/authorize'];

/** Addresses of the server's own network, and those that cannot say who a client is. */
const documents: [what: string, client_id: string][] = [
  ['this machine', 'https://127.0.0.1/client.json'],
  ['this machine by its name', 'https://localhost/client.json'],
  ['this machine in IPv6', 'https://[::1]/client.json'],
  ['this machine, mapped into IPv6', 'https://[::ffff:127.0.0.1]/client.json'],
  ['this machine as one number', 'https://2130706433/client.json'],
  ['this machine in octal', 'https://0177.0.0.1/client.json'],
  ['a private network', 'https://10.0.0.1/client.json'],
  ['the metadata of a cloud', 'https://169.254.169.254/latest/meta-data/'],
  ['a site without TLS', 'http://app.example/client.json'],
  ['a file', 'file:///etc/passwd'],
  ['a site with a password', 'https://user:secret@app.example/client.json'],
  ['a site without a path', 'https://app.example/'],
  ['dot segments', 'https://app.example/a/../client.json'],
  ['a fragment', 'https://app.example/client.json#x'],
  ['a name that there is not', 'https://app.invalid/client.json'],
];

export function oauthWireAttempts(stage: () => Stage): Attempt[] {
  const send = async (line: string, headers: Record<string, string> = {}, body: string | Uint8Array = '') => {
    const answer = await request(stage().url, line, headers, body);
    return [answer.status, codeIn(answer.body)].filter(Boolean).join(' ');
  };
  const asked = (changes: Record<string, string> = {}, more = '') => {
    const { pathname, search } = new URL(authorizeUrl(stage().url, changes['client_id'] ?? 'x', newPkce(), changes));
    return send(`GET ${pathname}${search}${more}`);
  };
  const registered = async () => (await register(stage().url)).body.client_id as string;

  return [
    ...places.map((line) => ({
      attempt: `a foreign Host at ${line}`,
      expected: '403 forbidden',
      run: () => send(line, { Host: 'evil.example' }),
    })),
    ...places
      .filter((line) => line.startsWith('POST'))
      .map((line) => ({
        attempt: `a page elsewhere at ${line}`,
        expected: '403 forbidden',
        run: () => send(line, { ...form, Origin: 'https://evil.example' }, 'a=b'),
      })),
    ...places
      .filter((line) => line.startsWith('POST'))
      .flatMap((line) => [
        {
          attempt: `XML at ${line}`,
          expected: '415 unsupported_media_type',
          run: () => send(line, { 'Content-Type': 'text/xml' }, '<a/>'),
        },
        {
          attempt: `a compressed body at ${line}`,
          expected: '415 unsupported_media_type',
          run: () => send(line, { ...typeOf(line), 'Content-Encoding': 'gzip' }, gzipSync('a=b')),
        },
        {
          attempt: `a body of 70 kB at ${line}`,
          expected: '413 too_large',
          run: () => send(line, typeOf(line), `a=${'x'.repeat(70_000)}`),
        },
      ]),
    ...pages.map((line) => ({
      attempt: `a frame, a script or a cache around ${line}`,
      expected: 'sealed',
      run: async () => {
        const { headers } = await request(stage().url, line);
        const policy = headers['content-security-policy'] ?? '';
        const sealed =
          policy.startsWith("default-src 'none'") &&
          policy.includes("frame-ancestors 'none'") &&
          !policy.includes('script-src') &&
          headers['x-frame-options'] === 'DENY' &&
          headers['cache-control'] === 'no-store' &&
          headers['x-content-type-options'] === 'nosniff';
        return sealed ? 'sealed' : JSON.stringify(headers);
      },
    })),
    ...documents.map(([what, client_id]) => ({
      attempt: `a client whose document is at ${what}`,
      expected: '400 page',
      run: () => asked({ client_id }),
    })),
    ...['client_id=y', `redirect_uri=${encodeURIComponent('https://evil.example/')}`, 'state=y', 'code_challenge_method=plain'].map(
      (more) => ({
        attempt: `an authorization request with a second ${more.split('=')[0] ?? ''}`,
        expected: '400 page',
        run: async () => asked({ client_id: await registered() }, `&${more}`),
      }),
    ),
    {
      attempt: 'a token request with two codes',
      expected: '400 invalid_request',
      run: async () =>
        send(
          'POST /oauth2/token',
          form,
          `grant_type=authorization_code&client_id=${await registered()}&code=a&code=b&code_verifier=${newPkce().verifier}&redirect_uri=${encodeURIComponent(callback)}`,
        ),
    },
    {
      attempt: 'a registration that is no object',
      expected: '400 invalid_client_metadata',
      run: () => send('POST /oauth2/register', json, '[]'),
    },
    {
      attempt: 'a registration of 10,000 levels',
      expected: '400 unreadable',
      run: () => send('POST /oauth2/register', json, '['.repeat(10_000)),
    },
    {
      attempt: 'a script as the name of a client',
      expected: '201 kept as text',
      run: async () => {
        const { status, body } = await register(stage().url, { client_name: '<script>alert(1)</script>\u202e' });
        return `${status} ${body.client_name === '<script>alert(1)</script>' ? 'kept as text' : JSON.stringify(body)}`;
      },
    },
  ];
}

const typeOf = (line: string) => (line.endsWith('/register') ? json : form);

/** The code of an error of ours or of OAuth; `page` for what a person is shown. */
function codeIn(body: string): string | undefined {
  if (body.startsWith('<!doctype')) return 'page';
  if (!body.startsWith('{')) return undefined;
  const { error } = JSON.parse(body) as { error?: string | { code: string } };
  return typeof error === 'string' ? error : error?.code;
}
