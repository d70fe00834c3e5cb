/** Answers of operations that stream, as server-sent events: pieces as they come, then `done` with all of it, or `error`. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Progress } from '../../operations/types.ts';
import { Problem } from '../../platform/problem.ts';
import { problemBody } from '../answer.ts';

export function wantsEvents({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return headers.accept?.includes('text/event-stream') === true;
}

/**
 * `call` is told how to hear of progress. Every `keepAliveMs` a comment says that it goes on, so that no proxy takes the connection for idle. What fails
 * before the first piece and comment is an answer with a status of its own, as without a stream; later the status is gone already, and an event says
 * what happened.
 */
export async function streamCall(
  outgoing: ServerResponse,
  keepAliveMs: number,
  call: (progress: (progress: Progress) => void) => Promise<Record<string, unknown>>,
): Promise<Response> {
  const write = (text: string) => {
    if (!outgoing.headersSent)
      outgoing.writeHead(200, {
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-store, no-transform',
        'X-Accel-Buffering': 'no',
      });
    if (outgoing.writable) outgoing.write(text);
  };
  // JSON has no line ends, so one line of data is all of it.
  const send = (event: string, data: unknown) => write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const beat = setInterval(() => write(': keep-alive\n\n'), keepAliveMs);
  try {
    const output = await call(({ parts = [] }) => parts.forEach(({ event, data }) => send(event, data)));
    send('done', output);
  } catch (error) {
    if (!outgoing.headersSent || !(error instanceof Problem)) throw error;
    send('error', problemBody(error));
  } finally {
    clearInterval(beat);
  }
  outgoing.end();
  return RESPONSE_ALREADY_SENT;
}
