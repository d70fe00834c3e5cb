/** Pure decisions on knowledge: which source something belongs to, what a call changes, and how things are shown. */

import type { Context } from '../../operations/context.ts';
import { type Problem, notFound } from '../../platform/problem.ts';
import { languages } from './analysis/languages.ts';
import type { Language } from './analysis/languages.ts';
import { cite } from './citations.ts';
import type { PassageRow } from './passages.ts';
import type { PassageView, SourceView } from './schema.ts';
import { snippetOf } from './snippet.ts';
import type { Found } from './search.ts';
import type { SourceFacts } from './store.ts';

const conversationPrefix = 'conversation:';

/** What makes it the same source when it comes again. */
export function identityOf(given: { conversation_id?: string | undefined; url?: string | undefined; hash: string }): string {
  if (given.conversation_id !== undefined) return `${conversationPrefix}${given.conversation_id}`;
  return given.url === undefined ? given.hash : `url:${given.url}`;
}

export function conversationOf(identity: string): string | null {
  return identity.startsWith(conversationPrefix) ? identity.slice(conversationPrefix.length) : null;
}

export type Change = 'created' | 'unchanged' | 'replaced' | 'appended';

export function resourceOf(source_id: string): string {
  return `quarterdeck://sources/${source_id}`;
}

export function noSuchSource(source_id: string): Problem {
  return notFound({ message: `There is no source ${source_id} that you can see.`, next: 'Call list_sources to see what there is.' });
}

export function noSuchVersion(source_id: string, version: number, newest: number): Problem {
  return notFound({
    message: `Version ${version} of the source ${source_id} is not there, or not kept any more; the newest is ${newest}.`,
    next: 'Leave version out to read the newest.',
    details: { newest },
  });
}

export function toLanguage(code: string): Language {
  return languages.find((known) => known === code) ?? 'any';
}

export function toSource(row: SourceFacts): SourceView {
  const { id, project, kind, title, format, url, version, characters, chunks, created_by, created_at, updated_at } = row;
  const shared = { id, project, kind, title, format, url, version, characters, chunks, created_by, created_at, updated_at };
  return { ...shared, conversation_id: conversationOf(row.identity), language: toLanguage(row.language) };
}

/** `whole`: with what a program shows and a model need not read. */
export function toPassage(row: Found, worth: ReadonlyMap<string, number>, whole: boolean): PassageView {
  const { text, highlights } = snippetOf(row.text, toLanguage(row.language), worth);
  return {
    ...originOf(row, whole),
    snippet: text,
    ...(whole && { highlights }),
    score: Math.round(row.score * 10_000) / 10_000,
    citation: cite(row),
  };
}

/** Where a passage stands, and who said it when. */
export function originOf({ source_id, title, headings, page, authors, at }: PassageRow, whole: boolean) {
  return {
    source_id,
    title,
    ...(headings.length > 0 && { section: headings.join(' > ') }),
    ...(page !== null && { page }),
    ...(authors.length > 0 && { authors }),
    ...((whole || authors.length > 0) && { at: at.toISOString() }),
  };
}

/** Whether whoever asked is a program, which gets what a model need not read. */
export const isForPrograms = ({ page_bytes }: Pick<Context, 'page_bytes'>): boolean => !Number.isFinite(page_bytes);
