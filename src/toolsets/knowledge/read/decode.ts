/** Turns bytes into the text that is stored: in the encoding that they name, or UTF-8; line ends LF, nothing else changed. */

import { assertSize, refuse } from './refusal.ts';

/** Magic numbers of what people send by mistake. */
const known: readonly [name: string, ...bytes: number[]][] = [
  ['a ZIP archive, such as a Word, Excel or OpenDocument file', 0x50, 0x4b, 0x03, 0x04],
  ['an old Word, Excel or PowerPoint file', 0xd0, 0xcf, 0x11, 0xe0],
  ['a gzip archive', 0x1f, 0x8b],
  ['a PNG image', 0x89, 0x50, 0x4e, 0x47],
  ['a JPEG image', 0xff, 0xd8, 0xff],
  ['a GIF image', 0x47, 0x49, 0x46, 0x38],
  ['a program for Linux', 0x7f, 0x45, 0x4c, 0x46],
  ['an SQLite database', 0x53, 0x51, 0x4c, 0x69, 0x74, 0x65, 0x20, 0x66],
  ['an RTF document', 0x7b, 0x5c, 0x72, 0x74, 0x66],
];

/** @throws Problem `not_text`, `invalid_encoding`, `nul` */
export function decode(bytes: Uint8Array): string {
  assertText(bytes);
  const encoding = utf16Of(bytes) ?? charsetOf(bytes) ?? 'utf-8';
  try {
    return normalise(new TextDecoder(encoding, { fatal: true }).decode(bytes));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw wrongBytes(bytes, encoding);
  }
}

/** Line ends become LF. @throws Problem `nul`: PostgreSQL cannot store it, and to leave it out would be a text that nobody wrote. */
export function normalise(text: string): string {
  const clean = text.replaceAll(/\r\n?/g, '\n').toWellFormed();
  const nul = clean.indexOf('\0');
  if (nul === -1) return clean;
  throw refuse(
    'nul',
    `The text has a NUL character at offset ${nul}, which cannot be stored.`,
    'Take it out. A file full of them is no text, or is UTF-16 without a byte order mark: convert it to UTF-8.',
    { offset: nul },
  );
}

/** @throws Problem `empty` where there is nothing to find */
export function assertNotBlank(text: string, message = 'The source has no text.', next = 'Send one with text.'): void {
  if (!/\S/.test(text)) throw refuse('empty', message, next);
}

/** @throws Problem `too_large` for a text that is longer than sources may be */
export function assertLength(text: string, limit: number, what: string): void {
  // A unit of UTF-16 has at most three bytes of UTF-8, so most texts need not be counted.
  if (text.length * 3 > limit) assertSize(Buffer.byteLength(text), limit, what);
}

function assertText(bytes: Uint8Array): void {
  const found = known.find(([, ...magic]) => magic.every((byte, index) => bytes[index] === byte));
  if (found === undefined) return;
  const [name] = found;
  throw refuse('not_text', `The source is ${name}, which is not read.`, 'Export it as text, Markdown, HTML or PDF.', { looks_like: name });
}

/** By its byte order mark, which TextDecoder leaves out of the text. */
function utf16Of(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return undefined;
}

/** So far browsers look for it: https://html.spec.whatwg.org/multipage/parsing.html#prescan-a-byte-stream-to-determine-its-encoding */
const prescan = 1_024;

/** What HTML says of itself. UTF-16 would have had to be known to read that, so it is not meant. */
function charsetOf(bytes: Uint8Array): string | undefined {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, prescan));
  const [, label = ''] = /^\s*<[^]*?<meta\s[^>]*charset\s*=\s*["']?([\w:-]+)/i.exec(start) ?? [];
  return label === '' || /^utf-?16/i.test(label) || !isEncoding(label) ? undefined : label;
}

function isEncoding(label: string): boolean {
  try {
    new TextDecoder(label);
    return true;
  } catch {
    return false;
  }
}

function wrongBytes(bytes: Uint8Array, encoding: string): Error {
  const offset = validBytes(bytes, encoding);
  const byte = bytes[offset]?.toString(16).padStart(2, '0');
  const why = byte === undefined ? 'it ends in the middle of a character' : `byte 0x${byte} at offset ${offset} does not fit`;
  return refuse(
    'invalid_encoding',
    `The source is not valid ${encoding.toUpperCase()}: ${why}.`,
    'Convert it to UTF-8, and send it again.',
    {
      offset,
      encoding,
    },
  );
}

/** How many bytes at the beginning are right, found by halving: whether the first n are is decided once and stays so for more. */
function validBytes(bytes: Uint8Array, encoding: string): number {
  let right = 0;
  let wrong = bytes.length + 1;
  while (wrong - right > 1) {
    const middle = Math.floor((right + wrong) / 2);
    if (isValid(bytes.subarray(0, middle), encoding)) right = middle;
    else wrong = middle;
  }
  return right;
}

/** A character that is cut off at the end is no mistake yet. */
function isValid(bytes: Uint8Array, encoding: string): boolean {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
