/** Reads a source of any format in the thread that it is called in. */

import { assertLength, assertNotBlank, decode, normalise } from './decode.ts';
import type { Format, ReadLimits, ReadText } from './document.ts';
import { formatOfName, formatOfText } from './formats.ts';
import { readMarkdown } from './markdown.ts';
import { readSavedMessages } from './messages.ts';
import { readPlain } from './plain.ts';
import { assertSize } from './refusal.ts';
import { readSlack } from './slack.ts';

export interface Source {
  content: string | Uint8Array;
  /** Default: by the name, or else by the content. */
  format?: Format | undefined;
  /** Of the file; only its ending is looked at. */
  name?: string | undefined;
}

/** @throws Problem `invalid_input`, with `details.reason` */
export function readHere({ content, format, name = '' }: Source, limits: ReadLimits): ReadText {
  assertSize(sizeOf(content), limits.bytes);
  const named = format ?? formatOfName(name);
  const text = typeof content === 'string' ? normalise(content) : decode(content);
  assertNotBlank(text);
  const read = readText(text, named ?? formatOfText(text));
  assertLength(read.text, limits.bytes, 'The text of the source');
  return read;
}

function sizeOf(content: string | Uint8Array): number {
  return typeof content === 'string' ? Buffer.byteLength(content) : content.byteLength;
}

function readText(text: string, format: Format): ReadText {
  switch (format) {
    case 'text':
      return readPlain(text);
    case 'markdown':
      return readMarkdown(text);
    case 'slack':
      return readSlack(text);
    case 'messages':
      return readSavedMessages(text);
  }
}
