import { type Server, createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certificate, certificateKey } from '../../../../test/support/certificate.ts';
import { type DocumentReaderParts, createDocumentReader } from './document-reader.ts';

let site: Server;
let port: number;
let answer: (incoming: IncomingMessage, outgoing: ServerResponse) => void;

beforeAll(async () => {
  site = createServer({ cert: certificate, key: certificateKey }, (incoming, outgoing) => answer(incoming, outgoing));
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  ({ port } = site.address() as AddressInfo);
});
afterAll(() => {
  site.closeAllConnections();
  site.close();
});

const json = (body: unknown, headers: Record<string, string> = {}) => {
  answer = (_incoming, outgoing) => {
    outgoing.writeHead(200, { 'Content-Type': 'application/json', ...headers });
    outgoing.end(JSON.stringify(body));
  };
};

const local = { address: '127.0.0.1', family: 4 };

/** Reads from the site of this test, which is on an address that the guard would refuse. */
const read = (parts: DocumentReaderParts = {}) =>
  createDocumentReader({ resolve: async () => [local], isAllowed: () => true, ca: certificate, ...parts }).read(
    new URL(`https://app.example:${port}/client.json`),
  );

describe('a document', () => {
  test('is read from the address that was checked, under its own name', async () => {
    let host: string | undefined;
    answer = ({ headers }, outgoing) => {
      ({ host } = headers);
      outgoing.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'max-age=600' });
      outgoing.end('{"client_name":"App"}');
    };
    expect(await read()).toEqual({ document: { client_name: 'App' }, fresh_seconds: 600 });
    expect(host).toBe(`app.example:${port}`);
  });

  test.each([
    ['max-age=1', 60],
    ['max-age=999999999', 86_400],
    ['no-store', 60],
    ['public', 3_600],
  ])('with Cache-Control: %s is kept for %i seconds', async (header, seconds) => {
    json({}, { 'Cache-Control': header });
    expect(await read()).toMatchObject({ fresh_seconds: seconds });
  });

  test.each<[string, () => void, string]>([
    ['a redirect', () => (answer = (_in, out) => out.writeHead(302, { Location: 'https://other.example/' }).end()), 'status 302'],
    ['an error', () => (answer = (_in, out) => out.writeHead(500).end()), 'status 500'],
    ['a page', () => json({}, { 'Content-Type': 'text/html' }), 'not JSON'],
    ['something compressed', () => json({}, { 'Content-Encoding': 'gzip' }), 'compressed'],
    ['something large', () => json({ client_name: 'x'.repeat(20_000) }), 'larger than'],
    ['no JSON', () => (answer = (_in, out) => out.writeHead(200, { 'Content-Type': 'application/json' }).end('{')), 'JSON'],
  ])('is refused when it is %s', async (_what, prepare, reason) => {
    prepare();
    await expect(read()).rejects.toThrow(reason);
  });

  test('is given up when it does not come', async () => {
    answer = () => undefined;
    await expect(read({ timeout_ms: 300 })).rejects.toThrow('aborted');
    await expect(read({ timeout_ms: 50, resolve: () => new Promise(() => undefined) })).rejects.toThrow('not resolved in time');
  });

  test('is not read from a site with a certificate for another name, or of a stranger', async () => {
    json({});
    await expect(
      createDocumentReader({ resolve: async () => [local], isAllowed: () => true, ca: certificate }).read(
        new URL(`https://other.example:${port}/client.json`),
      ),
    ).rejects.toThrow(/altnames|certificate/i);
    await expect(
      createDocumentReader({ resolve: async () => [local], isAllowed: () => true }).read(new URL(`https://app.example:${port}/x`)),
    ).rejects.toThrow(/self-signed/);
  });
});

describe('an address', () => {
  const guarded = (addresses: string[]) =>
    createDocumentReader({
      resolve: async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      ca: certificate,
    }).read(new URL(`https://app.example:${port}/client.json`));

  test.each([[['127.0.0.1']], [['169.254.169.254']], [['93.184.216.34', '10.0.0.1']], [['::ffff:127.0.0.1']], [['fd00::1']]])(
    'is refused when the name leads to %j',
    async (addresses) => {
      await expect(guarded(addresses)).rejects.toThrow('not public');
    },
  );

  test.each([
    ['http://app.example/client.json', 'not https'],
    ['https://127.0.0.1/client.json', 'number'],
    ['https://[::1]/client.json', 'number'],
    ['https://2130706433/client.json', 'number'],
    ['https://user:secret@app.example/client.json', 'user name'],
  ])('is refused when it is %s', async (address, reason) => {
    await expect(createDocumentReader().read(new URL(address))).rejects.toThrow(reason);
  });

  test('is refused when its name has none', async () => {
    await expect(guarded([])).rejects.toThrow('no address');
  });
});
