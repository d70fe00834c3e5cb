/** The official MCP clients, each with the same few calls, so that one test runs with all of them. */

import { Client, type ClientCapabilities, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as FirstStdioTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as FirstHttpTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

export interface ToolResult {
  isError: boolean;
  text: string;
  structured: Record<string, unknown> | undefined;
}

export interface TestClient {
  readonly kind: ClientKind;
  instructions(): string | undefined;
  /** What the server says it can do with resources. */
  resourceCapabilities(): object | undefined;
  listTools(): Promise<{ name: string; inputSchema: object; outputSchema?: object | undefined; annotations?: object | undefined }[]>;
  callTool(name: string, args?: Record<string, unknown>, options?: CallOptions): Promise<ToolResult>;
  listResources(): Promise<{ uri: string; name: string }[]>;
  listResourceTemplates(): Promise<{ uriTemplate: string }[]>;
  readResource(uri: string): Promise<string>;
  listPrompts(): Promise<{ name: string }[]>;
  /** The texts of the messages, those of embedded resources among them. */
  getPrompt(name: string, args?: Record<string, string>): Promise<string[]>;
  /** Values for an argument of a prompt, or for a variable of a resource template. */
  complete(ref: Completable, name: string, value: string): Promise<string[]>;
  close(): Promise<void>;
}

type Completable = { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string };

interface CallOptions {
  signal?: AbortSignal;
  meta?: Record<string, unknown>;
}

export const clientKinds = ['2026-07-28', '2025', '2025, first SDK'] as const;
export type ClientKind = (typeof clientKinds)[number];

/** A server behind a socket, or a program that speaks over its standard streams. */
export type Endpoint = { url: string; token: string } | { program: string; args: string[] };

const info = { name: 'test', version: '1.0.0' };

export async function connect(kind: ClientKind, endpoint: Endpoint): Promise<TestClient> {
  if (kind === '2025, first SDK') return adaptFirst(await connectFirst(endpoint));
  return adapt(kind, await connectSecond(kind, endpoint));
}

/** The v2 client itself, for what only it can do. */
export async function connectSecond(
  kind: '2026-07-28' | '2025',
  endpoint: Endpoint,
  capabilities: ClientCapabilities = {},
): Promise<Client> {
  const client = new Client(info, { capabilities, versionNegotiation: { mode: kind === '2025' ? 'legacy' : { pin: kind } } });
  await client.connect(
    'url' in endpoint
      ? new StreamableHTTPClientTransport(new URL(endpoint.url), { requestInit: authorised(endpoint.token) })
      : new StdioClientTransport({ command: process.execPath, args: [endpoint.program, ...endpoint.args] }),
  );
  return client;
}

/** The client of the first SDK itself. */
export async function connectFirst(endpoint: Endpoint): Promise<FirstClient> {
  const client = new FirstClient(info);
  await client.connect(
    'url' in endpoint
      ? new FirstHttpTransport(new URL(endpoint.url), { requestInit: authorised(endpoint.token) })
      : new FirstStdioTransport({ command: process.execPath, args: [endpoint.program, ...endpoint.args] }),
  );
  return client;
}

function adapt(kind: ClientKind, client: Client): TestClient {
  return {
    kind,
    instructions: () => client.getInstructions(),
    resourceCapabilities: () => client.getServerCapabilities()?.resources,
    listTools: async () => (await client.listTools()).tools,
    callTool: async (name, args = {}, { signal, meta } = {}) => simplify(await client.callTool(toolCall(name, args, meta), { signal })),
    listResources: async () => (await client.listResources()).resources,
    listResourceTemplates: async () => (await client.listResourceTemplates()).resourceTemplates,
    readResource: async (uri) => firstText((await client.readResource({ uri })).contents),
    listPrompts: async () => (await client.listPrompts()).prompts,
    getPrompt: async (name, args = {}) => promptTexts((await client.getPrompt({ name, arguments: args })).messages),
    complete: async (ref, name, value) => (await client.complete({ ref, argument: { name, value } })).completion.values,
    close: () => client.close(),
  };
}

function adaptFirst(client: FirstClient): TestClient {
  return {
    kind: '2025, first SDK',
    instructions: () => client.getInstructions(),
    resourceCapabilities: () => client.getServerCapabilities()?.resources,
    listTools: async () => (await client.listTools()).tools,
    callTool: async (name, args = {}, { signal, meta } = {}) =>
      simplify(await client.callTool(toolCall(name, args, meta), undefined, { signal })),
    listResources: () => allPages(client),
    listResourceTemplates: async () => (await client.listResourceTemplates()).resourceTemplates,
    readResource: async (uri) => firstText((await client.readResource({ uri })).contents),
    listPrompts: async () => (await client.listPrompts()).prompts,
    getPrompt: async (name, args = {}) => promptTexts((await client.getPrompt({ name, arguments: args })).messages),
    complete: async (ref, name, value) => (await client.complete({ ref, argument: { name, value } })).completion.values,
    close: () => client.close(),
  };
}

/** The v2 client follows the cursors itself; the first one leaves that to its user. */
async function allPages(client: FirstClient): Promise<{ uri: string; name: string }[]> {
  const resources: { uri: string; name: string }[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.listResources(cursor === undefined ? {} : { cursor });
    resources.push(...page.resources);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return resources;
}

function toolCall(name: string, args: Record<string, unknown>, meta: Record<string, unknown> | undefined) {
  return { name, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) };
}

const authorised = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

function simplify(result: object): ToolResult {
  const { isError, content, structuredContent } = result as {
    isError?: boolean;
    content?: { text?: string }[];
    structuredContent?: unknown;
  };
  const [first] = content ?? [];
  return { isError: isError === true, text: first?.text ?? '', structured: structuredContent as Record<string, unknown> | undefined };
}

function firstText(contents: readonly object[]): string {
  const [first] = contents;
  return first !== undefined && 'text' in first && typeof first.text === 'string' ? first.text : '';
}

function promptTexts(messages: readonly { content: object }[]): string[] {
  return messages.map(({ content }) => ('resource' in content ? firstText([content.resource as object]) : firstText([content])));
}
