/** Checks of what a server shows to anybody: answers, certificates, room on its disk. Against real servers, good ones and bad ones. */

import { once } from 'node:events';
import { type Server as HttpServer, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Server as TlsServer, type TlsOptions, createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { type HttpWishes, checkHttp } from '../../../src/production/check/http.ts';
import { jsonAssertion } from '../../../src/cli/check/assertions.ts';
import { checkDisk } from '../../../src/production/check/disk.ts';
import type { CheckResult } from '../../../src/production/check/result.ts';
import { checkTls } from '../../../src/production/check/tls.ts';
import { certificate, certificateKey } from '../../support/certificate.ts';
import { quarterdeck } from '../../support/quarterdeck.ts';

const never = new AbortController().signal;
const servers: (HttpServer | TlsServer)[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
});

async function listen(server: HttpServer | TlsServer): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** What is not as wanted, by name. */
function wrong({ evidence }: CheckResult): Record<string, unknown> {
  return Object.fromEntries(evidence.filter(({ ok }) => ok !== true).map(({ what, found }) => [what, found]));
}

describe('check http', () => {
  const plain: HttpWishes = { status: null, headers: [], body: [], withinMs: undefined };

  async function look(wishes: Partial<HttpWishes>, timeoutMs = 10_000): Promise<CheckResult> {
    const port = await listen(
      createServer(({ url, headers }, response) => {
        if (url === '/never') return;
        response.setHeader('X-Who', headers.authorization ?? 'nobody');
        response.writeHead(url === '/gone' ? 404 : 200).end('{"status":"degraded","n":3}');
      }),
    );
    return checkHttp(
      { url: `http://127.0.0.1:${port}${wishes.status === 404 ? '/gone' : '/'}`, timeoutMs, signal: never },
      { ...plain, ...wishes },
    );
  }

  test('passes when all is as wanted', async () => {
    const headers = [
      { name: 'x-who', value: 'nobody' },
      { name: 'date', value: undefined },
    ];
    const result = await look({ headers, body: [jsonAssertion('.n >= 3')], withinMs: 10_000 });
    expect(result).toMatchObject({ outcome: 'passed', next: null, measured: { status: 200, bytes: 27 } });
    expect((await look({ status: 404 })).outcome).toBe('passed');
  });

  test('says what was found instead', async () => {
    const result = await look({
      status: 500,
      headers: [
        { name: 'x-who', value: 'me' },
        { name: 'x-else', value: undefined },
      ],
      body: [jsonAssertion('.status == healthy'), jsonAssertion('.missing != 1')],
      withinMs: 0.001,
    });
    expect(result.outcome).toBe('failed');
    expect(wrong(result)).toEqual({
      status: 200,
      'header x-who': 'nobody',
      'header x-else': null,
      'body .status == healthy': '.status is "degraded", not == "healthy"',
      'body .missing != 1': 'there is no .missing',
      time: expect.stringMatching(/^\d+ ms$/),
    });
  });

  test('no answer is neither good nor bad', async () => {
    const silent = await listen(createServer(() => undefined));
    const url = `http://127.0.0.1:${silent}/never`;
    const late = await checkHttp({ url, timeoutMs: 100, signal: never }, plain);
    expect(late).toMatchObject({ outcome: 'error', evidence: [{ found: 'no answer within 100 ms', ok: null }] });
    servers.forEach((server) => 'closeAllConnections' in server && server.closeAllConnections());
    const nobody = await checkHttp({ url: `http://127.0.0.1:${await freedPort()}/`, timeoutMs: 1_000, signal: never }, plain);
    expect(nobody).toMatchObject({ outcome: 'error', evidence: [{ found: expect.stringContaining('ECONNREFUSED') }] });
  });

  test('the command sends a credential only when a variable is named, and never prints it', async () => {
    const port = await listen(
      createServer(({ headers }, response) => response.setHeader('X-Who', headers.authorization ?? 'nobody').end('{}')),
    );
    const words = ['check', 'http', `http://127.0.0.1:${port}/`, '--expect-header', 'X-Who: nobody'];
    const place = { data: process.cwd(), databaseUrl: undefined };
    const environment = { QUARTERDECK_TOKEN: 'hidden-token' };
    const without = await quarterdeck(place, [...words, '--json'], { environment });
    expect(without.code).toBe(0);
    expect(JSON.parse(without.stdout)).toMatchObject({ check: 'http', outcome: 'passed' });
    const unset = await quarterdeck(place, [...words, '--token-env', 'NOT_SET'], { environment });
    expect(unset).toMatchObject({ code: 2, stderr: expect.stringContaining('NOT_SET is not set') });
    const sent = await quarterdeck(
      place,
      ['check', 'http', `http://127.0.0.1:${port}/`, '--status', '201', '--token-env', 'QUARTERDECK_TOKEN'],
      { environment },
    );
    expect(sent.code).toBe(1);
    expect(sent.stdout).toBe('✗ status  200  (wanted: 201)\nfailed (http)\n');
    expect(sent.stderr).toMatch(/^quarterdeck check http: failed: status: 200, wanted 201\. Look at .*\.\n$/);
    expect(sent.stdout + sent.stderr).not.toContain('hidden-token');
  });
});

