/** MCP over HTTP: one stateless endpoint for protocol 2026-07-28 and for the 2025 revisions, on the official SDK. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { InMemoryServerEventBus, ProtocolErrorCode, type ServerEventBus, createMcpHandler } from '@modelcontextprotocol/server';
import type { Settings } from '../../platform/config/settings.ts';
import type { Principal } from '../../platform/identity/principal.ts';
import type { Problem } from '../../platform/problem.ts';
import { logBug } from '../../platform/telemetry/bugs.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import { asProblem, problemText } from './answers.ts';
import type { McpBackend } from './backend.ts';
import { type LocalBackendOptions, createLocalBackends } from './local-backend.ts';
import { createProtocolServer } from './protocol.ts';
import { createShortPath } from './short-path.ts';
import { createStreams } from './streams.ts';
import { opensOlderStream, serveOlderStream } from './wishes/stream.ts';

/** The protocol revisions that are served, newest first. The SDK exports a list that lacks the newest. */
export const protocolVersions = ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'] as const;

export interface McpFaceOptions extends LocalBackendOptions {
  settings: Pick<Settings, 'maxSubscriptions' | 'keepAliveMs' | 'shortPath'>;
  log: Log;
  version: string;
}

/** What the HTTP server found out about a request before it passes it on. */
export interface McpExchange {
  principal: Principal;
  /** The JSON of the body, read and limited; undefined for a method without one. */
  parsedBody: unknown;
  /** The names in `?toolsets=`; undefined: there is no such parameter. */
  toolsets?: readonly string[] | undefined;
  request_id: string;
  /** Told when the request fails although its answer is 200: `tool_error`, or the code of the JSON-RPC error. */
  failed?(failure: string): void;
  /** Why no call of this request may go on; a tool answers with it as its error. */
  refused?: Problem | undefined;
  /** Ends calls: when the client goes away, when their time is up, or when the server stops. */
  signal: AbortSignal;
  /** Whether the credential is still good. Asked every second while a stream is open. */
  reverify(): Promise<boolean>;
}

export interface McpFace {
  /** Answers one request to `/mcp`; resolves when the answer is written, for an event stream when it is over. */
  handle(req: IncomingMessage, res: ServerResponse, exchange: McpExchange): Promise<void>;
  /** Event streams open now. */
  readonly openStreams: number;
  /** Ends the event streams gracefully and refuses new ones. Calls in flight go on: draining is the HTTP server's. */
  close(): Promise<void>;
}

/** True for the one request whose answer is a stream without end, and so without a time limit. */
export function isSubscription(body: unknown): boolean {
  return methodOf(body) === 'subscriptions/listen';
}

function methodOf(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'method' in body ? body.method : undefined;
}

