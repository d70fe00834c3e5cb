/** The chat model as one question uses it: for a limited time, counted, and done without from the moment that it fails. */

import type { Context } from '../../../operations/context.ts';
import type { ChatModel, ChatRequest, Finish, Usage } from '../../../platform/models/types.ts';
import { Problem } from '../../../platform/problem.ts';
import { withoutThinking } from './thinking.ts';

/** What a model can fail with: the answer then goes on without it. */
const failures: ReadonlySet<string> = new Set(['model_unavailable', 'model_failed', 'model_input_too_long']);

export class Assistant {
  /** Why there is none any more, for the caller. Undefined: there was none, or it does its work. */
  degraded: string | undefined;
  /** How the last answer ended. */
  finish: Finish | undefined;
  /** Of all calls together. */
  usage: (Usage & { model: string }) | undefined;
  readonly #context: Context;
  readonly #until: number;

  constructor(context: Context) {
    this.#context = context;
    this.#until = performance.now() + context.settings.answerMs;
  }

  /** Undefined: none is switched on, or it has failed. */
  get model(): ChatModel | undefined {
    return this.degraded === undefined ? this.#context.models.chat : undefined;
  }

  /**
   * What `read` makes of the answer; undefined: there is none, or the model failed, and then `degraded` says why.
   * @throws what `read` throws, and the reason of the caller's signal
   */
  async write<Result>(
    request: (chat: ChatModel) => Omit<ChatRequest, 'signal' | 'withinMs'>,
    read: (text: AsyncIterable<string>) => Promise<Result>,
  ): Promise<Result | undefined> {
    const chat = this.model;
    if (chat === undefined) return undefined;
    this.finish = undefined;
    try {
      return await read(withoutThinking(this.#texts(chat, request(chat))));
    } catch (error) {
      if (!(error instanceof Problem) || !failures.has(error.code) || this.#context.signal.aborted) throw error;
      this.degraded = error.message;
      return undefined;
    }
  }

  async *#texts(chat: ChatModel, request: Omit<ChatRequest, 'signal' | 'withinMs'>): AsyncGenerator<string, void, undefined> {
    const withinMs = Math.max(1, this.#until - performance.now());
    for await (const part of chat.stream({ ...request, signal: this.#context.signal, withinMs })) {
      if (part.type === 'text') yield part.text;
      else {
        this.finish = part.finish;
        this.#count(chat.name, part.usage);
      }
    }
  }

  #count(model: string, { input_tokens, output_tokens }: Usage): void {
    const before = this.usage;
    this.usage = { model, input_tokens: sum(before?.input_tokens, input_tokens), output_tokens: sum(before?.output_tokens, output_tokens) };
  }
}

function sum(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined && other === undefined ? undefined : (one ?? 0) + (other ?? 0);
}
