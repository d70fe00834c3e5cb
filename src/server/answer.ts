/** Writes answers that no face has written: errors in their one form, and small JSON. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { Problem, internal } from '../platform/problem.ts';
import { logBug } from '../platform/telemetry/bugs.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { hasBody, holdsBodyBack } from './body.ts';
import type { Exchange } from './exchange.ts';

/** Seconds until a retryable failure is worth another try: long enough for a restart of a connection, short for a person. */
const retryAfterSeconds = 1;

/** How long the rest of a refused body is read and thrown away, so that the client gets to see the refusal. */
const lingerMs = 5_000;

/** What may be shown of anything that was thrown. A bug is logged with its cause under the request id. */
export function toProblem(error: unknown, request_id: string, log: Log): Problem {
  if (error instanceof Problem) return error;
  logBug(log, error, 'a request failed with a bug', { request_id });
  return internal({
    message: 'The request failed because of a bug in the server.',
    next: `Try again; if it stays, give the operator the request id ${request_id}.`,
  });
}

/** What the problem itself says, when it knows: a limit does. */
export function secondsUntilRetry({ details }: Problem): number {
  const { retry_after_seconds: seconds } = details;
  return typeof seconds === 'number' ? seconds : retryAfterSeconds;
}

/** The body of an error over HTTP, as the contract words it. */
export function problemBody(problem: Problem): Record<string, unknown> {
  const { code, message, retryable, next, details } = problem;
  return { error: { code, message, retryable, next, details } };
}

/** `body`: another form of the error, for a protocol that has its own. */
export async function sendProblem(
  exchange: Exchange,
  problem: Problem,
  challenge: string | undefined,
  body = problemBody(problem),
): Promise<void> {
  const { outgoing } = exchange;
  if (outgoing.headersSent) return void outgoing.destroy();
  if (challenge !== undefined) outgoing.setHeader('WWW-Authenticate', challenge);
  if (problem.retryable) outgoing.setHeader('Retry-After', secondsUntilRetry(problem));
  await sendJson(exchange, problem.status, body);
}

/** Sends JSON that must not be cached. */
export async function sendJson({ incoming, outgoing }: Exchange, status: number, body: unknown): Promise<void> {
  const text = JSON.stringify(body);
  const unread = hasBody(incoming) && !incoming.complete;
  outgoing.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    ...(unread ? { Connection: 'close' } : {}),
  });
  if (incoming.method !== 'HEAD') outgoing.write(text);
  // Closing a socket with unread bytes resets it, and the client may lose the answer that it has been sent.
  if (unread && !holdsBodyBack(incoming)) await discard(incoming);
  outgoing.end();
}

/** Answers that are ready and not yet sent. */
let ready: [outgoing: ServerResponse, text: string][] = [];

/**
 * Sends JSON in this turn of the event loop, after everything else that the turn has to do. At a high rate the answers of a turn then
 * go out one after the other, and a client that serves many callers is woken up once for all of them instead of for each: that wake-up
 * is the dearest part of a cheap answer.
 */
export function sendSoon(outgoing: ServerResponse, text: string, status = 200, headers: Record<string, string> = {}): void {
  outgoing.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text), ...headers });
  if (ready.length === 0) setImmediate(endAll);
  ready.push([outgoing, text]);
}

function endAll(): void {
  const now = ready;
  ready = [];
  for (const [outgoing, text] of now) outgoing.end(text);
}

function discard(incoming: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, lingerMs);
    incoming.once('end', done).once('close', done).resume();
    function done(): void {
      clearTimeout(timer);
      incoming.off('end', done).off('close', done);
      resolve();
    }
  });
}

/** For bytes that are not HTTP, or too slow, or whose head is too large: there is no request to answer, only a socket. */
export function rawAnswer(code: string | undefined): string {
  const [status, reason, problem] = rawProblem(code);
  const body = JSON.stringify({ error: { retryable: false, details: {}, ...problem } });
  const head = [
    'Content-Type: application/json',
    'X-Content-Type-Options: nosniff',
    'Cache-Control: no-store',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  return `HTTP/1.1 ${status} ${reason}\r\n${head.join('\r\n')}\r\n\r\n${body}`;
}

function rawProblem(code: string | undefined): [number, string, { code: string; message: string; next: string }] {
  if (code === 'HPE_HEADER_OVERFLOW')
    return [
      431,
      'Request Header Fields Too Large',
      { code: 'unreadable', message: 'The headers are too large.', next: 'Send smaller headers.' },
    ];
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return [408, 'Request Timeout', { code: 'unreadable', message: 'The request did not arrive in time.', next: 'Send it again, faster.' }];
  return [400, 'Bad Request', { code: 'unreadable', message: 'This is not a valid HTTP request.', next: 'Check the client.' }];
}
