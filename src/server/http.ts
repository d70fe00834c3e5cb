/** The HTTP server: one dispatcher before every face, which checks, times, logs and measures each request. */

import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Settings } from '../platform/config/settings.ts';
import { authFailureOf, isAuthFailure } from '../platform/identity/problems.ts';
import { Problem, unavailable, unreadable } from '../platform/problem.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { Metrics } from '../platform/telemetry/metrics.ts';
import type { OpenSpan } from '../platform/telemetry/traces.ts';
import { rawAnswer, sendProblem, toProblem } from './answer.ts';
import { createApp } from './app.ts';
import { type Exchange, openExchange } from './exchange.ts';
import type { Guard } from './guard.ts';
import { measurementOf } from './mcp/call.ts';
import { answerHeaders, checkHead } from './headers.ts';
import { type InFlight, createInFlight } from './in-flight.ts';
import type { Route } from './route.ts';
import { endHttpSpan, openHttpSpan } from './spans.ts';

/** Longest time for the head of a request. Heads are small; a client that dribbles one holds a socket for nothing. */
const headersTimeoutMs = 10_000;

/** Longer than the 60 s after which common proxies drop an idle connection, so that it is never us who cuts one in use. */
const keepAliveTimeoutMs = 65_000;

/** How often time-outs of connections are looked at; Node's default of 30 s would make a time-out of 5 s last half a minute. */
const connectionsCheckMs = 1_000;

export interface Surface {
  guard: Guard;
  routes: readonly Route[];
  /** What a path that is not among the routes gets. Default: `not_found`. */
  missing?: () => Problem;
  /** Answers `/mcp`; absent while the server starts. */
  mcp?: (exchange: Exchange) => Promise<void>;
  /** Counts requests without a good credential, for the address that they come from. @throws Problem `rate_limited` */
  stranger?: (exchange: Exchange) => void;
  /** The value of `WWW-Authenticate`, for the problems that have one. `sent`: a credential came, and it was refused. */
  challenge(problem: Problem, exchange: Exchange, sent: boolean): string | undefined;
}

export interface HttpServer {
  readonly server: Server;
  /** Requests that wait for their answer now, without event streams and without whoever asks for the metrics. */
  inFlight(): number;
  /** What is served from now on. */
  serve(surface: Surface): void;
  /** Stops accepting, waits for the requests in flight until the grace is over, then aborts them. */
  drain(graceMs: number): Promise<void>;
}

export interface HttpServerOptions {
  settings: Pick<Settings, 'requestTimeoutMs' | 'maxConnections' | 'url'>;
  log: Log;
  metrics: Metrics;
  surface: Surface;
}

export function createHttpServer({ settings, log, metrics, surface }: HttpServerOptions): HttpServer {
  const { requestTimeoutMs } = settings;
  const always = answerHeaders(settings);
  const inFlight = createInFlight();
  let dispatch = createDispatcher(surface, log, metrics);

  const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const exchange = openExchange(incoming, outgoing, requestTimeoutMs);
    const started = performance.now();
    const span = openHttpSpan(exchange);
    const leave = inFlight.add(exchange);
    for (const [name, value] of always) outgoing.setHeader(name, value);
    outgoing.on('close', () => {
      leave();
      record(exchange, (performance.now() - started) / 1_000, log, metrics, span);
    });
    if (!server.listening) outgoing.setHeader('Connection', 'close');
    void (span === undefined ? dispatch(exchange) : span.run(() => dispatch(exchange)));
  };

  const server = createServer(
    {
      requestTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs === 0 ? headersTimeoutMs : Math.min(headersTimeoutMs, requestTimeoutMs),
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: connectionsCheckMs,
    },
    onRequest,
  );
  server.maxConnections = settings.maxConnections;
  // A probe opens a new connection each time: what is idle makes room, so that the next one gets in.
  server.on('drop', () => {
    metrics.limitHit('connections');
    server.closeIdleConnections();
  });
  // Whoever reads the body says that it is welcome, so a refused one is never sent.
  server.on('checkContinue', onRequest);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (socket.writable && error.code !== 'ECONNRESET') socket.end(rawAnswer(error.code));
    else socket.destroy();
  });

  return {
    server,
    inFlight: () => inFlight.all().filter(({ endless, route }) => !endless && route !== '/metrics').length,
    serve: (next) => {
      dispatch = createDispatcher(next, log, metrics);
    },
    drain: (graceMs) => drain(server, inFlight, graceMs),
  };
}

/** Where a request carries its exchange past the library: a weak map would hold each request until the next full collection. */
const exchangeKey = Symbol('exchange');
type Dispatched = IncomingMessage & { [exchangeKey]?: Exchange };

