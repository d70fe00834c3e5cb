/** What an MCP request is, in words of which there are only so many: for the log, the metrics and the traces. */

import type { IncomingHttpHeaders } from 'node:http';
import type { McpMeasurement } from '../../platform/telemetry/metrics.ts';
import { callToolName, findToolsName } from './own-tools.ts';
import { protocolVersions } from './face.ts';

export interface McpCall {
  /** A method of the protocol, or `other`. */
  readonly method: string;
  /** For `tools/call`: a tool of ours, or `unknown`. */
  readonly tool: string | undefined;
  /** A protocol revision that is served, or `unknown`. */
  readonly protocol: string;
  /** The name that the client gives itself: for the log alone, since anybody may choose any. */
  readonly client: string | undefined;
  /** Set when the request failed although its answer is 200. */
  failure: string | undefined;
}

/** Those that clients send, of all revisions. */
const methods = new Set(
  `initialize notifications/initialized notifications/cancelled notifications/roots/list_changed ping server/discover
  tools/list tools/call resources/list resources/templates/list resources/read resources/subscribe resources/unsubscribe
  prompts/list prompts/get completion/complete logging/setLevel subscriptions/listen tasks/get tasks/update tasks/cancel`.split(/\s+/),
);

const versions: ReadonlySet<unknown> = new Set(protocolVersions);
const ownTools: ReadonlySet<unknown> = new Set([findToolsName, callToolName]);

/** Longest name of a client that the log repeats. */
const longestName = 64;

/** `toolOf` gives the operation behind a name or an alias. */
export function describeCall(body: unknown, headers: IncomingHttpHeaders, toolOf: (name: string) => string | undefined): McpCall {
  const method = textAt(body, 'method');
  const params = at(body, 'params');
  const meta = at(params, '_meta');
  const protocol = at(meta, 'io.modelcontextprotocol/protocolVersion') ?? at(params, 'protocolVersion') ?? headers['mcp-protocol-version'];
  const client = textAt(at(meta, 'io.modelcontextprotocol/clientInfo') ?? at(params, 'clientInfo'), 'name');
  return {
    method: method !== undefined && methods.has(method) ? method : 'other',
    tool: method === 'tools/call' ? toolName(textAt(params, 'name') ?? '', toolOf) : undefined,
    protocol: typeof protocol === 'string' && versions.has(protocol) ? protocol : 'unknown',
    client: client?.slice(0, longestName),
    failure: undefined,
  };
}

/** `status`: of the HTTP answer. */
export function measurementOf({ method, tool = '', protocol, failure }: McpCall, status: number, seconds: number): McpMeasurement {
  return { method, tool, protocol, outcome: outcomeOf(failure, status) ?? 'ok', seconds };
}

/** What went wrong; undefined: nothing. */
export function outcomeOf(failure: string | undefined, status: number): string | undefined {
  return failure ?? (status >= 400 ? String(status) : undefined);
}

function toolName(name: string, toolOf: (name: string) => string | undefined): string {
  return ownTools.has(name) ? name : (toolOf(name) ?? 'unknown');
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

function textAt(value: unknown, key: string): string | undefined {
  const found = at(value, key);
  return typeof found === 'string' ? found : undefined;
}
