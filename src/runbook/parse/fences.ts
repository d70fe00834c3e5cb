/** A fence as it stands in the text: its language, its attributes with their places, and its lines. */

import type { Code } from 'mdast';
import type { Fault, Place } from '../source.ts';
import { type Attribute, readAttributes } from './attributes.ts';

export interface Fence {
  readonly language: string;
  readonly place: Place;
  /** The line on which its text begins. */
  readonly firstLine: number;
  readonly text: string;
  /** undefined: nothing stands in braces. */
  readonly attributes: ReadonlyMap<string, Attribute> | undefined;
  readonly faults: readonly Fault[];
}

const opening = /^(?:`{3,}|~{3,})[ \t]*([^\s{]*)([ \t]*)(.*)$/;

/** undefined: an indented block, which has no language and never runs. */
export function readFence(document: string, { position, value }: Code): Fence | undefined {
  const start = position?.start.offset ?? 0;
  const lineEnd = document.indexOf('\n', start);
  const first = document.slice(start, lineEnd < 0 ? undefined : lineEnd);
  const [whole, language = '', , info = ''] = opening.exec(first.trimEnd()) ?? [];
  if (whole === undefined) return undefined;
  // Not counted from the top of the document, which would be done for each of its fences.
  const place = { line: position?.start.line ?? 1, column: position?.start.column ?? 1 };
  const fence = { language, place, firstLine: place.line + 1, text: value };
  if (!info.startsWith('{')) return { ...fence, attributes: undefined, faults: [] };
  return { ...fence, ...readAttributes(info, { line: place.line, column: place.column + whole.length - info.length }) };
}
