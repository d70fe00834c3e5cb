/** Why a source cannot be read: for people in words, for programs in one word. */

import { type Problem, invalidInput } from '../../../platform/problem.ts';

export type RefusalReason =
  | 'too_large'
  | 'too_many_pages'
  | 'too_slow'
  | 'too_much_memory'
  | 'not_text'
  | 'invalid_encoding'
  | 'nul'
  | 'empty'
  | 'scanned'
  | 'encrypted'
  | 'damaged'
  | 'malformed';

/** `invalid_input`, with the reason and its figures in `details`. */
export function refuse(reason: RefusalReason, message: string, next: string, figures: Record<string, unknown> = {}): Problem {
  return invalidInput({ message, next, details: { reason, ...figures } });
}

/** 20971520 as `20 MiB`, 1500 as `1500 bytes`. */
export function formatBytes(bytes: number): string {
  const mebi = bytes / 1024 / 1024;
  return mebi < 0.1 ? `${bytes} bytes` : `${Number(mebi.toFixed(1))} MiB`;
}

/** @throws Problem `too_large` */
export function assertSize(bytes: number, limit: number, what = 'The source'): void {
  if (bytes <= limit) return;
  throw refuse(
    'too_large',
    `${what} has ${formatBytes(bytes)}; at most ${formatBytes(limit)} are read.`,
    'Split it, and send the parts one after the other, or raise QUARTERDECK_MAX_SOURCE_BYTES.',
    { bytes, limit },
  );
}
