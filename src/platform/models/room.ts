/** Whether the embedding model reads as much as a chunk may hold. */

import type { Settings } from '../config/settings.ts';
import { readChoice } from './choice.ts';
import { familyOf } from './families.ts';

export interface Shortage {
  message: string;
  next: string;
}

/** The title and the headings go before the text of a chunk; of 512 tokens they leave 400. */
const shareForText = 0.8;

/** What is wrong, where the model reads less than a whole chunk; undefined: it reads it, or nobody knows. */
export function shortageOf(settings: Pick<Settings, 'embeddingModel' | 'embeddingMaxInputTokens' | 'chunkTokens'>): Shortage | undefined {
  const { embeddingModel, embeddingMaxInputTokens, chunkTokens } = settings;
  if (embeddingModel === undefined) return undefined;
  const { tokens = Infinity } = familyOf(readChoice(embeddingModel).id);
  const reads = Math.min(tokens, embeddingMaxInputTokens);
  if (reads >= chunkTokens) return undefined;
  const limit = tokens <= embeddingMaxInputTokens ? embeddingModel : 'QUARTERDECK_EMBEDDING_MAX_INPUT_TOKENS';
  const other =
    limit === embeddingModel
      ? 'choose an embedding model that reads more'
      : 'raise QUARTERDECK_EMBEDDING_MAX_INPUT_TOKENS if the model reads more';
  return {
    message: `The embedding model gets ${reads} tokens of a chunk at most (${limit}), and a chunk may have ${chunkTokens} (QUARTERDECK_CHUNK_TOKENS): the end of a longer one has no vector, and is found by its words alone.`,
    next: `Set QUARTERDECK_CHUNK_TOKENS to ${Math.max(50, Math.floor((reads * shareForText) / 50) * 50)} or less, which holds for what is taken in from then on, or ${other}.`,
  };
}
