/** One HTTP request as the server knows it: its id, its route, who asks, and when to stop working on it. */

import { type IncomingMessage, type ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { Principal } from '../platform/identity/principal.ts';
import { cancelled, timedOut } from '../platform/problem.ts';
import type { McpCall } from './mcp/call.ts';

export interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly request_id: string;
  /** The path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Aborted with a Problem when the client goes away or the time is up. */
  readonly signal: AbortSignal;
  /** The pattern of the route for logs and metrics: `/tasks/{task_id}`. */
  route: string;
  principal: Principal | undefined;
  /** The name of the operation that was asked for, where there is one: one of ours, whatever the caller sent. */
  operation: string | undefined;
  /** What is known of an MCP request, for the log, the metrics and the traces. */
  mcp: McpCall | undefined;
  /** Ends the work with this reason; used when the server stops. */
  abort(reason: Error): void;
  /** An event stream: its life depends on its client and is no latency. */
  endless: boolean;
  /** So many milliseconds from now on, in place of the request time-out; 0: for ever. */
  limitTime(ms: number): void;
  /** Event streams outlive the request time-out. */
  withoutTimeLimit(): void;
}

/** What we are willing to repeat in logs and headers of an id that a client or proxy chose. */
const saneRequestId = /^[A-Za-z0-9._:-]{1,128}$/;

/** Nobody changes the query of a request, so all requests without one share it. */
const noQuery = new URLSearchParams();

export function openExchange(incoming: IncomingMessage, outgoing: ServerResponse, timeoutMs: number): Exchange {
  const sent = incoming.headers['x-request-id'];
  const request_id = typeof sent === 'string' && saneRequestId.test(sent) ? sent : randomUUID();
  const [path, query] = splitTarget(incoming.url ?? '/');
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const limitTime = (ms: number): void => {
    clearTimeout(timer);
    if (ms === 0) return;
    timer = setTimeout(() => {
      const message = `The request took longer than ${ms} ms.`;
      controller.abort(timedOut({ message, next: 'Try again; if it stays, ask for less at once.' }));
      // The answer has been written, and the client does not take it: it would stay in memory for as long as the client likes.
      if (outgoing.writableEnded) outgoing.destroy();
    }, ms).unref();
  };
  limitTime(timeoutMs);
  outgoing.on('close', () => {
    clearTimeout(timer);
    if (!outgoing.writableFinished)
      controller.abort(
        cancelled({ message: 'The client went away before the answer.', next: 'Call again if the answer is still wanted.' }),
      );
  });
  return {
    incoming,
    outgoing,
    request_id,
    path,
    query: query === '' ? noQuery : new URLSearchParams(query),
    signal: controller.signal,
    route: 'unmatched',
    principal: undefined,
    operation: undefined,
    mcp: undefined,
    abort: (reason) => controller.abort(reason),
    endless: false,
    limitTime,
    withoutTimeLimit() {
      this.endless = true;
      clearTimeout(timer);
    },
  };
}

function splitTarget(target: string): [path: string, query: string] {
  const mark = target.indexOf('?');
  return mark === -1 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)];
}