/** Answers every request, whatever is thrown. */
function createDispatcher(surface: Surface, log: Log, metrics: Metrics): (exchange: Exchange) => Promise<void> {
  const fail = async (exchange: Exchange, error: unknown): Promise<void> => {
    const sent = exchange.incoming.headers.authorization !== undefined;
    const problem = toProblem(error, exchange.request_id, log);
    const failure = problem.status === 401 || isAuthFailure(problem) ? authFailureOf(problem) : undefined;
    if (failure !== undefined) metrics.authFailure(failure);
    const shown = countRefusal(surface, exchange, problem, sent);
    await sendProblem(exchange, shown, surface.challenge(shown, exchange, sent));
  };
  const app = createApp({ ...surface, fail });
  const listener = getRequestListener(
    (request, env) => {
      const { incoming, outgoing } = env as { incoming: IncomingMessage; outgoing: ServerResponse };
      const exchange = (incoming as Dispatched)[exchangeKey];
      if (exchange === undefined) throw new Error('a request came past the dispatcher');
      const answer = app.fetch(request, { incoming, outgoing, exchange });
      if (incoming.method !== 'HEAD') return answer;
      // The library makes another response of it, which does not say any more that all has been sent.
      return Promise.resolve(answer).then((response) => (outgoing.headersSent ? RESPONSE_ALREADY_SENT : response));
    },
    // Bodies are read and, when refused, drained by this server, for all faces in one way.
    { autoCleanupIncoming: false },
  );

  return async (exchange) => {
    const { incoming, outgoing, path } = exchange;
    outgoing.setHeader('X-Request-Id', exchange.request_id);
    try {
      // Proxies are asked with whole URLs; here two readings of one target would only invite confusion.
      if (!path.startsWith('/') || path.includes('\\'))
        throw unreadable({ message: 'The request target is not a path.', next: 'Send a path that begins with / and has no backslash.' });
      checkHead(incoming);
      surface.guard.check(incoming, path);
      if (surface.guard.share(incoming, outgoing)) return;
      if (path === '/mcp' && surface.mcp !== undefined) {
        exchange.route = '/mcp';
        await surface.mcp(exchange);
      } else {
        (incoming as Dispatched)[exchangeKey] = exchange;
        await listener(incoming, outgoing);
      }
    } catch (error) {
      await fail(exchange, error);
    }
  };
}

/** A credential that was refused may have been a guess, so it counts; whoever guesses too often is told so instead. */
function countRefusal({ stranger }: Surface, exchange: Exchange, problem: Problem, sent: boolean): Problem {
  if (problem.status !== 401 || !sent) return problem;
  try {
    stranger?.(exchange);
    return problem;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

/** One log line and one measurement a request. Neither the query nor the body is in it: both may hold what is private. */
function record(exchange: Exchange, seconds: number, log: Log, metrics: Metrics, span: OpenSpan | undefined): void {
  const { incoming, outgoing, route, principal, operation, mcp, request_id } = exchange;
  const method = incoming.method ?? '';
  const status = outgoing.headersSent ? outgoing.statusCode : 499;
  if (span !== undefined) endHttpSpan(span, exchange, status);
  metrics.httpRequest({ route, method, status, seconds: exchange.endless ? undefined : seconds });
  if (mcp !== undefined) metrics.mcpRequest(measurementOf(mcp, status, seconds));
  // Built only where it is written: at a high rate `LOG_LEVEL=warn` makes it cost nothing.
  if (!log.isLevelEnabled('info')) return;
  const ms = Math.round(seconds * 1_000);
  const aborted = outgoing.writableFinished ? undefined : true;
  const call = mcp === undefined ? undefined : { mcp: mcp.method, protocol: mcp.protocol, client: mcp.client, outcome: mcp.failure };
  log.info(
    { method, route, status, ms, principal: principal?.id, operation, ...call, aborted, request_id, trace_id: span?.trace_id },
    'request',
  );
}

/** How long aborted requests get to answer 503 before their sockets are closed. */
const abortMs = 500;

async function drain(server: Server, inFlight: InFlight, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const { outgoing } of inFlight.all()) if (!outgoing.headersSent) outgoing.setHeader('Connection', 'close');
  // Connections that were idle at `close` are gone; those that fall idle now must not wait for their time-out.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  try {
    if (await finishes(closed, graceMs)) return;
    const reason = unavailable({
      message: 'The server stopped before the request was done.',
      next: 'Try again; another replica or the next start answers.',
    });
    for (const exchange of inFlight.all()) exchange.abort(reason);
    if (await finishes(closed, abortMs)) return;
    server.closeAllConnections();
    await closed;
  } finally {
    clearInterval(sweep);
  }
}

async function finishes(work: Promise<void>, withinMs: number): Promise<boolean> {
  const timer = Promise.withResolvers<boolean>();
  const timeout = setTimeout(() => timer.resolve(false), withinMs);
  try {
    return await Promise.race([work.then(() => true), timer.promise]);
  } finally {
    clearTimeout(timeout);
  }
}
