/** Carries one HTTP request to the MCP face: credential, limits and JSON are settled here, the protocol there. */

import type { Registry } from '../operations/types.ts';
import type { Principal } from '../platform/identity/principal.ts';
import type { Identity } from '../platform/identity/types.ts';
import { Problem } from '../platform/problem.ts';
import { tracing } from '../platform/telemetry/traces.ts';
import type { Admission } from './admission.ts';
import { secondsUntilRetry, sendJson } from './answer.ts';
import { readJsonBody } from './body.ts';
import { authenticate, bearerToken } from './credential.ts';
import type { Exchange } from './exchange.ts';
import { describeCall } from './mcp/call.ts';
import { calledOperation, costsOf, fieldOf, isToolCall } from './mcp-cost.ts';
import { type McpFace, isSubscription } from './mcp/face.ts';
import { opensOlderStream } from './mcp/wishes/stream.ts';
import { inMcpSpan } from './spans.ts';

export interface McpParts {
  face: McpFace;
  registry: Registry;
  identity: Identity;
  admission: Admission;
  maxBodyBytes: number;
}

export async function serveMcp(parts: McpParts, exchange: Exchange): Promise<void> {
  const { face, registry, identity, maxBodyBytes } = parts;
  const { incoming, outgoing, query, request_id } = exchange;
  const principal = await authenticate(exchange, identity);
  let parsedBody: unknown;
  try {
    parsedBody = await readJsonBody(incoming, outgoing, maxBodyBytes);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return sendJson(exchange, error.status, jsonRpcError(error));
  }
  const call = describeCall(parsedBody, incoming.headers, (name) => registry.find(name, 'mcp')?.operation.name);
  exchange.mcp = call;
  exchange.operation = call.tool;
  const called = calledOperation(parsedBody, registry);
  const unallowed = called === undefined ? undefined : registry.missingConsent(principal, called.name, 'mcp');
  // Before the protocol, in both eras: a client asks its person only when HTTP itself says 403.
  if (unallowed !== undefined) throw unallowed;
  const refused = await refusalOf(parts, exchange, principal, parsedBody);
  if (refused !== undefined) {
    outgoing.setHeader('Retry-After', secondsUntilRetry(refused));
    // A model reads the result of its call; for everything else the client is told in the way of HTTP.
    if (!isToolCall(parsedBody)) return sendJson(exchange, refused.status, jsonRpcError(refused, parsedBody));
  }
  // A stream lives as long as its client.
  if (isStream(incoming, parsedBody)) exchange.withoutTimeLimit();
  const token = bearerToken(exchange);
  const handle = () =>
    face.handle(incoming, outgoing, {
      principal,
      parsedBody,
      toolsets: toolsetsOf(query),
      request_id,
      failed: (failure) => (call.failure = failure),
      refused,
      signal: exchange.signal,
      reverify: () => stillGood(identity, token),
    });
  const trace = tracing();
  await (trace === undefined ? handle() : inMcpSpan(trace, { call, body: parsedBody, outgoing }, handle));
}

/** undefined: the address does not narrow them. */
function toolsetsOf(query: URLSearchParams): string[] | undefined {
  if (!query.has('toolsets')) return undefined;
  return query.getAll('toolsets').flatMap((names) => names.split(',').filter((name) => name !== ''));
}

/** Why the request may not go on. */
async function refusalOf(
  { registry, admission }: McpParts,
  exchange: Exchange,
  principal: Principal,
  body: unknown,
): Promise<Problem | undefined> {
  try {
    for (const cost of costsOf(body, registry)) admission.call(exchange, principal, cost);
    // Streams are idle most of the time, and have a limit of their own.
    if (!isStream(exchange.incoming, body)) await admission.work(exchange, principal, calledOperation(body, registry)?.essential === true);
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

function isStream(incoming: Exchange['incoming'], body: unknown): boolean {
  return isSubscription(body) || opensOlderStream(incoming);
}

async function stillGood(identity: Identity, token: string): Promise<boolean> {
  try {
    await identity.verify(token);
    return true;
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return false;
    throw error;
  }
}

/** The codes of section 5.1 of JSON-RPC 2.0, by the status that the problem has over HTTP; what may pass later is -32603. */
const codes: Record<number, number> = { 400: -32_700, 429: -32_603, 503: -32_603 };
const invalidRequest = -32_600;

/** A request that is not passed on, in the form that a JSON-RPC client expects. */
function jsonRpcError({ code, status, message, next, retryable, details }: Problem, body?: unknown): unknown {
  const id = fieldOf(body, 'id');
  return {
    jsonrpc: '2.0',
    id: typeof id === 'string' || typeof id === 'number' ? id : null,
    error: {
      code: codes[status] ?? invalidRequest,
      message: `${code}: ${message} ${next}`,
      ...(retryable ? { data: { code, retryable, ...details } } : {}),
    },
  };
}
