/** Finds in an answer of the embedded database that it gave up: after a panic its memory is not to be trusted, and it says nothing more. */

/** What the last words were. */
export interface Panic {
  /** SQLSTATE. */
  code: string;
  message: string;
}

/** First byte of an ErrorResponse, and of the fields of interest in it (PostgreSQL documentation, "Error and Notice Message Fields"). */
const errorResponse = 0x45; // 'E'
const severityField = 'V';
const codeField = 'C';
const messageField = 'M';

/** Both end the session. In a server it would be the process that ends; here that is for us to do. */
const deadly = new Set(['PANIC', 'FATAL']);

export function findPanic(answer: Uint8Array): Panic | undefined {
  const view = Buffer.from(answer.buffer, answer.byteOffset, answer.length);
  // One byte for the kind, then a length that includes itself.
  for (let at = 0; at + 5 <= view.length; at += 1 + view.readInt32BE(at + 1)) {
    if (view[at] !== errorResponse) continue;
    const fields = readFields(view.subarray(at + 5, at + 1 + view.readInt32BE(at + 1)));
    if (deadly.has(fields.get(severityField) ?? '')) return { code: fields.get(codeField) ?? '', message: fields.get(messageField) ?? '' };
  }
  return undefined;
}

function readFields(body: Buffer): Map<string, string> {
  const texts = body.toString('utf8').split('\0');
  return new Map(texts.filter((text) => text !== '').map((text) => [text.charAt(0), text.slice(1)]));
}
