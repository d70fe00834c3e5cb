/** The settings of the chat model and the embedding model. Without the first two nothing here does anything. */

import { z } from 'zod';
import { chatModelName, embeddingModelName, readChoice } from '../models/choice.ts';
import { count, httpUrl, setting } from './setting.ts';

const baseUrl = httpUrl
  .refine((text) => !URL.parse(text)?.username, 'must not have a user name or password in it')
  .transform((text) => text.replace(/\/+$/, ''))
  .optional();
const key = z.string().min(1).optional();

export const modelSettings = {
  chatModel: setting({
    variable: 'QUARTERDECK_CHAT_MODEL',
    schema: chatModelName.optional(),
    description:
      'The model that writes answers: `openai:NAME`, `anthropic:NAME`, or `compatible:NAME` for any server that speaks the API of OpenAI. Default: none, and no text leaves the server; a key in the environment alone changes nothing.',
  }),
  chatModelUrl: setting({
    variable: 'QUARTERDECK_CHAT_MODEL_URL',
    schema: baseUrl,
    description:
      'Base address of its API, up to and with the version: `http://127.0.0.1:11434/v1`. Needed with `compatible:`; with the others it replaces the address of the vendor, for a gateway or another region, which then gets the key as well.',
  }),
  chatModelKey: setting({
    variable: 'QUARTERDECK_CHAT_MODEL_KEY',
    schema: key,
    description: 'Bearer token for a `compatible:` chat model, where it wants one. The keys of OpenAI and Anthropic are never sent there.',
    secret: true,
  }),
  embeddingModel: setting({
    variable: 'QUARTERDECK_EMBEDDING_MODEL',
    schema: embeddingModelName.optional(),
    description:
      'The model that turns texts into vectors: `openai:NAME`, `compatible:NAME`, or `local:NAME` for one that runs in the server itself. Default: none.',
  }),
  embeddingModelUrl: setting({
    variable: 'QUARTERDECK_EMBEDDING_MODEL_URL',
    schema: baseUrl,
    description: 'The same as `QUARTERDECK_CHAT_MODEL_URL`, for the embedding model: the two are often two servers.',
  }),
  embeddingModelKey: setting({
    variable: 'QUARTERDECK_EMBEDDING_MODEL_KEY',
    schema: key,
    description: 'Bearer token for a `compatible:` embedding model, where it wants one.',
    secret: true,
  }),
  openaiApiKey: setting({
    variable: 'OPENAI_API_KEY',
    schema: key,
    description: 'Key for `openai:` models. Read only when one of the two settings names such a model.',
    secret: true,
  }),
  anthropicApiKey: setting({
    variable: 'ANTHROPIC_API_KEY',
    schema: key,
    description: 'Key for `anthropic:` models. Read only when the chat model is one.',
    secret: true,
  }),
  chatMaxInputTokens: setting({
    variable: 'QUARTERDECK_CHAT_MAX_INPUT_TOKENS',
    schema: count(16_000, 256, 10_000_000),
    description:
      'Most tokens, by estimate, that one call sends to the chat model; more is refused before it is sent. 16,000 hold twenty long passages with their question, and fit every model of today with room for the answer.',
  }),
  chatMaxOutputTokens: setting({
    variable: 'QUARTERDECK_CHAT_MAX_OUTPUT_TOKENS',
    schema: count(2_000, 16, 1_000_000),
    description: 'Most tokens of one answer. 2,000 are three pages; a model that thinks first counts its thoughts as well and wants more.',
  }),
  embeddingMaxInputTokens: setting({
    variable: 'QUARTERDECK_EMBEDDING_MAX_INPUT_TOKENS',
    schema: count(8_192, 16, 1_000_000),
    description: 'Most tokens, by estimate, of one text for the embedding model. 8,192 is the limit of the models of OpenAI.',
  }),
  modelConcurrency: setting({
    variable: 'QUARTERDECK_MODEL_CONCURRENCY',
    schema: count(8, 1, 1_000),
    description:
      'Calls under way at once to each of the two models, for each replica; others wait. Eight keep a vendor busy within its rates; one graphics card often does best with fewer.',
  }),
  modelSilenceMs: setting({
    variable: 'QUARTERDECK_MODEL_SILENCE_MS',
    schema: count(60_000, 100, 300_000),
    description:
      'Longest silence of a model: to its first piece of an answer, the connection included, and between two pieces. A minute, because a server that has to load its model first takes most of one; at most the five minutes after which the HTTP client gives up by itself.',
  }),
  modelTotalMs: setting({
    variable: 'QUARTERDECK_MODEL_TOTAL_MS',
    schema: count(180_000, 100, 3_600_000),
    description:
      'Longest time for one call of a model with all its attempts. Three minutes write the longest answer even on a slow machine; a request that is no stream ends earlier, with `QUARTERDECK_REQUEST_TIMEOUT_MS`.',
  }),
  modelRetries: setting({
    variable: 'QUARTERDECK_MODEL_RETRIES',
    schema: count(2, 0, 10),
    description:
      'How often a call is repeated after an error that may pass: 429, 5xx, a broken connection. Twice, with growing waits; `Retry-After` is heeded. What the model refuses, and what took too long, is not repeated.',
  }),
  modelBreakerFailures: setting({
    variable: 'QUARTERDECK_MODEL_BREAKER_FAILURES',
    schema: count(5, 1, 1_000),
    description:
      'Failures in a row after which a model is not called for a while, so that callers need not wait for it. Five: two calls with their repetitions.',
  }),
  modelBreakerMs: setting({
    variable: 'QUARTERDECK_MODEL_BREAKER_MS',
    schema: count(30_000, 100, 3_600_000),
    description: 'How long that while is. Then one call tries, and the others follow when it succeeds.',
  }),
};

