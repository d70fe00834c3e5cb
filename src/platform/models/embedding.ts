/** An embedding model: batches, and vectors that are checked before anybody gets them. */

import { invalidInput } from '../problem.ts';
import type { Family } from './families.ts';
import { estimateTokens } from './tokens.ts';
import type { EmbeddingModel, TextKind, Usage } from './types.ts';
import type { Attempt, Upstream } from './upstream.ts';
import { checkedVectors } from './vectors.ts';
import type { EmbeddingWire } from './wire.ts';
import { type Subject, titleOf, tooLong } from './wording.ts';

export interface EmbeddingParts {
  subject: Subject;
  wire: EmbeddingWire;
  upstream: Upstream;
  family: Family;
  maxInputTokens: number;
}

export function createEmbeddingModel({ subject, wire, upstream, family, maxInputTokens }: EmbeddingParts): EmbeddingModel {
  /** Of the first answer; those that follow must be alike. */
  let dimension: number | undefined;

  async function* attempt(texts: readonly string[], { signal, listen }: Attempt): AsyncGenerator<Float32Array[], Usage, undefined> {
    const { vectors, usage } = await wire.embed(texts, signal, listen);
    const checked = checkedVectors(vectors, texts.length, dimension);
    dimension ??= checked[0]?.length;
    yield checked;
    return usage;
  }

  async function embed(texts: readonly string[], kind: TextKind, signal: AbortSignal, withinMs?: number) {
    checkTexts(texts, subject, maxInputTokens);
    const vectors: Float32Array[] = [];
    let input_tokens: number | undefined;
    for (let from = 0; from < texts.length; from += wire.mostTexts) {
      const batch = texts.slice(from, from + wire.mostTexts).map((text) => family.prefixes[kind] + text);
      const run = upstream.run(signal, (parts) => attempt(batch, parts), withinMs);
      let next = await run.next();
      for (; next.done !== true; next = await run.next()) vectors.push(...next.value);
      const { input_tokens: told } = next.value;
      if (told !== undefined) input_tokens = (input_tokens ?? 0) + told;
    }
    return { vectors, usage: { input_tokens, output_tokens: undefined } };
  }

  return {
    name: subject.name,
    place: subject.place,
    maxInputTokens,
    get failure() {
      return upstream.failure;
    },
    embed,
    async dimension(signal) {
      if (dimension === undefined) await embed(['How long is a vector?'], 'query', signal);
      if (dimension === undefined) throw new Error('a vector without a length');
      return dimension;
    },
  };
}

function checkTexts(texts: readonly string[], subject: Subject, limit: number): void {
  for (const [index, text] of texts.entries()) {
    // The vector of nothing is near to everything, where the model gives one at all.
    if (text.trim() === '')
      throw invalidInput({ message: `Text ${index} is empty, so it has no vector.`, next: 'Leave it out.', details: { index } });
    const tokens = estimateTokens(text);
    if (tokens > limit)
      throw tooLong(
        subject,
        `Text ${index} has about ${tokens} tokens, more than the ${limit} that may be sent to ${titleOf(subject).replace(/^The/, 'the')}.`,
        {
          details: { index, tokens, limit },
        },
      );
  }
}
