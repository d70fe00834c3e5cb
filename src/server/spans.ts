/** The spans of requests, in the words of the semantic conventions for HTTP and for MCP. */

import type { ServerResponse } from 'node:http';
import { type OpenSpan, type Tracing, carrierOf, tracing } from '../platform/telemetry/traces.ts';
import type { Exchange } from './exchange.ts';
import { type McpCall, outcomeOf } from './mcp/call.ts';

/** The conventions' word for a method that is none of HTTP's own. */
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Undefined while tracing is off. The path is left out: some hold the token of an invitation, and the route says what was asked. */
export function openHttpSpan({ incoming, request_id }: Exchange): OpenSpan | undefined {
  const trace = tracing();
  if (trace === undefined) return undefined;
  const { method = '', headers, httpVersion } = incoming;
  const known = knownMethods.has(method) ? method : '_OTHER';
  return trace.open({
    name: known === '_OTHER' ? 'HTTP' : known,
    kind: 'server',
    from: carrierOf(headers),
    attributes: {
      'http.request.method': known,
      'url.scheme': 'http',
      'network.protocol.version': httpVersion,
      'quarterdeck.request.id': request_id,
    },
  });
}

export function endHttpSpan(span: OpenSpan, { incoming, route }: Exchange, status: number): void {
  if (route !== 'unmatched') span.rename(`${incoming.method ?? ''} ${route}`);
  span.set({ 'http.response.status_code': status, 'http.route': route === 'unmatched' ? undefined : route });
  if (status >= 400) span.fail(String(status), status >= 500);
  span.end();
}

/** The sender of the message is the parent, wherever the connection came from; the HTTP request is then a link. */
export function inMcpSpan(
  trace: Tracing,
  { call, body, outgoing }: { call: McpCall; body: unknown; outgoing: ServerResponse },
  work: () => Promise<void>,
): Promise<void> {
  const { method, tool, protocol } = call;
  const { id, meta } = partsOf(body);
  const start = {
    name: tool === undefined ? method : `${method} ${tool}`,
    kind: 'server',
    from: carrierOf(meta),
    attributes: {
      'mcp.method.name': method,
      'gen_ai.tool.name': tool,
      'gen_ai.operation.name': tool === undefined ? undefined : 'execute_tool',
      'mcp.protocol.version': protocol === 'unknown' ? undefined : protocol,
      'jsonrpc.request.id': id,
      'network.transport': 'tcp',
      'network.protocol.name': 'http',
    },
  } as const;
  return trace.span(start, async (span) => {
    await work();
    const failure = outcomeOf(call.failure, outgoing.statusCode);
    if (failure !== undefined) span.fail(failure, true);
  });
}

/** Longest id of a message that a span repeats. */
const longestId = 64;

function partsOf(body: unknown): { id: string | undefined; meta: object } {
  const { id, params } = (body ?? {}) as { id?: unknown; params?: { _meta?: unknown } | null };
  const meta = params?._meta;
  return {
    id: typeof id === 'string' || typeof id === 'number' ? String(id).slice(0, longestId) : undefined,
    meta: typeof meta === 'object' && meta !== null ? meta : {},
  };
}
