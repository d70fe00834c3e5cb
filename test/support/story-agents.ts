/** Agents of every kind that the story is told with: each calls operations by name, over its own client. */

import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type ClientKind, connect } from '../behaviour/mcp/support/clients.ts';

const run = promisify(execFile);

export interface Answer {
  task: { id: string; status: string; attempts: number; depends_on: string[] } | null;
  claim: { fence: number; expires_at: string } | null;
}

export interface Agent {
  /** @throws Refusal */
  call(operation: Operation, input: object): Promise<Answer>;
  close(): Promise<void>;
}

/** What the story needs, with its route for those who use REST. */
const routes = { create_task: '/tasks', claim_task: '/queue/claim', finish_task: '/queue/finish' } as const;
export type Operation = keyof typeof routes;

/** What the server answers when it says no. */
export class Refusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface Account {
  url: string;
  key: string;
}

/** An official SDK client. */
export async function sdkAgent(kind: ClientKind, { url, key }: Account): Promise<Agent> {
  const client = await connect(kind, { url: `${url}/mcp`, token: key });
  return {
    async call(operation, input) {
      return read(await client.callTool(operation, { ...input }));
    },
    close: () => client.close(),
  };
}

const inspectorScript = join(
  dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/inspector/package.json')),
  'clients/launcher/build/index.js',
);

/** `inspector --cli`: a new process, and a new connection, for each call. `home` keeps what it writes out of the user's folders. */
export function inspectorAgent(era: 'legacy' | 'modern', { url, key }: Account, home: string): Agent {
  return {
    async call(operation, input) {
      const tool = ['--method', 'tools/call', '--tool-name', operation, '--tool-args-json', JSON.stringify(input)];
      const how = ['--header', `Authorization: Bearer ${key}`, '--protocol-era', era, '--format', 'json', '--quiet'];
      const stdout = await run(process.execPath, [inspectorScript, '--cli', `${url}/mcp`, ...how, ...tool], {
        env: { PATH: process.env['PATH'], HOME: home },
      }).then((ended) => ended.stdout, outputOf);
      const { result = {} } = JSON.parse(stdout) as { result?: CallToolResult };
      return read(simplify(result));
    },
    close: () => Promise.resolve(),
  };
}

/** An error result also ends the inspector with a status of its own. */
function outputOf(error: unknown): string {
  if (error instanceof Error && 'stdout' in error && typeof error.stdout === 'string' && error.stdout !== '') return error.stdout;
  throw error;
}

/** `curl` on the REST face. */
export function curlRestAgent({ url, key }: Account): Agent {
  return {
    async call(operation, input) {
      const body = (await curl(`${url}${routes[operation]}`, key, input)) as Partial<Answer> & {
        error?: { code: string; message: string };
      };
      if (body.error !== undefined) throw new Refusal(body.error.code, body.error.message);
      return { task: body.task ?? null, claim: body.claim ?? null };
    },
    close: () => Promise.resolve(),
  };
}

/** `curl` on the MCP face: one POST for a call, because nothing has to be set up before it. */
export function curlMcpAgent({ url, key }: Account): Agent {
  const revision = '2026-07-28';
  const meta = { 'io.modelcontextprotocol/protocolVersion': revision, 'io.modelcontextprotocol/clientCapabilities': {} };
  return {
    async call(name, input) {
      const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: input, _meta: meta } };
      const headers = [`MCP-Protocol-Version: ${revision}`, 'Mcp-Method: tools/call', `Mcp-Name: ${name}`];
      const { result } = (await curl(`${url}/mcp`, key, message, headers)) as { result: CallToolResult };
      return read(simplify(result));
    },
    close: () => Promise.resolve(),
  };
}

async function curl(url: string, key: string, body: object, headers: readonly string[] = []): Promise<unknown> {
  const all = [
    `Authorization: Bearer ${key}`,
    'Content-Type: application/json',
    'Accept: application/json, text/event-stream',
    ...headers,
  ].flatMap((header) => ['-H', header]);
  return JSON.parse((await run('curl', ['-sS', url, ...all, '-d', JSON.stringify(body)])).stdout);
}

export async function hasCurl(): Promise<boolean> {
  return run('curl', ['--version']).then(
    () => true,
    () => false,
  );
}

interface CallToolResult {
  isError?: boolean;
  content?: { text?: string }[];
  structuredContent?: Record<string, unknown>;
}

function simplify({ isError = false, content = [], structuredContent }: CallToolResult) {
  return { isError, text: content[0]?.text ?? '', structured: structuredContent };
}

function read({ isError, text, structured }: { isError: boolean; text: string; structured: Record<string, unknown> | undefined }): Answer {
  if (isError) throw new Refusal(text.slice(0, text.indexOf(':')), text);
  if (structured === undefined) throw new Error(`a result without structured content: ${text}`);
  return { claim: null, ...structured } as Answer;
}
