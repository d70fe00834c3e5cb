/** Counts what a model pays for a text. */

import { countTokens as count } from 'gpt-tokenizer/encoding/o200k_base';

/** Named in every report: another model counts a few per cent more or less. */
export const encoding = 'o200k_base';

export interface Size {
  bytes: number;
  tokens: number;
}

export function sizeOf(value: unknown): Size {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return { bytes: Buffer.byteLength(text), tokens: count(text) };
}
