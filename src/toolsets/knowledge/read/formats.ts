/** Which format a source has: as the sender says, or else by its name, or else by what it looks like. */

import { type Format, formats } from './document.ts';
import { readMarkdown } from './markdown.ts';
import { isSlackExport } from './slack.ts';

/** Endings that say it. Of the others, `.txt` among them, the content says more. */
const endings: Readonly<Record<string, Format>> = {
  log: 'text',
  md: 'markdown',
  markdown: 'markdown',
  mdx: 'markdown',
  html: 'html',
  htm: 'html',
  xhtml: 'html',
  pdf: 'pdf',
};

export function isFormat(name: string): name is Format {
  return (formats as readonly string[]).includes(name);
}

/** By the ending of a file's name; undefined: the content has to say. */
export function formatOfName(name: string): Format | undefined {
  return endings[/\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase() ?? ''];
}

/** The first bytes of a PDF in base64. */
const pdfInBase64 = /^\s*JVBERi/;

/**
 * By the address that a text comes from. Only for what is sent as it was served: agents send what they read at `page.html` or `paper.pdf`
 * as Markdown or plain text, so there the content has to say.
 */
export function formatOfAddress(url: string): Format | undefined {
  const format = formatOfName(url.replace(/[?#].*$/s, ''));
  return format === 'html' || format === 'pdf' ? undefined : format;
}

/** `%PDF-` stands among the first 1,024 bytes, behind whatever a program put before it. */
export function isPdf(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 1_024)).includes('%PDF-');
}

/** So much of a text says what it is. */
const sample = 64 * 1024;

/** Of a text without a name that says it. */
export function formatOfText(text: string): Format {
  if (pdfInBase64.test(text)) return 'pdf';
  const start = text.trimStart().slice(0, 200).toLowerCase();
  if (/^(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body)[\s>]/s.test(start)) return 'html';
  if (/^[[{]/.test(start)) {
    const value = parseJson(text);
    if (isSlackExport(value)) return 'slack';
    if (isMessages(value)) return 'messages';
    if (value !== undefined) return 'text';
  }
  return hasStructure(text.slice(0, sample)) ? 'markdown' : 'text';
}

/** What the ingest operation takes as `messages`, saved as a file. */
function isMessages(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'messages' in value && Array.isArray(value.messages);
}

/** Undefined for what is no JSON: no JSON means that. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A heading with a mark, a fence or a table. A list alone is in many letters and logs, and cut the same as text. */
function hasStructure(text: string): boolean {
  const { blocks } = readMarkdown(text);
  return blocks.some(
    ({ kind, start }) =>
      kind === 'table' || (kind === 'heading' && text[start] === '#') || (kind === 'code' && /[`~]/.test(text.charAt(start))),
  );
}
