/** A chat model: the budget before a call, and its answer in pieces. */

import {
  InvalidResponseDataError,
  type LanguageModelV4,
  type LanguageModelV4Prompt,
  type LanguageModelV4StreamPart,
} from '@ai-sdk/provider';
import { estimateTokens } from './tokens.ts';
import type { ChatEnd, ChatModel, ChatPart, ChatRequest, Finish, Usage } from './types.ts';
import type { Attempt, Upstream } from './upstream.ts';
import { type Subject, titleOf, tooLong } from './wording.ts';

export interface ChatParts {
  subject: Subject;
  wire: LanguageModelV4;
  upstream: Upstream;
  maxInputTokens: number;
  maxOutputTokens: number;
}

export function createChatModel({ subject, wire, upstream, maxInputTokens, maxOutputTokens }: ChatParts): ChatModel {
  async function* stream(request: ChatRequest): AsyncGenerator<ChatPart, void, undefined> {
    const tokens = tokensOf(request);
    if (tokens > maxInputTokens)
      throw tooLong(subject, `About ${tokens} tokens are more than the ${maxInputTokens} that may be sent to ${name}.`, {
        details: { tokens, limit: maxInputTokens },
      });
    const limit = Math.min(request.maxOutputTokens ?? maxOutputTokens, maxOutputTokens);
    const { signal, withinMs } = request;
    yield* upstream.run(signal, (attempt) => answer(wire, promptOf(request), limit, attempt), withinMs);
  }
  const name = titleOf(subject).replace(/^The/, 'the');
  return {
    name: subject.name,
    place: subject.place,
    maxInputTokens,
    maxOutputTokens,
    get failure() {
      return upstream.failure;
    },
    stream,
    async generate(request) {
      let text = '';
      let end: ChatEnd | undefined;
      for await (const part of stream(request)) {
        if (part.type === 'text') text += part.text;
        else end = { finish: part.finish, usage: part.usage };
      }
      if (end === undefined) throw new Error('an answer without an end');
      return { text, ...end };
    },
  };
}

/** What frames a message costs a few tokens in every format. */
const tokensPerMessage = 4;

function tokensOf({ system, messages }: ChatRequest): number {
  return messages.reduce((sum, { content }) => sum + estimateTokens(content) + tokensPerMessage, estimateTokens(system) + tokensPerMessage);
}

function promptOf({ system, messages }: ChatRequest): LanguageModelV4Prompt {
  return [
    // Anthropic refuses an empty one.
    ...(system === '' ? [] : [{ role: 'system' as const, content: system }]),
    ...messages.map(({ role, content }) => ({ role, content: [{ type: 'text' as const, text: content }] })),
  ];
}

/** One attempt. The wire has no end of its own for an answer that breaks off: it must be missed. */
async function* answer(
  wire: LanguageModelV4,
  prompt: LanguageModelV4Prompt,
  maxOutputTokens: number,
  { signal, listen }: Attempt,
): AsyncGenerator<ChatPart, Usage, undefined> {
  const { stream } = await wire.doStream({ prompt, maxOutputTokens, abortSignal: signal });
  let end: ChatEnd | undefined;
  for await (const part of stream) {
    listen();
    if (part.type === 'error') throw part.error;
    if (part.type === 'text-delta' && part.delta !== '') yield { type: 'text', text: part.delta };
    if (part.type === 'finish') end = endOf(part);
  }
  if (end === undefined) throw new InvalidResponseDataError({ data: undefined, message: 'the stream ended without its end' });
  yield { type: 'end', ...end };
  return end.usage;
}

const finishes: Readonly<Record<string, Finish>> = { stop: 'stop', length: 'length', 'content-filter': 'filtered' };

function endOf({ finishReason, usage }: Extract<LanguageModelV4StreamPart, { type: 'finish' }>): ChatEnd | undefined {
  // Of a stream that ended in the middle.
  if (finishReason.unified === 'error' || finishReason.unified === 'interrupted') return undefined;
  const told = { input_tokens: usage.inputTokens.total, output_tokens: usage.outputTokens.total };
  return { finish: finishes[finishReason.unified] ?? 'other', usage: told };
}