export function createMcpFace(options: McpFaceOptions): McpFace {
  const { registry, settings, log } = options;
  const backends = createLocalBackends(options);
  const streams = createStreams(settings.maxSubscriptions, (error) => log.warn({ err: error }, 'a credential of a stream was not checked'));
  const known = registry.toolsets.map((toolset) => toolset.name);
  const shortPath = settings.shortPath === 'on' ? createShortPath(options) : undefined;

  const serve = async (req: IncomingMessage, res: ServerResponse, exchange: McpExchange, backend: McpBackend) => {
    const handler = openHandler(options, exchange, backend);
    await nodeHandler(handler, log, exchange)(req, res, exchange.parsedBody);
  };

  /** What one caller may hear no other may: each subscription has a bus of its own, and so a handler of its own. */
  const serveStream = async (req: IncomingMessage, res: ServerResponse, exchange: McpExchange, backend: McpBackend) => {
    const { principal, parsedBody, request_id, reverify } = exchange;
    const bus = new InMemoryServerEventBus();
    const handler = openHandler(options, exchange, backend, bus);
    const opened = streams.open({
      end: () => handler.close(),
      cut: () => res.destroy(),
      stalled: () => res.writableNeedDrain,
      expires_at: principal.expires_at,
      reverify,
    });
    if ('refused' in opened) return refuse(res, 200, ProtocolErrorCode.InternalError, parsedBody, opened.refused);
    try {
      // Heard before the acknowledgement is sent, so that nothing after it is missed.
      const stop = await backend.subscribe((change) => bus.publish(change));
      await nodeHandler(handler, log, exchange)(req, res, parsedBody).finally(stop);
    } catch (error) {
      refuse(res, 200, ProtocolErrorCode.InternalError, parsedBody, problemText(asProblem(error, log, request_id)));
    } finally {
      opened.release();
    }
  };

  /** Counted and ended as those of 2026-07-28 are; a replica that has no place for it says that there is none, and the client does without. */
  const serveOlder = async (res: ServerResponse, { principal, parsedBody, reverify }: McpExchange, backend: McpBackend) => {
    const opened = streams.open({
      end: async () => void res.end(),
      cut: () => res.destroy(),
      stalled: () => res.writableNeedDrain,
      expires_at: principal.expires_at,
      reverify,
    });
    if ('refused' in opened) return refuse(res, 503, ProtocolErrorCode.InternalError, parsedBody, opened.refused);
    const failed = (error: unknown) => log.warn({ err: error }, 'a change was not told to a client of 2025');
    await serveOlderStream(res, backend, { keepAliveMs: settings.keepAliveMs, failed }).finally(() => opened.release());
  };

  return {
    get openStreams() {
      return streams.count;
    },
    close: () => streams.close(),
    handle: async (req, res, exchange) => {
      const { principal, parsedBody, toolsets } = exchange;
      const unknown = toolsets?.find((name) => !known.includes(name));
      // A client that cannot discover says only that the server has no such protocol, so it is let in and told at its first real call.
      if (unknown !== undefined && methodOf(parsedBody) !== 'server/discover')
        return refuse(res, 400, ProtocolErrorCode.InvalidParams, parsedBody, unknownToolset(unknown, known));
      const backend = refusing(exchange.refused, backends({ principal, toolsets, reverify: exchange.reverify }));
      if (opensOlderStream(req)) return serveOlder(res, exchange, backend);
      if (await shortPath?.(req, res, exchange, backend)) return;
      await (isSubscription(parsedBody) ? serveStream : serve)(req, res, exchange, backend);
    },
  };
}

/** A call that may not go on is refused in its backend, so that the refusal has the form of a tool's error in each revision. */
function refusing(problem: Problem | undefined, backend: McpBackend): McpBackend {
  // No handle either: a call that is refused has not begun.
  return problem === undefined ? backend : { ...backend, isLong: () => false, callTool: () => Promise.reject(problem) };
}

/** One SDK handler for each request. It holds nothing between requests and costs a few closures. */
function openHandler({ settings, log, version }: McpFaceOptions, exchange: McpExchange, backend: McpBackend, bus?: ServerEventBus) {
  const { request_id, signal, failed } = exchange;
  return createMcpHandler(
    ({ era }) => {
      log.debug({ request_id, era, method: methodOf(exchange.parsedBody) }, 'an MCP request');
      return createProtocolServer({ backend, version, log, era, signal, requestId: () => request_id, failed });
    },
    {
      legacy: 'stateless',
      keepAliveMs: settings.keepAliveMs,
      ...(bus === undefined ? {} : { bus }),
      onerror: (error) => log.debug({ err: error, request_id }, 'an MCP request was refused'),
    },
  );
}

function nodeHandler(handler: ReturnType<typeof createMcpHandler>, log: Log, { request_id }: McpExchange) {
  return toNodeHandler(handler, {
    onerror: (error) => logBug(log, error, 'an MCP request failed with a bug', { request_id, face: 'mcp' }),
  });
}

function unknownToolset(name: string, known: readonly string[]): string {
  return `Unknown toolset in ?toolsets=: there is no ${JSON.stringify(name.slice(0, 64))}. Use names of ${known.join(', ')}, separated by commas.`;
}

/** A JSON-RPC error in the shape that the SDK gives its own. */
function refuse(res: ServerResponse, status: number, code: number, body: unknown, message: string): void {
  if (res.headersSent) return void res.destroy();
  const id = typeof body === 'object' && body !== null && 'id' in body ? body.id : null;
  const echoed = typeof id === 'string' || typeof id === 'number' ? id : null;
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify({ jsonrpc: '2.0', error: { code, message }, id: echoed }));
}
