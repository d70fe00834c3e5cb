/** Attempts below the application: hosts, origins, methods, paths, and requests that two readers read in two ways. */

import { gzipSync } from 'node:zlib';
import { request, sendRaw } from '../../http/raw.ts';
import type { Stage } from '../stage.ts';
import { type Attempt, outcomeOf } from '../table.ts';

const unreadable = '400 unreadable';
const forbidden = '403 forbidden';
const missing = '404 not_found';

export function wireAttempts(stage: () => Stage): Attempt[] {
  const host = () => new URL(stage().url).host;
  const key = () => ({ Authorization: `Bearer ${stage().eve.key}` });
  const send = async (line: string, headers: Record<string, string> = {}, body: string | Uint8Array = '') =>
    outcome(await request(stage().url, line, headers, body));
  const asEve = (line: string, headers: Record<string, string> = {}, body: string | Uint8Array = '') =>
    send(line, { ...key(), ...headers }, body);
  /** Bytes as they are; `{host}` and `{key}` are filled in. */
  const bytes = async (text: string) =>
    outcome(await sendRaw(stage().url, text.replaceAll('{host}', host()).replaceAll('{key}', `Authorization: Bearer ${stage().eve.key}`)));
  const post = 'POST /tasks HTTP/1.1\r\nHost: {host}\r\n{key}\r\nConnection: close\r\nContent-Type: application/json\r\n';

  return [
    { attempt: 'a foreign Host', expected: forbidden, run: () => asEve('GET /me', { Host: 'evil.example' }) },
    { attempt: 'a Host that begins like ours', expected: forbidden, run: () => asEve('GET /me', { Host: '127.0.0.1.evil.example' }) },
    { attempt: 'a Host with a user before it', expected: forbidden, run: () => asEve('GET /me', { Host: `127.0.0.1@evil.example` }) },
    {
      attempt: 'a name rebound to this machine, with its own origin',
      expected: forbidden,
      run: () => asEve('POST /mcp', { Host: 'rebound.example', Origin: 'http://rebound.example' }, '{}'),
    },
    { attempt: 'a foreign Origin', expected: forbidden, run: () => asEve('GET /me', { Origin: 'https://evil.example' }) },
    {
      attempt: 'the Origin null of a sandboxed frame',
      expected: forbidden,
      run: () => asEve('POST /tasks', { Origin: 'null' }, '{"title":"x"}'),
    },
    {
      attempt: 'an Origin of this machine at another port',
      expected: forbidden,
      run: () => asEve('GET /me', { Origin: 'http://localhost:1' }),
    },
    {
      attempt: 'a preflight of a foreign page',
      expected: forbidden,
      run: () => send('OPTIONS /tasks', { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'POST' }),
    },
    {
      attempt: 'a form of a foreign page, without an Origin',
      expected: '415 unsupported_media_type',
      run: () => asEve('POST /tasks', { 'Content-Type': 'text/plain' }, '{"title":"x"}'),
    },
    {
      attempt: 'a foreign X-Forwarded-Host',
      expected: '200 under its own name',
      run: async () => {
        const answer = await request(stage().url, 'GET /.well-known/oauth-protected-resource', {
          'X-Forwarded-Host': 'evil.example',
          Forwarded: 'host=evil.example',
        });
        return `${answer.status} ${answer.body.includes('evil.example') ? 'under the name given' : 'under its own name'}`;
      },
    },
    {
      attempt: 'no Host',
      expected: '400',
      run: async () => status(await sendRaw(stage().url, 'GET /me HTTP/1.1\r\nConnection: close\r\n\r\n')),
    },
    {
      attempt: 'two Hosts',
      expected: unreadable,
      run: () => bytes('GET /me HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n{key}\r\nConnection: close\r\n\r\n'),
    },
    { attempt: 'a whole URL as the target', expected: unreadable, run: () => asEve('GET http://evil.example/me') },
    { attempt: 'a target without a slash', expected: unreadable, run: () => asEve('GET *') },
    {
      attempt: 'a length and chunks',
      expected: unreadable,
      run: () => bytes(`${post}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG`),
    },
    {
      attempt: 'two lengths',
      expected: unreadable,
      run: () => bytes(`${post}Content-Length: 13\r\nContent-Length: 14\r\n\r\n{"title":"x"}`),
    },
    { attempt: 'a length with a sign', expected: unreadable, run: () => bytes(`${post}Content-Length: +13\r\n\r\n{"title":"x"}`) },
    { attempt: 'a length in another base', expected: unreadable, run: () => bytes(`${post}Content-Length: 0xd\r\n\r\n{"title":"x"}`) },
    {
      attempt: 'an encoding that only sounds like chunks',
      expected: unreadable,
      run: () => bytes(`${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`),
    },
    {
      attempt: 'chunks twice',
      expected: unreadable,
      run: () => bytes(`${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`),
    },
    { attempt: 'a space before the colon', expected: unreadable, run: () => bytes(`${post}Content-Length : 13\r\n\r\n{"title":"x"}`) },
    {
      attempt: 'a folded header',
      expected: unreadable,
      run: () => bytes('GET /me HTTP/1.1\r\nHost: {host}\r\nX: a\r\n b\r\n{key}\r\nConnection: close\r\n\r\n'),
    },
    {
      attempt: 'line ends without a carriage return',
      expected: unreadable,
      run: () => bytes('GET /me HTTP/1.1\nHost: {host}\n{key}\nConnection: close\n\n'),
    },
    {
      attempt: 'a carriage return in a header',
      expected: unreadable,
      run: () => bytes('GET /me HTTP/1.1\r\nHost: {host}\r\nX: a\rb\r\n{key}\r\nConnection: close\r\n\r\n'),
    },
    {
      attempt: 'a byte 0 in a header',
      expected: unreadable,
      run: () => bytes('GET /me HTTP/1.1\r\nHost: {host}\r\nX: a\u0000b\r\n{key}\r\nConnection: close\r\n\r\n'),
    },
    {
      attempt: 'a chunk size beyond every number',
      expected: unreadable,
      run: () => bytes(`${post}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\nx\r\n`),
    },
    { attempt: 'a method in small letters', expected: unreadable, run: () => asEve('get /me') },
    { attempt: 'a method that there is not', expected: unreadable, run: () => asEve('STEAL /me') },
    { attempt: 'the preface of HTTP/2', expected: unreadable, run: () => bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n') },
    { attempt: 'a head of 20 kB', expected: '431 unreadable', run: () => asEve('GET /me', { X: 'a'.repeat(20_000) }) },
    { attempt: 'TRACE', expected: '405 method_not_allowed', run: () => asEve('TRACE /me') },
    { attempt: 'a method of WebDAV', expected: '405 method_not_allowed', run: () => asEve('PROPFIND /tasks') },
    {
      attempt: 'a method given in a header',
      expected: '405 method_not_allowed',
      run: () => asEve('POST /tasks/ME-1', { 'X-HTTP-Method-Override': 'DELETE' }, '{}'),
    },
    {
      attempt: 'a method given in the query',
      expected: '405 method_not_allowed',
      run: () => asEve('POST /tasks/ME-1?_method=DELETE', {}, '{}'),
    },
    {
      attempt: 'an upgrade to HTTP/2',
      expected: '200',
      run: () => asEve('GET /me', { Connection: 'close, Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABk' }),
    },
    { attempt: 'dot segments out of the pages', expected: missing, run: () => send('GET /ui/../../package.json') },
    { attempt: 'encoded dot segments', expected: missing, run: () => send('GET /ui/..%2f..%2fpackage.json') },
    { attempt: 'doubly encoded dot segments', expected: missing, run: () => send('GET /ui/%252e%252e/package.json') },
    { attempt: 'backslashes in a path', expected: unreadable, run: () => send('GET /ui/..\\..\\package.json') },
    { attempt: 'two slashes before a path', expected: missing, run: () => asEve('GET //me') },
    { attempt: 'a path in capitals', expected: missing, run: () => asEve('GET /ME') },
    { attempt: 'an encoded slash in a path', expected: missing, run: () => asEve('GET /tasks%2fME-1') },
    { attempt: 'a parameter after a semicolon', expected: missing, run: () => asEve('GET /me;x=/health') },
    { attempt: 'dot segments from an open path to another', expected: missing, run: () => send('GET /health/..%2fme') },
    { attempt: 'a byte 0 in a path', expected: '422 invalid_input', run: () => asEve('GET /tasks/ME-1%00') },
    { attempt: 'a path that is not UTF-8', expected: '422 invalid_input', run: () => asEve('GET /tasks/%E0%A4%A') },
    { attempt: 'a file of the machine', expected: missing, run: () => send('GET /.env') },
    { attempt: 'a repository that was left behind', expected: missing, run: () => send('GET /.git/config') },
    {
      attempt: 'a compressed body',
      expected: '415 unsupported_media_type',
      run: () => asEve('POST /tasks', { 'Content-Encoding': 'gzip' }, gzipSync('{"title":"x"}')),
    },
    {
      attempt: 'a body that is compressed 1,000 times',
      expected: '415 unsupported_media_type',
      run: () => asEve('POST /tasks', { 'Content-Encoding': 'gzip' }, gzipSync(Buffer.alloc(1_000_000, 'a'))),
    },
    {
      attempt: 'XML with an entity of the machine',
      expected: '415 unsupported_media_type',
      run: () =>
        asEve('POST /tasks', { 'Content-Type': 'application/xml' }, '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'),
    },
    {
      attempt: 'a body of several parts',
      expected: '415 unsupported_media_type',
      run: () => asEve('POST /tasks', { 'Content-Type': 'multipart/form-data; boundary=x' }, '--x--'),
    },
    {
      attempt: 'a body that announces 5 MB',
      expected: '413 too_large',
      run: () => asEve('POST /tasks', { 'Content-Length': '5000000', 'Content-Type': 'application/json' }),
    },
    {
      attempt: 'a line break in the id of a request',
      expected: '200 with another id',
      run: async () => {
        const answer = await request(stage().url, 'GET /health', { 'X-Request-Id': 'a%0d%0aSet-Cookie:x <script>' });
        return `${answer.status} ${/^[0-9a-f-]{36}$/.test(answer.headers['x-request-id'] ?? '') ? 'with another id' : 'with that id'}`;
      },
    },
  ];
}

/** The status and the code; nothing that is said may come from the inside of the server. */
function outcome({ status: code, body }: { status: number; body: string }): string {
  if (/node_modules|at file:|\.ts:\d|select .* from /i.test(body)) return `${code} with its insides: ${body}`;
  const isJson = body.startsWith('{');
  return outcomeOf({ status: code, body: isJson ? (JSON.parse(body) as unknown) : undefined });
}

const status = (answer: { status: number }) => String(answer.status);
