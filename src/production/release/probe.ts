/** Asks a replica whether it can serve: a path that answers 2xx, or an MCP endpoint that answers its first request. */

import { type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';

export interface Health {
  /** It answered 2xx. */
  readonly healthy: boolean;
  /** It answered at all. A replica that says 503 for want of a database is not hung, and a new one would say the same. */
  readonly answered: boolean;
  /** For people: `503 Service Unavailable`, `ECONNREFUSED`, `no answer in 5 s`. */
  readonly said: string;
}

export interface Replica {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
}

/** `check` is a path, or `mcp:` and the path of an MCP endpoint, for servers that have no path for their health. */
export function probe(replica: Replica, check: string): Promise<Health> {
  return check.startsWith('mcp:') ? probeMcp(replica, check.slice('mcp:'.length)) : ask(replica, { method: 'GET', path: check });
}

/** Protocol 2026-07-28 first, which needs no session; a server of before refuses it and is asked to begin one, which is ended at once. */
async function probeMcp(replica: Replica, path: string): Promise<Health> {
  const now = await ask(
    replica,
    mcpQuestion(path, 'server/discover', { _meta: meta }, { 'Mcp-Protocol-Version': '2026-07-28', 'Mcp-Method': 'server/discover' }),
  );
  if (now.healthy || !now.answered) return now;
  const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  return ask(replica, mcpQuestion(path, 'initialize', hello, {}), (answer) => {
    const session = answer.headers['mcp-session-id'];
    if (session !== undefined) void ask(replica, { method: 'DELETE', path, headers: { 'Mcp-Session-Id': session } });
  });
}

const clientInfo = { name: 'quarterdeck-release', version: '1.0.0' };

const meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': clientInfo,
  'io.modelcontextprotocol/clientCapabilities': {},
};

interface Question {
  readonly method: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

function mcpQuestion(path: string, method: string, params: object, headers: OutgoingHttpHeaders): Question {
  return {
    method: 'POST',
    path,
    headers: { ...headers, 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  };
}

function ask(
  { host, port, timeoutMs }: Replica,
  { method, path, headers, body }: Question,
  onAnswer?: (answer: IncomingMessage) => void,
): Promise<Health> {
  return new Promise((resolve) => {
    const asked = request({ host, port, method, path, headers, agent: false }, (answer) => {
      const { statusCode = 0, statusMessage = '' } = answer;
      clearTimeout(late);
      onAnswer?.(answer);
      answer.resume();
      // What broke off after the status was an answer all the same.
      answer.on('error', () => undefined);
      resolve({ healthy: statusCode >= 200 && statusCode < 300, answered: true, said: `${statusCode} ${statusMessage}`.trim() });
    });
    const silent = (said: string): void => resolve({ healthy: false, answered: false, said });
    const late = setTimeout(() => {
      silent(`no answer in ${timeoutMs / 1_000} s`);
      asked.destroy();
    }, timeoutMs);
    asked.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(late);
      silent(error.code ?? error.message);
    });
    asked.end(body);
  });
}
