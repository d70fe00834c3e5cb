/** Opens the models that the settings switch on. Nothing is called: what a model is like is learned with its first use. */

import type { Settings } from '../config/settings.ts';
import type { Log } from '../telemetry/log.ts';
import type { ModelObserver } from '../telemetry/metrics.ts';
import { createChatModel } from './chat.ts';
import { type ModelChoice, readChoice } from './choice.ts';
import { createEmbeddingModel } from './embedding.ts';
import { familyOf } from './families.ts';
import { openLocalWire } from './local/wire.ts';
import { shortageOf } from './room.ts';
import { type ChatModel, type EmbeddingModel, type Models, thisMachine } from './types.ts';
import { Upstream } from './upstream.ts';
import { type Access, openChatWire, openEmbeddingWire, vendorUrls } from './wire.ts';
import type { Subject } from './wording.ts';

export interface ModelsOptions {
  settings: Settings;
  log: Log;
  observer?: ModelObserver | undefined;
  /** Of the circuit breakers, in milliseconds; only tests give their own. */
  clock?: (() => number) | undefined;
}

/** @throws SettingsError when a local model is chosen and what runs it is not installed */
export async function openModels(options: ModelsOptions): Promise<Models> {
  const closers: (() => unknown)[] = [];
  const [chat, embedding] = [await openChat(options, closers), await openEmbedding(options, options.settings.embeddingModel, closers)];
  const others = new Map<string, Promise<EmbeddingModel | undefined>>();
  const { log } = options;
  for (const model of [chat, embedding])
    if (model !== undefined) log.info({ model: model.name, place: model.place }, 'a model is switched on: text is sent to this place');
  const shortage = shortageOf(options.settings);
  if (shortage !== undefined) log.warn(`${shortage.message} ${shortage.next}`);
  return {
    chat,
    embedding,
    embeddingNamed(name) {
      const { embeddingModel } = options.settings;
      if (name === embeddingModel) return Promise.resolve(embedding);
      // Another provider has another address and another key.
      if (embeddingModel === undefined || readChoice(name).provider !== readChoice(embeddingModel).provider)
        return Promise.resolve(undefined);
      const other = others.get(name) ?? openEmbedding(options, name, closers);
      others.set(name, other);
      return other;
    },
    async close() {
      for (const closer of closers) await closer();
    },
  };
}

async function openChat(options: ModelsOptions, closers: (() => unknown)[]): Promise<ChatModel | undefined> {
  const { settings } = options;
  const { chatModel: name, chatModelUrl: url, chatModelKey: key, chatMaxInputTokens, chatMaxOutputTokens } = settings;
  if (name === undefined) return undefined;
  const access = accessOf(readChoice(name), { url, key }, settings);
  const subject = subjectOf('chat', name, access);
  const upstream = openUpstream(options, subject, access, closers);
  const wire = await openChatWire(access);
  return createChatModel({ subject, wire, upstream, maxInputTokens: chatMaxInputTokens, maxOutputTokens: chatMaxOutputTokens });
}

async function openEmbedding(
  options: ModelsOptions,
  name: string | undefined,
  closers: (() => unknown)[],
): Promise<EmbeddingModel | undefined> {
  const { settings, log } = options;
  const { embeddingModelUrl: url, embeddingModelKey: key, embeddingMaxInputTokens: maxInputTokens } = settings;
  if (name === undefined) return undefined;
  const choice = readChoice(name);
  const access = accessOf(choice, { url, key }, settings);
  const subject = subjectOf('embedding', name, access);
  const upstream = openUpstream(options, subject, access, closers);
  const family = familyOf(choice.id);
  if (choice.provider !== 'local')
    return createEmbeddingModel({ subject, wire: await openEmbeddingWire(access), upstream, family, maxInputTokens });
  const wire = openLocalWire({ id: choice.id, pooling: family.pooling, data: settings.data, log });
  closers.push(() => wire.close());
  return createEmbeddingModel({ subject, wire, upstream, family, maxInputTokens });
}

function openUpstream(
  { settings, log, observer, clock }: ModelsOptions,
  subject: Subject,
  { key }: Access,
  closers: (() => unknown)[],
): Upstream {
  const upstream = new Upstream({ subject, policy: settings, secrets: key === undefined ? [] : [key], log, observer, clock });
  closers.push(() => upstream.close());
  return upstream;
}

/** Each key goes to its own vendor, or to where the setting says instead. */
function accessOf(choice: ModelChoice, own: { url: string | undefined; key: string | undefined }, settings: Settings): Access {
  switch (choice.provider) {
    case 'openai':
      return { choice, url: own.url ?? vendorUrls.openai, key: settings.openaiApiKey };
    case 'anthropic':
      return { choice, url: own.url ?? vendorUrls.anthropic, key: settings.anthropicApiKey };
    case 'compatible':
      return { choice, url: own.url ?? '', key: own.key };
    case 'local':
      return { choice, url: '', key: undefined };
  }
}

function subjectOf(use: Subject['use'], name: string, { choice, url }: Access): Subject {
  const keys: Partial<Record<ModelChoice['provider'], string>> = { openai: 'OPENAI_API_KEY', anthropic: 'ANTHROPIC_API_KEY' };
  const variable = use === 'chat' ? 'QUARTERDECK_CHAT_MODEL' : 'QUARTERDECK_EMBEDDING_MODEL';
  const place = choice.provider === 'local' ? thisMachine : new URL(url).host;
  return { use, name, place, variable, keyVariable: keys[choice.provider] };
}
