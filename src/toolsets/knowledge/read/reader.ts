/** Reads a source of any format in the thread that it is called in. */

import { assertLength, assertNotBlank, decode, normalise } from './decode.ts';
import type { Format, OnProgress, ReadLimits, ReadText } from './document.ts';
import { formatOfName, formatOfText, isPdf } from './formats.ts';
import { readHtml } from './html.ts';
import { readMarkdown } from './markdown.ts';
import { readSavedMessages } from './messages.ts';
import { readPlain } from './plain.ts';
import { assertSize, refuse } from './refusal.ts';
import { readSlack } from './slack.ts';

export interface Source {
  content: string | Uint8Array;
  /** Default: by the name, or else by the content. */
  format?: Format | undefined;
  /** Of the file; only its ending is looked at. */
  name?: string | undefined;
  /** Of a Slack export: names for ids, from `readSlackUsers`. */
  users?: ReadonlyMap<string, string> | undefined;
}

/** In bytes. @throws Problem `too_large` */
export function assertSourceSize({ content, format }: Source, { bytes }: ReadLimits): number {
  const size = typeof content === 'string' ? Buffer.byteLength(content, format === 'pdf' ? 'base64' : 'utf8') : content.byteLength;
  assertSize(size, bytes);
  return size;
}

/** @throws Problem for what is not read at all */
export function formatOf({ content, format, name = '' }: Source): Format {
  const named = format ?? formatOfName(name);
  if (named !== undefined) return named;
  return typeof content !== 'string' && isPdf(content) ? 'pdf' : formatOfText(textOf(content));
}

/** @throws Problem `invalid_input`, with `details.reason` */
export async function readHere(source: Source, limits: ReadLimits, onProgress: OnProgress = () => undefined): Promise<ReadText> {
  assertSourceSize(source, limits);
  const { content } = source;
  const format = formatOf(source);
  if (format === 'pdf') {
    // Loaded only where there is one: pdf.js takes time and memory.
    const { readPdf } = await import('./pdf.ts');
    return readPdf(typeof content === 'string' ? fromBase64(content) : content, limits, onProgress);
  }
  const text = textOf(content);
  assertNotBlank(text);
  const read = readText(text, format, source);
  assertLength(read.text, limits.bytes, 'The text of the source');
  return read;
}

function textOf(content: string | Uint8Array): string {
  return typeof content === 'string' ? normalise(content) : decode(content);
}

/** A PDF in JSON. */
function fromBase64(content: string): Uint8Array {
  const bytes = Buffer.from(content, 'base64');
  if (isPdf(bytes)) return bytes;
  throw refuse('damaged', 'The content is not a PDF in base64.', 'Encode the bytes of the file as base64, or name the format that it has.');
}

function readText(text: string, format: Exclude<Format, 'pdf'>, { users }: Source): ReadText {
  switch (format) {
    case 'text':
      return readPlain(text);
    case 'markdown':
      return readMarkdown(text);
    case 'html':
      return readHtml(text);
    case 'slack':
      return readSlack(text, users);
    case 'messages':
      return readSavedMessages(text);
  }
}
