/** PDF: the text of each page as pdf.js finds it, in the order in which it was written. */

import { getDocumentProxy } from 'unpdf';
import { assertLength } from './decode.ts';
import type { Block, OnProgress, ReadLimits, ReadText } from './document.ts';
import { type TextItem, paragraphsOf } from './pdf-layout.ts';
import { refuse } from './refusal.ts';

type Document = Awaited<ReturnType<typeof getDocumentProxy>>;

const separator = '\n\n';

/** @throws Problem `encrypted`, `damaged`, `too_many_pages`, `scanned`, `too_large` */
export async function readPdf(bytes: Uint8Array, limits: ReadLimits, onProgress: OnProgress): Promise<ReadText> {
  const document = await open(bytes);
  const { numPages: pages } = document;
  if (pages > limits.pages)
    throw refuse(
      'too_many_pages',
      `The PDF has ${pages} pages; at most ${limits.pages} are read.`,
      'Split it, and send the parts, or raise QUARTERDECK_MAX_SOURCE_PAGES.',
      {
        pages,
        limit: limits.pages,
      },
    );
  const blocks: Block[] = [];
  const parts: string[] = [];
  let start = 0;
  for (let page = 1; page <= pages; page += 1) {
    for (const part of paragraphsOf(await itemsOf(document, page))) {
      blocks.push({ kind: 'paragraph', start, end: start + part.length, page });
      parts.push(part);
      start += part.length + separator.length;
    }
    // In units, which are at most as many as the bytes that are counted in the end.
    if (start > limits.bytes) assertLength(parts.join(separator), limits.bytes, 'The text of the PDF');
    onProgress({ done: page, total: pages });
  }
  if (parts.length === 0)
    throw refuse(
      'scanned',
      `The PDF has no text on its ${pages === 1 ? 'page' : `${pages} pages`}: they are pictures, as a scanner makes them.`,
      'Run OCR over it first (such as ocrmypdf), and send the result.',
      { pages },
    );
  return { format: 'pdf', title: await titleOf(document), text: parts.join(separator), blocks };
}

/** pdf.js takes the bytes for itself, so it gets its own. */
async function open(bytes: Uint8Array): Promise<Document> {
  try {
    return await getDocumentProxy(Uint8Array.from(bytes), { verbosity: 0, useSystemFonts: false, disableFontFace: true });
  } catch (error) {
    if (nameOf(error) === 'PasswordException')
      throw refuse(
        'encrypted',
        'The PDF is encrypted: it opens with a password, and passwords are not taken.',
        'Save it without one, and send that.',
      );
    throw damaged(error);
  }
}

async function itemsOf(document: Document, number: number): Promise<TextItem[]> {
  try {
    const page = await document.getPage(number);
    const { items } = await page.getTextContent();
    page.cleanup();
    return items.filter((item): item is Extract<typeof item, TextItem> => 'str' in item);
  } catch (error) {
    throw damaged(error, number);
  }
}

async function titleOf(document: Document): Promise<string | null> {
  const { info } = await document.getMetadata().catch(() => ({ info: {} }));
  const title = 'Title' in info && typeof info.Title === 'string' ? info.Title.replaceAll(/[\s\0]+/g, ' ').trim() : '';
  return title === '' ? null : title;
}

function damaged(cause: unknown, page?: number): Error {
  const where = page === undefined ? 'The PDF cannot be read' : `Page ${page} of the PDF cannot be read`;
  const why = cause instanceof Error ? cause.message.replace(/\.$/, '') : nameOf(cause);
  return refuse(
    'damaged',
    `${where}: ${why}.`,
    'Open it in a viewer and save it again, or send it as text.',
    page === undefined ? {} : { page },
  );
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