/** A port that nobody listens on. */
async function freedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((done) => server.close(done));
  servers.pop();
  return port;
}

describe('check tls', () => {
  async function look(options: TlsOptions, name = 'app.example', trusted = true): Promise<CheckResult> {
    const port = await listen(createTlsServer({ cert: certificate, key: certificateKey, ...options }, (socket) => socket.end()));
    const question = { host: '127.0.0.1', port, name, authorities: trusted ? certificate : undefined, timeoutMs: 10_000, signal: never };
    return checkTls(question, { days: 14, issuer: 'app.example' });
  }

  test('passes for a certificate whose authority is trusted, and says how long it lasts', async () => {
    const result = await look({});
    expect(result).toMatchObject({ outcome: 'passed', measured: { protocol: 'TLSv1.3', issuer: 'app.example' } });
    expect(result.measured['days_left']).toBeGreaterThan(30_000);
  });

  test('fails for one that nobody vouches for, and for another name', async () => {
    expect(wrong(await look({}, 'app.example', false))).toEqual({ chain: expect.stringMatching(/self.signed|DEPTH_ZERO/i) });
    expect(wrong(await look({}, 'other.example'))).toEqual({ names: 'DNS:app.example' });
  });

  test('fails when TLS 1.1 is still spoken, though not to us', async () => {
    expect(wrong(await look({ minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }))).toEqual({ 'TLS 1.0 and 1.1': 'TLSv1.1 is accepted' });
  });

  test('is an error where no TLS is spoken', async () => {
    const port = await listen(createServer((_request, response) => response.end()));
    const question = { host: '127.0.0.1', port, name: 'app.example', authorities: undefined, timeoutMs: 10_000, signal: never };
    expect(await checkTls(question, { days: 14, issuer: undefined })).toMatchObject({
      outcome: 'error',
      evidence: [{ what: 'handshake', found: expect.not.stringContaining('openssl/') }],
    });
  });
});

describe('check disk', () => {
  test('measures the file system of a path', async () => {
    const result = await checkDisk('.', { freeShare: 0, freeBytes: 1, freeInodesShare: 0 });
    expect(result).toMatchObject({ outcome: 'passed', measured: { bytes: expect.any(Number) } });
    expect((await checkDisk('.', { freeShare: 0, freeBytes: 1e18, freeInodesShare: 0 })).outcome).toBe('failed');
    expect((await checkDisk('/no/such/path', { freeShare: 0, freeBytes: 0, freeInodesShare: 0 })).outcome).toBe('error');
  });
});
