/** Which model a setting names: a provider and, after a colon, the name that the provider has for it. */

import { z } from 'zod';

/** `compatible` is whatever speaks OpenAI's API: Ollama, vLLM, TEI, LM Studio, a gateway. `local` runs in this process. */
export type Provider = 'openai' | 'anthropic' | 'compatible' | 'local';

export interface ModelChoice {
  provider: Provider;
  id: string;
}

const form = /^(openai|anthropic|compatible|local):(\S+)$/;

/** @throws Error for a text that the schemas below refuse */
export function readChoice(name: string): ModelChoice {
  const [, provider, id] = form.exec(name) ?? [];
  if (provider === undefined || id === undefined) throw new Error(`${name} names no model`);
  return { provider: provider as Provider, id };
}

export const chatModelName = z
  .string()
  .regex(form, 'must be openai:NAME, anthropic:NAME or compatible:NAME')
  .refine(
    (name) => !name.startsWith('local:'),
    'no chat model runs in the server itself; serve it with Ollama or vLLM, and name it compatible:NAME',
  );

export const embeddingModelName = z
  .string()
  .regex(form, 'must be openai:NAME, compatible:NAME or local:NAME')
  .refine((name) => !name.startsWith('anthropic:'), 'Anthropic has no embedding models; use openai:NAME, compatible:NAME or local:NAME');
