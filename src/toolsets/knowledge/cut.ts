/** Cuts what was read into the chunks that are stored: with their places in code points, and the terms that they are found by. */

import { setImmediate as breathe } from 'node:timers/promises';
import type { Context } from '../../operations/context.ts';
import { countTerms } from './analysis/analyse.ts';
import type { Language } from './analysis/languages.ts';
import { type Chunk, chunkText } from './chunks/chunk.ts';
import type { ReadText } from './read/document.ts';
import { toCodePoints } from './read/offsets.ts';
import { hashEmbedded } from './embed.ts';
import type { NewChunk } from './passages.ts';

export interface Cutting {
  /** Its words count for each chunk: they say what all of it is about. */
  title: string;
  language: Language;
  /** Code point of the stored text at which this one begins. */
  base: number;
  /** For text that says nothing of its time. */
  at: Date;
}

/** Chunks whose terms are counted at a time; then others get a turn. Each takes about a tenth of a millisecond. */
const atATime = 50;

export async function cut(
  { settings, signal }: Pick<Context, 'settings' | 'signal'>,
  read: ReadText,
  cutting: Cutting,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<NewChunk[]> {
  const options = { maxTokens: settings.chunkTokens, overlapTokens: settings.chunkOverlapTokens };
  const chunks = await chunkText(read, options, signal);
  const pointOf = placesIn(read.text, chunks, cutting.base);
  const cuts: NewChunk[] = [];
  for (const chunk of chunks) {
    if (cuts.length % atATime === atATime - 1) {
      onProgress(cuts.length, chunks.length);
      await breathe(undefined, { signal });
    }
    cuts.push(toNewChunk(read.text, chunk, pointOf, cutting));
  }
  return cuts;
}

type PointOf = (unit: number) => number;

/** All places that the chunks name, found in one pass over the text. */
function placesIn(text: string, chunks: readonly Chunk[], base: number): PointOf {
  const named = chunks.flatMap(({ start, end, messages = [] }) => [
    start,
    end,
    ...messages.flatMap((message) => [message.start, message.end]),
  ]);
  const units = [...new Set(named)].sort((one, other) => one - other);
  const points = new Map(toCodePoints(text, units).map((point, index) => [units[index], base + point]));
  return (unit) => points.get(unit) ?? base;
}

function toNewChunk(whole: string, chunk: Chunk, pointOf: PointOf, { title, language, at }: Cutting): NewChunk {
  const { start, end, headings, page, messages = [] } = chunk;
  const text = whole.slice(start, end);
  const terms = countTerms([title, ...headings, text].join('\n'), language);
  const spoken = messages.map((message) => ({
    starts: pointOf(message.start),
    ends: pointOf(message.end),
    author_name: message.author?.name ?? null,
    author_type: message.author?.type ?? null,
    at: message.at ?? null,
  }));
  const first = spoken.find((message) => message.at !== null)?.at ?? null;
  return {
    starts: pointOf(start),
    ends: pointOf(end),
    text,
    headings: [...headings],
    page: page ?? null,
    authors: [...new Set(spoken.flatMap(({ author_name }) => author_name ?? []))],
    messages: spoken.length === 0 ? null : spoken,
    at: first === null ? at : new Date(first),
    terms,
    length: [...terms.values()].reduce((sum, count) => sum + count, 0),
    hash: hashEmbedded({ title, headings, text }),
  };
}
