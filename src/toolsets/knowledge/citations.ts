/** Citations: made of a passage, and checked against what is stored now. */

import { createHash } from 'node:crypto';
import type { TransactionScope } from '../../platform/database/types.ts';
import { toCodePoints, toUtf16 } from './read/offsets.ts';
import type { Citation } from './schema.ts';
import { type Part, findSource, findVersion, readParts } from './store.ts';

/** `sha256:` of the text in UTF-8. */
export function hashText(text: string): string {
  return `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;
}

export function cite(passage: { source_id: string; version: number; starts: number; ends: number; text: string }): Citation {
  const { source_id, version, starts: start, ends: end, text } = passage;
  return { source_id, version, start, end, hash: hashText(text) };
}

export type Verdict =
  /** The source says so, in its newest version. */
  | { status: 'valid'; text: string; version: number }
  /** A newer version exists. `found`: where the same text stands in it; null: it does not any more. */
  | { status: 'stale'; text: string; version: number; found: { start: number; end: number } | null }
  /** The source, or that version of it, is not kept any more or was never seen by this caller. */
  | { status: 'gone'; version: number | null }
  /** The version is there and does not say this at that place: it was made up or altered. `found` as above. */
  | { status: 'mismatch'; text: string; version: number; found: { start: number; end: number } | null };

/** What the caller may see decides: a source of others is gone like one that never was. */
export async function verify(scope: TransactionScope, citation: Citation, quote?: string): Promise<Verdict> {
  const source = await findSource(scope, citation.source_id);
  if (source === undefined) return { status: 'gone', version: null };
  const { version } = source;
  if ((await findVersion(scope, citation.source_id, citation.version)) === undefined) return { status: 'gone', version };
  const text = await readSpan(scope, citation);
  const wanted = quote ?? text;
  const right = hashText(text) === citation.hash && (quote === undefined || text.includes(quote));
  if (right && citation.version === version) return { status: 'valid', text, version };
  const found = await findText(scope, { source_id: citation.source_id, version, characters: source.characters }, wanted);
  return right ? { status: 'stale', text, version, found } : { status: 'mismatch', text, version, found };
}

/** The text between two code points of a version; shorter where the version ends before. */
export async function readSpan(
  scope: TransactionScope,
  { source_id, version, start, end }: Pick<Citation, 'source_id' | 'version' | 'start' | 'end'>,
): Promise<string> {
  const parts = await readParts(scope, { source_id, version, start, end });
  const first = parts[0]?.starts ?? 0;
  return slicePoints(joinParts(parts), start - first, end - first);
}

function joinParts(parts: readonly Part[]): string {
  return parts.map((part) => part.text).join('');
}

/** As `slice`, by code points. */
function slicePoints(text: string, start: number, end: number): string {
  return text.slice(...toUtf16(text, [start, end]));
}

/** How many code points a text has. */
export function countPoints(text: string): number {
  return toCodePoints(text, [text.length])[0] ?? 0;
}

async function findText(
  scope: TransactionScope,
  { source_id, version, characters }: { source_id: string; version: number; characters: number },
  wanted: string,
): Promise<{ start: number; end: number } | null> {
  const text = joinParts(await readParts(scope, { source_id, version, start: 0, end: characters }));
  const at = wanted === '' ? -1 : text.indexOf(wanted);
  if (at === -1) return null;
  const start = countPoints(text.slice(0, at));
  return { start, end: start + countPoints(wanted) };
}
