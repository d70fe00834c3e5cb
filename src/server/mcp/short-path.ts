/**
 * The short path: plain `tools/call` and `tools/list` of protocol 2026-07-28, answered without the SDK, which builds a server,
 * a web request and a web response for each. It takes only requests of which nothing is odd; the SDK has the last word on the rest.
 */

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  type ListToolsResult,
  LOG_LEVEL_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  SERVER_INFO_META_KEY,
  isSpecType,
} from '@modelcontextprotocol/server';
import type { Log } from '../../platform/telemetry/log.ts';
import { sendSoon } from '../answer.ts';
import { asProblem, toolError } from './answers.ts';
import type { McpBackend } from './backend.ts';
import type { McpExchange } from './face.ts';
import { idempotencyMeta, serverInfo, stable } from './protocol.ts';

/** Answers the request when it is a plain one; false: nothing was written, and the SDK is to answer. */
export type ShortPath = (req: IncomingMessage, res: ServerResponse, exchange: McpExchange, backend: McpBackend) => Promise<boolean>;

/** A request that both paths understand in the same way. */
type PlainRequest = { id: string | number } & (
  { method: 'tools/list' } | { method: 'tools/call'; name: string; args: object; idempotency_key: string | undefined }
);

const revision = '2026-07-28';

export function createShortPath({ version, log }: { version: string; log: Log }): ShortPath {
  const meta = JSON.stringify({ [SERVER_INFO_META_KEY]: serverInfo(version) });
  const lists = new WeakMap<ListToolsResult, string>();
  const isKnownClient = rememberClients();

  /** Serialised once for all callers with the same rights, who share the object. */
  const listResult = (list: ListToolsResult): string => {
    const kept = lists.get(list);
    if (kept !== undefined) return kept;
    const { ttlMs, cacheScope } = stable;
    const text = `${JSON.stringify({ ...list, resultType: 'complete', ttlMs, cacheScope }).slice(0, -1)},"_meta":${meta}}`;
    lists.set(list, text);
    return text;
  };

  const callResult = async (request: PlainRequest & { method: 'tools/call' }, exchange: McpExchange, backend: McpBackend) => {
    const { request_id, signal } = exchange;
    const { name, args, idempotency_key } = request;
    try {
      const output = JSON.stringify(await backend.callTool({ request_id, signal, name, arguments: args, idempotency_key }));
      // The same text twice: as what a model reads, and as the structure.
      return `{"content":[{"type":"text","text":${JSON.stringify(output)}}],"structuredContent":${output},"resultType":"complete","_meta":${meta}}`;
    } catch (error) {
      exchange.failed?.('tool_error');
      const text = JSON.stringify({ ...toolError(asProblem(error, log, request_id)), resultType: 'complete' });
      return `${text.slice(0, -1)},"_meta":${meta}}`;
    }
  };

  return async (req, res, exchange, backend) => {
    const request = req.method === 'POST' ? readPlain(req.headers, exchange.parsedBody, isKnownClient) : undefined;
    if (request === undefined) return false;
    if (request.method === 'tools/call' && !backend.isPlain(request.name)) return false;
    const result = request.method === 'tools/list' ? listResult(await backend.listTools()) : await callResult(request, exchange, backend);
    // A client that has gone has nothing to read.
    if (res.destroyed) return true;
    const body = `{"jsonrpc":"2.0","id":${JSON.stringify(request.id)},"result":${result}}`;
    sendSoon(res, body);
    return true;
  };
}

const messageKeys = new Set(['jsonrpc', 'id', 'method', 'params']);
const paramKeys = { 'tools/list': new Set(['_meta']), 'tools/call': new Set(['_meta', 'name', 'arguments']) };

/** The headers must say what the body says ("Standard Headers" of the specification); anything else is the SDK's to refuse. */
function readPlain(headers: IncomingHttpHeaders, body: unknown, isKnownClient: (meta: Fields) => boolean): PlainRequest | undefined {
  if (!isObject(body) || !hasOnly(body, messageKeys) || body['jsonrpc'] !== '2.0') return undefined;
  const { id, method, params } = body;
  if (typeof id !== 'string' && !Number.isSafeInteger(id)) return undefined;
  if (method !== 'tools/call' && method !== 'tools/list') return undefined;
  if (headers['mcp-protocol-version'] !== revision || headers['mcp-method'] !== method) return undefined;
  if (!isObject(params) || !hasOnly(params, paramKeys[method])) return undefined;
  const meta = params['_meta'];
  if (!isObject(meta) || meta[PROTOCOL_VERSION_META_KEY] !== revision || !isKnownClient(meta)) return undefined;
  // Whoever asks for messages on the way gets a stream.
  if ('progressToken' in meta || LOG_LEVEL_META_KEY in meta) return undefined;
  const named = { id: id as string | number };
  if (method === 'tools/list') return headers['mcp-name'] === undefined ? { ...named, method } : undefined;
  const { name, arguments: args = {} } = params;
  if (typeof name !== 'string' || headers['mcp-name'] !== name || !isObject(args)) return undefined;
  const key = meta[idempotencyMeta];
  return key === undefined || typeof key === 'string' ? { ...named, method, name, args, idempotency_key: key } : undefined;
}

type Fields = Record<string, unknown>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasOnly(value: Fields, known: ReadonlySet<string>): boolean {
  for (const key in value) if (!known.has(key)) return false;
  return true;
}

/** Kinds of clients that are remembered. Each sends the same description of itself with every request. */
const mostClients = 500;
/** A longer description than this is not worth remembering. */
const longestDescription = 2_000;

/** Whether what the client says of itself is as the specification wants it, checked by the SDK's own schemas and remembered. */
function rememberClients(): (meta: Fields) => boolean {
  const known = new Map<string, boolean>();
  return (meta) => {
    const capabilities = meta[CLIENT_CAPABILITIES_META_KEY];
    const info = meta[CLIENT_INFO_META_KEY];
    const key = JSON.stringify([capabilities, info]);
    const before = known.get(key);
    if (before !== undefined) return before;
    const good = isSpecType.ClientCapabilities(capabilities) && (info === undefined || isSpecType.Implementation(info));
    if (key.length > longestDescription) return good;
    if (known.size >= mostClients) known.clear();
    known.set(key, good);
    return good;
  };
}
