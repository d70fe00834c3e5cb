/** Turns a file into what the ingest operation takes: text as text, a PDF in base64. */

import type { ReadLimits } from './document.ts';
import { decode } from './decode.ts';
import { formatOfName, isPdf } from './formats.ts';
import type { Format } from './document.ts';
import { assertSize } from './refusal.ts';

export interface FileInput {
  content: string;
  /** Undefined: the content says it. */
  format: Format | undefined;
}

/** Before it is read. @throws Problem `too_large` */
export function assertFileSize(bytes: number, limit: ReadLimits['bytes']): void {
  assertSize(bytes, limit, 'The file');
}

/** @throws Problem `not_text`, `invalid_encoding`, `nul` */
export function toFileInput(name: string, bytes: Uint8Array): FileInput {
  const format = formatOfName(name);
  if (format === 'pdf' || (format === undefined && isPdf(bytes))) return { content: Buffer.from(bytes).toString('base64'), format: 'pdf' };
  return { content: decode(bytes), format };
}
