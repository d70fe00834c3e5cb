/** Carries one HTTP request to the MCP face: credential, limits and JSON are settled here, the protocol there. */

import type { Registry } from '../operations/types.ts';
import type { Identity } from '../platform/identity/types.ts';
import { Problem } from '../platform/problem.ts';
import { sendJson } from './answer.ts';
import { readJsonBody } from './body.ts';
import { authenticate, bearerToken } from './credential.ts';
import type { Exchange } from './exchange.ts';
import { describeCall } from './mcp/call.ts';
import { type McpFace, isSubscription } from './mcp/face.ts';

export interface McpParts {
  face: McpFace;
  registry: Registry;
  identity: Identity;
  maxBodyBytes: number;
}

export async function serveMcp({ face, registry, identity, maxBodyBytes }: McpParts, exchange: Exchange): Promise<void> {
  const { incoming, outgoing, query, request_id } = exchange;
  const principal = await authenticate(exchange, identity);
  const toolsets = query.getAll('toolsets').flatMap((names) => names.split(',').filter((name) => name !== ''));
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
  // A stream lives as long as its client.
  if (isSubscription(parsedBody)) exchange.withoutTimeLimit();
  const token = bearerToken(exchange);
  await face.handle(incoming, outgoing, {
    principal,
    parsedBody,
    toolsets: query.has('toolsets') ? toolsets : undefined,
    request_id,
    failed: (failure) => (call.failure = failure),
    signal: exchange.signal,
    reverify: () => stillGood(identity, token),
  });
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

/** A body that could not be read, in the form that a JSON-RPC client expects (section 5.1 of JSON-RPC 2.0). */
function jsonRpcError(problem: Problem): unknown {
  const parseError = -32_700;
  const invalidRequest = -32_600;
  return {
    jsonrpc: '2.0',
    id: null,
    error: { code: problem.status === 400 ? parseError : invalidRequest, message: `${problem.code}: ${problem.message} ${problem.next}` },
  };
}
