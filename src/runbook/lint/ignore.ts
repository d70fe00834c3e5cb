/** `<!-- lint-ignore R07, R08: reason -->`: alone, it silences the block after it; within a line, that line. */

import type { Place } from '../source.ts';
import type { LintDocument } from './document.ts';

export interface Ignore {
  readonly ids: readonly string[];
  /** Empty where there is none: then nothing is silenced. */
  readonly reason: string;
  readonly at: Place;
  readonly lines: { readonly first: number; readonly last: number };
}

export function ignoresOf({ hidden }: LintDocument): Ignore[] {
  return hidden.flatMap(({ text, at, lines }) => {
    const [, list, reason = ''] = /^lint-ignore\b([^:]*)(?::([\s\S]*))?$/.exec(text) ?? [];
    if (list === undefined) return [];
    return [{ ids: list.split(/[\s,]+/).filter((id) => id !== ''), reason: reason.trim(), at, lines }];
  });
}
