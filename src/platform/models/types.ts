/** What the rest of the program knows of models: two small interfaces, and which of the two there are. */

export interface ChatMessage {
  role: 'user' | 'assistant';
  content: string;
}

export interface ChatRequest {
  /** What the model is told by us. Text of others belongs into messages, never here. */
  system: string;
  messages: readonly ChatMessage[];
  /** Default, and at most, the limit of the settings. */
  maxOutputTokens?: number | undefined;
  /** Longest time for all of it, with the wait for a place, in milliseconds. Default, and at most, the limit of the settings. */
  withinMs?: number | undefined;
  /** Aborted: the call upstream is ended too. */
  signal: AbortSignal;
}

/** Tokens, as the model's own API counts them; undefined: it did not tell. */
export interface Usage {
  input_tokens: number | undefined;
  output_tokens: number | undefined;
}

/** Why the answer ended: by itself, because it was as long as allowed, or because the provider's filter stepped in. */
export type Finish = 'stop' | 'length' | 'filtered' | 'other';

export interface ChatEnd {
  finish: Finish;
  usage: Usage;
}

/** Any number of texts, which follow on each other, then one end. */
export type ChatPart = { type: 'text'; text: string } | ({ type: 'end' } & ChatEnd);

/** The place of a model that runs in this process. */
export const thisMachine = 'this machine';

/** What both kinds of model say of themselves. */
export interface Model {
  /** As in the settings: `openai:text-embedding-3-small`. Stored with vectors: those of two names are never compared. */
  readonly name: string;
  /** Where text goes, for people: `api.openai.com`, `127.0.0.1:11434`, `this machine`. */
  readonly place: string;
  /** What is wrong with it now, for whoever runs the server; undefined: nothing that a call has met. */
  readonly failure: string | undefined;
}

export interface ChatModel extends Model {
  /** Most tokens of a request, by `estimateTokens`, and of an answer. */
  readonly maxInputTokens: number;
  readonly maxOutputTokens: number;
  /**
   * The answer in pieces, as it is written. To stop early, leave the loop or abort the signal.
   * @throws Problem `model_unavailable`, `model_failed` or `model_input_too_long`; also after some text, when the model breaks off; the reason of the signal
   */
  stream(request: ChatRequest): AsyncGenerator<ChatPart, void, undefined>;
  /** The same answer, whole. */
  generate(request: ChatRequest): Promise<{ text: string } & ChatEnd>;
}

/** Many models want to be told which of the two a text is: a question is closer to its answers then than to other questions. */
export type TextKind = 'document' | 'query';

export interface EmbeddingModel extends Model {
  /** Most tokens of one text, by `estimateTokens`. */
  readonly maxInputTokens: number;
  /**
   * One vector for each text, in their order, each of length 1 and all with the same number of dimensions. `withinMs`: less time than the settings allow
   * for a batch, the wait for a place included.
   * @throws Problem `model_unavailable`, `model_failed` or `model_input_too_long`, or the reason of the signal. Never some of the vectors
   */
  embed(
    texts: readonly string[],
    kind: TextKind,
    signal: AbortSignal,
    withinMs?: number,
  ): Promise<{ vectors: Float32Array[]; usage: Usage }>;
  /** How many numbers a vector has. Asked from the model once, unless it was used before. @throws like `embed` */
  dimension(signal: AbortSignal): Promise<number>;
}

export interface Models {
  readonly chat: ChatModel | undefined;
  readonly embedding: EmbeddingModel | undefined;
  /** Another embedding model of the same provider, for what was made with it before; undefined: it cannot be had with the settings. */
  embeddingNamed(name: string): Promise<EmbeddingModel | undefined>;
  /** Ends calls under way, and the thread of a local model. */
  close(): Promise<void>;
}

/** Where no model is switched on. */
export const noModels: Models = {
  chat: undefined,
  embedding: undefined,
  embeddingNamed: async () => undefined,
  close: async () => undefined,
};
