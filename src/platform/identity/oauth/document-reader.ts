/** Fetches a small JSON document from an address that a stranger chose, without letting the stranger look into our network. */

import { lookup as resolveName } from 'node:dns/promises';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { isPublicAddress } from './addresses.ts';

export interface DocumentReader {
  /** The parsed JSON, and for how many seconds it may be kept. @throws Error that says what was wrong with the address or the answer */
  read(url: URL): Promise<{ document: unknown; fresh_seconds: number }>;
}

export interface Address {
  address: string;
  family: number;
}

/** What the guard stands on. Only tests give their own: no setting can weaken it. */
export interface DocumentReaderParts {
  /** Every address of a name. */
  resolve?: (hostname: string) => Promise<Address[]>;
  isAllowed?: (address: string) => boolean;
  /** A certificate authority to trust instead of the public ones. */
  ca?: string;
  timeout_ms?: number;
}

/** Metadata documents have a few hundred bytes; the CIMD draft (section 6.6) suggests 5 kB. */
const maxBytes = 10_000;

/** For everything from the name to the last byte: a person waits for it. */
const timeoutMs = 5_000;

/** At least this long, so that nobody makes us fetch at every request; at most a day, so that a change is noticed. */
const freshness = { min: 60, default: 3_600, max: 86_400 };

/** How many fetches may run at once. Clients are few and kept, so more than this is somebody who uses us as a hammer. */
const maxConcurrent = 8;

export function createDocumentReader(parts: DocumentReaderParts = {}): DocumentReader {
  const { resolve = (name) => resolveName(name, { all: true }), isAllowed = isPublicAddress, ca, timeout_ms = timeoutMs } = parts;
  let running = 0;

  async function readPinned(url: URL): Promise<{ document: unknown; fresh_seconds: number }> {
    const signal = AbortSignal.timeout(timeout_ms);
    const [address] = checkAddresses(await within(resolve(url.hostname), signal), isAllowed);
    const { headers, body } = await get(url, address, signal, ca);
    return { document: JSON.parse(body), fresh_seconds: freshSeconds(headers['cache-control']) };
  }

  return {
    async read(url) {
      checkUrl(url);
      if (running >= maxConcurrent) throw new Error('too many documents are being read at this moment');
      running += 1;
      try {
        return await readPinned(url);
      } finally {
        running -= 1;
      }
    },
  };
}

function checkUrl(url: URL): void {
  if (url.protocol !== 'https:') throw new Error('the address is not https');
  if (isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0) throw new Error('the address has a number for a host name');
  if (url.username !== '' || url.password !== '') throw new Error('the address has a user name or password');
}

/** One bad address is enough to refuse: a name that is public and private at once is an attempt at rebinding. */
function checkAddresses(addresses: readonly Address[], isAllowed: (address: string) => boolean): [Address] {
  const [first] = addresses;
  if (first === undefined) throw new Error('the name has no address');
  if (addresses.some(({ address }) => !isAllowed(address))) throw new Error('the name leads to an address that is not public');
  return [first];
}

/** Asks exactly the address that was checked, for the name in the certificate; a redirect is an answer like any other that is not 200. */
function get(
  url: URL,
  { address, family }: Address,
  signal: AbortSignal,
  ca: string | undefined,
): Promise<{ headers: Record<string, string | string[] | undefined>; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(url, {
      agent: false,
      signal,
      ...(ca === undefined ? {} : { ca }),
      lookup: (_name, options, done) => {
        if (options.all === true) done(null, [{ address, family }]);
        else done(null, address, family);
      },
      headers: { Accept: 'application/json', 'Accept-Encoding': 'identity', 'User-Agent': 'Quarterdeck' },
    });
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      const fail = (why: string) => outgoing.destroy(new Error(why));
      const { statusCode, headers } = incoming;
      if (statusCode !== 200) return fail(`the answer has status ${statusCode}, not 200`);
      if (!/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(headers['content-type'] ?? '')) return fail('the answer is not JSON');
      if (headers['content-encoding'] !== undefined) return fail('the answer is compressed');
      const chunks: Buffer[] = [];
      let size = 0;
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxBytes) fail(`the answer is larger than ${maxBytes} bytes`);
        else chunks.push(chunk);
      });
      incoming.once('error', reject);
      incoming.once('end', () => resolve({ headers, body: Buffer.concat(chunks).toString('utf8') }));
    });
    outgoing.end();
  });
}

function within<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('the name was not resolved in time')), { once: true });
    work.then(resolve, reject);
  });
}

function freshSeconds(header: string | string[] | undefined): number {
  const text = String(header ?? '');
  if (/\bno-(?:store|cache)\b/i.test(text)) return freshness.min;
  const [, digits] = /\bmax-age=(\d{1,9})\b/i.exec(text) ?? [];
  return digits === undefined ? freshness.default : Math.min(Math.max(Number(digits), freshness.min), freshness.max);
}
