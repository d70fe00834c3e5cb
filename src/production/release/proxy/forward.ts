/** Gives each request to a replica, and to another one where that is safe. The forwarding itself is httpxy's; the policy is here. */

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { type Socket, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { createProxyServer } from 'httpxy';
import { createAgent, wasRefused } from './agent.ts';
import { type Exchange, Exchanges, httpExchange, isStanding, upgradedExchange } from './exchanges.ts';
import { type Measures, type Outcome, createMeasures } from './measures.ts';
import { Sessions } from './sessions.ts';
import { type Choice, type Table, choose } from './table.ts';

export interface Forwarder {
  request(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** From here on requests go by this one. */
  use(table: Table): void;
  readonly exchanges: Exchanges;
  readonly measures: Measures;
}

const sessionHeader = 'mcp-session-id';

/** https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2: a proxy may repeat a request whose method is safe. */
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

export function createForwarder(random: () => number = Math.random): Forwarder {
  let table: Table = { routes: [] };
  const exchanges = new Exchanges();
  const sessions = new Sessions();
  const measures = createMeasures(() =>
    table.routes.flatMap(({ version, targets }) => targets.map(({ id }) => ({ version, replica: id, count: exchanges.inFlight(id) }))),
  );
  const proxy = createProxyServer({ agent: createAgent() });
  const onAnswer = new WeakMap<IncomingMessage, (answer: IncomingMessage) => void>();
  proxy.on('proxyRes', (answer, incoming) => onAnswer.get(incoming)?.(answer));
  // A client that went away is seen by the close of its response.
  proxy.on('econnreset', () => undefined);

  const nextFor = ({ headers }: IncomingMessage, avoid: ReadonlySet<string>): Choice | undefined =>
    choose(table, {
      pinned: sessions.homeOf(oneOf(headers[sessionHeader])),
      avoid,
      draws: [random(), random()],
      waiting: (id) => exchanges.waiting(id),
    });

  async function request(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const started = performance.now();
    const seconds = (): number => (performance.now() - started) / 1_000;
    const avoid = new Set<string>();
    for (let choice = nextFor(incoming, avoid); choice !== undefined; choice = nextFor(incoming, avoid)) {
      const { id, version } = choice;
      const exchange = httpExchange(id, outgoing);
      let broken = false;
      onAnswer.set(incoming, (answer) => {
        if (isStanding(incoming, answer)) {
          exchanges.stands(exchange);
          exchange.listen(answer);
        }
        learnSession(sessions, incoming, answer, id);
        ownConnection(answer);
        // When the client goes first, its response is destroyed by then.
        for (const event of ['error', 'close']) answer.once(event, () => (broken ||= !answer.complete && !outgoing.destroyed));
      });
      exchanges.add(exchange);
      const error = await forward(incoming, outgoing, choice).finally(() => exchanges.remove(exchange));
      const lost = error ?? (broken ? new Error('the answer broke off') : undefined);
      if (lost !== undefined && mayRepeat(lost, incoming, outgoing)) {
        measures.retried(version);
        avoid.add(id);
        continue;
      }
      if (exchange.standing) return measures.streamed(version, outcomeOf(lost, outgoing));
      measures.ended(version, id, outcomeOf(lost, outgoing), seconds());
      if (lost !== undefined) fail(outgoing, 502, ...lostText);
      return;
    }
    measures.ended('none', undefined, 'unserved', seconds());
    fail(outgoing, 503, ...unservedText);
  }

  /** The error with which the replica failed; undefined: the answer is over, or the client has gone. */
  function forward(incoming: IncomingMessage, outgoing: ServerResponse, { host, port }: Choice): Promise<unknown> {
    const target = { protocol: 'http:', host, hostname: host, port };
    return proxy.web(incoming, outgoing, { target, headers: forwardedHeaders(incoming) }).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  async function upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const avoid = new Set<string>();
    for (let choice = nextFor(incoming, avoid); choice !== undefined; choice = nextFor(incoming, avoid)) {
      const { id, host, port, version } = choice;
      if (!(await accepts(host, port))) {
        avoid.add(id);
        continue;
      }
      const exchange: Exchange = upgradedExchange(id);
      exchanges.add(exchange);
      socket.once('close', () => exchanges.remove(exchange));
      const target = { protocol: 'http:', host, hostname: host, port };
      await proxy.ws(incoming, socket as Socket, { target, headers: forwardedHeaders(incoming) }, head).catch(() => undefined);
      return measures.streamed(version, '1xx');
    }
    const body = errorBody(...unservedText);
    socket.end(
      `HTTP/1.1 503 ${STATUS_CODES[503]}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }

  return {
    request: (incoming, outgoing) => void request(incoming, outgoing),
    upgrade: (incoming, socket, head) => void upgrade(incoming, socket, head),
    use(next) {
      table = next;
      measures.keep(new Set(next.routes.flatMap(({ targets }) => targets.map(({ id }) => id))));
    },
    exchanges,
    measures,
  };
}

function mayRepeat(lost: unknown, { method = '' }: IncomingMessage, outgoing: ServerResponse): boolean {
  if (outgoing.headersSent || outgoing.destroyed) return false;
  return wasRefused(lost) || safeMethods.has(method);
}

function outcomeOf(lost: unknown, outgoing: ServerResponse): Outcome {
  if (lost !== undefined) return 'interrupted';
  if (!outgoing.writableFinished) return 'left';
  return `${Math.floor(outgoing.statusCode / 100)}xx` as Outcome;
}

function learnSession(sessions: Sessions, request: IncomingMessage, answer: IncomingMessage, replica: string): void {
  const began = oneOf(answer.headers[sessionHeader]);
  if (began !== undefined) sessions.remember(began, replica);
  const ended = oneOf(request.headers[sessionHeader]);
  if (request.method === 'DELETE' && ended !== undefined) sessions.forget(ended);
}

/** How long the replica keeps its connection to us is no business of the client's. */
function ownConnection({ headers }: IncomingMessage): void {
  delete headers['keep-alive'];
  delete headers.connection;
}

function forwardedHeaders({ headers, socket }: IncomingMessage): Record<string, string> {
  const before = oneOf(headers['x-forwarded-for']);
  const address = socket.remoteAddress ?? '';
  return {
    'x-forwarded-for': before === undefined ? address : `${before}, ${address}`,
    'x-forwarded-proto': oneOf(headers['x-forwarded-proto']) ?? 'http',
    'x-forwarded-host': oneOf(headers['x-forwarded-host']) ?? headers.host ?? '',
  };
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port }, () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

const lostText = [
  'replica_lost',
  'The replica that had the request ended before it had answered.',
  'Send it again if it is safe to repeat: with an idempotency key it is.',
] as const;

const unservedText = ['no_replica', 'No replica serves at the moment.', 'Try again in a few seconds.'] as const;

/** In the shape of our server's errors, which any client can read. */
function errorBody(code: string, message: string, next: string): string {
  return JSON.stringify({ error: { code, message, retryable: true, next } });
}

function fail(outgoing: ServerResponse, status: number, code: string, message: string, next: string): void {
  if (outgoing.headersSent || outgoing.destroyed) return void outgoing.destroy();
  outgoing.writeHead(status, { 'Content-Type': 'application/json', 'Retry-After': '1' }).end(errorBody(code, message, next));
}

function oneOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
