/** Speaks with the APIs of models. The packages that know their formats are loaded when a model is switched on. */

import type { EmbeddingModelV4, LanguageModelV4, SharedV4Warning } from '@ai-sdk/provider';
import type { ModelChoice } from './choice.ts';
import { UnusableAnswer } from './failure.ts';
import type { Usage } from './types.ts';

export interface Access {
  choice: ModelChoice;
  /** Without a slash at its end. */
  url: string;
  key: string | undefined;
}

/** Turns texts, at most `mostTexts` of them, into as many vectors, unchecked. */
export interface EmbeddingWire {
  readonly mostTexts: number;
  embed(texts: readonly string[], signal: AbortSignal, heard: () => void): Promise<EmbeddingAnswer>;
}

export interface EmbeddingAnswer {
  vectors: ArrayLike<number>[];
  usage: Usage;
}

/** Said in full, because the packages would read other variables of the environment for what they are not given. */
export const vendorUrls = { openai: 'https://api.openai.com/v1', anthropic: 'https://api.anthropic.com/v1' };

export async function openChatWire({ choice, url, key }: Access): Promise<LanguageModelV4> {
  if (choice.provider === 'anthropic') {
    const { createAnthropic } = await import('@ai-sdk/anthropic');
    return createAnthropic({ baseURL: url, apiKey: key ?? '', fetch: fetchHere })(choice.id);
  }
  const provider = await openCompatible({ choice, url, key });
  return provider.chatModel(choice.id);
}

/**
 * Texts in one request. TEI refuses more than 32 as it comes; OpenAI takes 2,048 but no more than 300,000 tokens, which 32 of the longest stay below;
 * and a batch that fails is sent again whole.
 */
const mostTexts = 32;

export async function openEmbeddingWire(access: Access): Promise<EmbeddingWire> {
  const provider = await openCompatible(access);
  const model: EmbeddingModelV4 = provider.embeddingModel(access.choice.id);
  return {
    mostTexts,
    async embed(texts, signal) {
      const { embeddings, usage, response } = await model.doEmbed({ values: [...texts], abortSignal: signal });
      return { vectors: inOrder(embeddings, response?.body), usage: { input_tokens: usage?.tokens, output_tokens: undefined } };
    },
  };
}

async function openCompatible({ choice, url, key }: Access) {
  const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
  return createOpenAICompatible({
    name: choice.provider,
    baseURL: url,
    ...(key === undefined ? {} : { apiKey: key }),
    // Otherwise an answer in pieces comes without its count of tokens.
    includeUsage: true,
    ...(choice.provider === 'openai' ? { transformRequestBody: forOpenAi } : {}),
    fetch: fetchHere,
  });
}

type Body = Parameters<LimitedBody>[0];
type LimitedBody = (body: { max_tokens?: unknown }, warnings?: SharedV4Warning[]) => Record<string, unknown>;

/** OpenAI's newer models refuse the old name of the limit, and its older ones take both; other servers often know only the old one. */
function forOpenAi({ max_tokens, ...body }: Body): Record<string, unknown> {
  return { ...body, max_completion_tokens: max_tokens };
}

/** A redirect would send the text, and perhaps the key, to a place that nobody has named. */
const fetchHere: typeof fetch = (input, init) => fetch(input, { ...init, redirect: 'error' });

/** The package takes vectors as they come, but the API allows any order and numbers them. */
function inOrder(embeddings: readonly number[][], body: unknown): number[][] {
  const items = (body as { data?: { index?: unknown }[] } | undefined)?.data ?? [];
  const indices = items.map(({ index }) => index);
  if (!indices.some((index) => typeof index === 'number')) return [...embeddings];
  const ordered = new Map(indices.map((index, at) => [index, embeddings[at]]));
  return embeddings.map((_, index) => {
    const embedding = ordered.get(index);
    if (embedding === undefined) throw new UnusableAnswer(`no vector has the index ${index}`);
    return embedding;
  });
}
