/**
 * Stands in for a paid model: a server that speaks the wire formats of OpenAI and Anthropic over a real socket. It understands nothing: it says what
 * the test tells it to, and its vectors are hashed words unless it is told others, so texts with the same words are near to each other and synonyms are not. It does not check
 * keys, count real tokens, or answer without streaming.
 */

import { once } from 'node:events';
import { type IncomingHttpHeaders, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export interface ModelRequest {
  /** `/v1/chat/completions`, `/v1/messages` or `/v1/embeddings`. */
  path: string;
  headers: IncomingHttpHeaders;
  // Each format has a body of its own, and what is in it is the subject of the tests.
  // oxlint-disable-next-line typescript/no-explicit-any
  body: any;
  /** Resolves when the answer is sent, or the client has gone; with whether it was sent whole. */
  ended: Promise<boolean>;
}

/** What one request gets. */
export type Reply =
  /** Nothing, until the client goes. */
  | 'silence'
  /** The connection is cut before any answer. */
  | 'cut'
  /** A status with a body of its own. */
  | { status: number; headers?: Record<string, string>; body?: unknown }
  /** An answer in pieces, where a promise holds back those after it; `ending`: what comes in place of its end. */
  | { pieces: readonly (string | Promise<unknown>)[]; ending?: 'silence' | 'cut' | 'end' | { event: unknown }; finish?: string }
  /** These vectors, in this order; `null` and words that are not JSON stand as they are. */
  | { embeddings: string };

export interface ModelServer {
  /** For the settings: with the version in it. */
  readonly url: string;
  readonly requests: ModelRequest[];
  /** The next requests get these, one after the other; those after them get `always`. */
  reply(...replies: Reply[]): void;
  /** Default: chat answers with what `answer` returns, embeddings with hashed words. */
  always: Reply | undefined;
  /** What chat says to a question; each piece with its space is one event. Default: an echo of the last message. */
  answer: (lastMessage: string, request: ModelRequest) => string;
  /** The vector of a text. Default: its hashed words. */
  embed: (text: string) => ArrayLike<number>;
  close(): Promise<void>;
}

export async function startModelServer(): Promise<ModelServer> {
  const replies: Reply[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const body: unknown = await json(incoming);
    const ended = once(outgoing, 'close').then(() => outgoing.writableFinished);
    const request: ModelRequest = { path: incoming.url ?? '', headers: incoming.headers, body, ended };
    model.requests.push(request);
    await respond(replies.shift() ?? model.always ?? usualReply(model, request), request, outgoing);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const model: ModelServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests: [],
    reply: (...next) => void replies.push(...next),
    always: undefined,
    answer: (lastMessage) => `You said: ${lastMessage}`,
    embed: hashedWords,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return model;
}

function usualReply(model: ModelServer, request: ModelRequest): Reply {
  if (request.path.endsWith('/embeddings')) {
    const { input } = request.body as { input: string[] };
    return { embeddings: JSON.stringify(input.map((text, index) => ({ index, embedding: Array.from(model.embed(text)) }))) };
  }
  const { messages } = request.body as { messages: { content: string | { text: string }[] }[] };
  const last = messages.at(-1)?.content ?? '';
  const said = typeof last === 'string' ? last : last.map(({ text }) => text).join('');
  return { pieces: model.answer(said, request).split(/(?<= )/) };
}

async function respond(reply: Reply, request: ModelRequest, outgoing: ServerResponse): Promise<void> {
  if (reply === 'silence') return;
  if (reply === 'cut') return void outgoing.destroy();
  if ('status' in reply) {
    outgoing.writeHead(reply.status, { 'Content-Type': 'application/json', ...reply.headers });
    return void outgoing.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {}));
  }
  if ('embeddings' in reply) {
    outgoing.writeHead(200, { 'Content-Type': 'application/json' });
    return void outgoing.end(`{"object":"list","model":"test","data":${reply.embeddings},"usage":{"prompt_tokens":7,"total_tokens":7}}`);
  }
  outgoing.writeHead(200, { 'Content-Type': 'text/event-stream' });
  const { begin, piece, end } = request.path.endsWith('/messages') ? anthropicEvents(reply.finish) : openAiEvents(request, reply.finish);
  const send = (events: readonly unknown[]) => outgoing.write(events.map(eventText).join(''));
  send(begin);
  for (const text of reply.pieces) {
    if (typeof text === 'string') send(piece(text));
    else await text;
  }
  if (reply.ending === 'silence') return;
  // What was sent before must have left, or the client sees nothing but the cut.
  if (reply.ending === 'cut') return void setImmediate(() => outgoing.socket?.end());
  if (reply.ending !== 'end') send(reply.ending === undefined ? end : [reply.ending.event]);
  outgoing.end();
}

function eventText(event: unknown): string {
  const name = typeof event === 'object' && event !== null && 'type' in event ? `event: ${String(event.type)}\n` : '';
  return `${name}data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`;
}

interface Events {
  begin: unknown[];
  piece(text: string): unknown[];
  end: unknown[];
}

function openAiEvents({ body }: ModelRequest, finish = 'stop'): Events {
  const { stream_options: options } = body as { stream_options?: { include_usage?: boolean } };
  const chunk = (choices: unknown[], more: object = {}) => ({
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'test',
    choices,
    ...more,
  });
  return {
    begin: [chunk([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }])],
    piece: (content) => [chunk([{ index: 0, delta: { content }, finish_reason: null }])],
    end: [
      chunk([{ index: 0, delta: {}, finish_reason: finish }]),
      ...(options?.include_usage === true ? [chunk([], { usage: { prompt_tokens: 11, completion_tokens: 5, total_tokens: 16 } })] : []),
      '[DONE]',
    ],
  };
}

function anthropicEvents(finish = 'end_turn'): Events {
  const message = { id: 'm1', type: 'message', role: 'assistant', model: 'test', content: [], stop_reason: null, stop_sequence: null };
  return {
    begin: [
      { type: 'message_start', message: { ...message, usage: { input_tokens: 11, output_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ],
    piece: (text) => [{ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }],
    end: [
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: finish, stop_sequence: null }, usage: { output_tokens: 5 } },
      { type: 'message_stop' },
    ],
  };
}

/** Few words of a test share a place among so many. */
const dimensions = 256;

/** Counts each word of the text at a place of its own: feature hashing. Unit length is left to whoever asks. */
export function hashedWords(text: string): number[] {
  const vector = Array.from({ length: dimensions }, () => 0);
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text];
  for (const word of words) {
    // FNV-1a: https://datatracker.ietf.org/doc/draft-eastlake-fnv/
    let hash = 0x811c9dc5;
    for (const byte of Buffer.from(word)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
    const place = hash % dimensions;
    vector[place] = (vector[place] ?? 0) + 1;
  }
  return vector;
}
