/** Reads a request body as JSON or as a form, within limits, and says exactly what is wrong with one that cannot be read. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { tooLarge, unreadable, unsupportedMediaType } from '../platform/problem.ts';
import { parseJson } from './json.ts';

/**
 * The parsed body, or undefined when there is none.
 * @throws Problem `unsupported_media_type`, `too_large` (before more than the limit was read) or `unreadable`
 */
export async function readJsonBody(incoming: IncomingMessage, outgoing: ServerResponse, maxBytes: number): Promise<unknown> {
  const bytes = await readBody(incoming, outgoing, maxBytes, 'application/json');
  return bytes === undefined || bytes.length === 0 ? undefined : parseJson(decode(bytes));
}

/** The fields of a form, as pages and OAuth clients send them. @throws Problem like `readJsonBody` */
export async function readFormBody(incoming: IncomingMessage, outgoing: ServerResponse, maxBytes: number): Promise<URLSearchParams> {
  const bytes = await readBody(incoming, outgoing, maxBytes, 'application/x-www-form-urlencoded');
  return new URLSearchParams(bytes === undefined ? '' : decode(bytes));
}

/** undefined: the request has no body. */
async function readBody(incoming: IncomingMessage, outgoing: ServerResponse, maxBytes: number, type: string): Promise<Buffer | undefined> {
  if (!hasBody(incoming)) return undefined;
  checkType(incoming, type);
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) throw bodyTooLarge(maxBytes);
  // The client waits with a large body until it is told that it is welcome.
  if (asksFirst(incoming)) {
    outgoing.writeContinue();
    welcomed.add(incoming);
  }
  return readBytes(incoming, maxBytes);
}

/** Requests that waited with their body, and were told to send it. */
const welcomed = new WeakSet<IncomingMessage>();

function asksFirst({ headers }: IncomingMessage): boolean {
  return headers.expect?.toLowerCase() === '100-continue';
}

/** True when the client sends its body only after it is told that it is welcome, and was not told. */
export function holdsBodyBack(incoming: IncomingMessage): boolean {
  return asksFirst(incoming) && !welcomed.has(incoming);
}

/** True when the head of the request announces a body. */
export function hasBody(incoming: IncomingMessage): boolean {
  return incoming.headers['transfer-encoding'] !== undefined || Number(incoming.headers['content-length'] ?? 0) > 0;
}

function checkType({ headers }: IncomingMessage, wanted: string): void {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw unsupportedMediaType({ message: 'The body is compressed, which is not accepted.', next: 'Send it without Content-Encoding.' });
  const type = headers['content-type'] ?? '';
  // As nearly every client sends it.
  if (type === wanted) return;
  const [media = '', ...parameters] = type.split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  const utf8 = charset === undefined || /^"?utf-?8"?$/.test(charset);
  if (media === wanted && utf8) return;
  const what = type === '' ? 'has no Content-Type' : !utf8 ? 'is not UTF-8 by its Content-Type' : 'has another Content-Type';
  throw unsupportedMediaType({
    message: `The body ${what}; only ${wanted} in UTF-8 is accepted.`,
    next: `Send the header Content-Type: ${wanted}.`,
  });
}

function readBytes(incoming: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let settled = false;
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= maxBytes) return;
      incoming.off('data', onData).pause();
      settled = true;
      reject(bodyTooLarge(maxBytes));
    };
    const onEnd = () => {
      settled = true;
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size));
    };
    const onClose = () => {
      if (settled) return;
      settled = true;
      reject(unreadable({ message: 'The body ended before its announced length.', next: 'Send the request again.' }));
    };
    // They stay, for taking them away costs more than they do.
    incoming.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

function bodyTooLarge(maxBytes: number) {
  return tooLarge({
    message: `The body is larger than ${maxBytes} bytes.`,
    next: 'Send less at once, or raise QUARTERDECK_MAX_BODY_BYTES. Files are better taken in where the server runs, with `quarterdeck ingest PATH`.',
    details: { max_bytes: maxBytes },
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw unreadable({ message: 'The body is not valid UTF-8.', next: 'Encode the JSON as UTF-8 and send it again.' });
  }
}