type ModelSettings = { [Name in keyof typeof modelSettings]: z.output<(typeof modelSettings)[Name]['schema']> };

/** What the settings of models lack together, one line each. */
export function checkModels(settings: ModelSettings): string[] {
  const uses = [
    { variable: 'QUARTERDECK_CHAT_MODEL', name: settings.chatModel, url: settings.chatModelUrl, key: settings.chatModelKey },
    {
      variable: 'QUARTERDECK_EMBEDDING_MODEL',
      name: settings.embeddingModel,
      url: settings.embeddingModelUrl,
      key: settings.embeddingModelKey,
    },
  ];
  const problems = uses.flatMap((use) => (use.name === undefined ? [] : missingFor({ ...use, name: use.name }, settings)));
  if (settings.modelSilenceMs > settings.modelTotalMs)
    problems.push('QUARTERDECK_MODEL_SILENCE_MS: must not be longer than QUARTERDECK_MODEL_TOTAL_MS.');
  return problems;
}

interface Use {
  variable: string;
  name: string;
  url: string | undefined;
  key: string | undefined;
}

function missingFor({ variable, name, url, key: own }: Use, { openaiApiKey, anthropicApiKey }: ModelSettings): string[] {
  const { provider } = readChoice(name);
  const problems: string[] = [];
  if (provider === 'openai' && openaiApiKey === undefined)
    problems.push(`OPENAI_API_KEY: must be given for ${variable}=${name}. Make one on the pages of OpenAI.`);
  if (provider === 'anthropic' && anthropicApiKey === undefined)
    problems.push(`ANTHROPIC_API_KEY: must be given for ${variable}=${name}. Make one on the pages of Anthropic.`);
  if (provider === 'compatible' && url === undefined)
    problems.push(`${variable}_URL: must be given for ${variable}=${name}, such as http://127.0.0.1:11434/v1 for Ollama.`);
  if (provider === 'local' && url !== undefined) problems.push(`${variable}_URL: means nothing to ${name}, which runs here. Unset it.`);
  if (provider !== 'compatible' && own !== undefined)
    problems.push(`${variable}_KEY: is for compatible: models; ${name} does not read it. Unset it.`);
  return problems;
}
