/** A small workspace behind the real registry and the real MCP face, on a real socket; only the database is in memory. */

import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createRegistry } from '../../../../src/operations/registry.ts';
import { readSettings } from '../../../../src/platform/config/read.ts';
import type { Settings } from '../../../../src/platform/config/settings.ts';
import type { Database } from '../../../../src/platform/database/types.ts';
import { type Principal, scopesOfRole } from '../../../../src/platform/identity/principal.ts';
import type { Identity } from '../../../../src/platform/identity/types.ts';
import { createLog } from '../../../../src/platform/telemetry/log.ts';
import { type McpFace, createMcpFace } from '../../../../src/server/mcp/face.ts';
import { createLocalBackends } from '../../../../src/server/mcp/local-backend.ts';
import { offersOf } from '../../../../src/server/mcp/offers.ts';
import type { LongCalls } from '../../../../src/server/mcp/long-calls/calls.ts';
import { createQuestions } from '../../../../src/server/mcp/questions.ts';
import type { WishBook } from '../../../../src/server/mcp/wishes/wishes.ts';
import { type MemoryEvents, memoryEvents } from './memory-events.ts';
import { type State, createToolsets } from './toolsets.ts';

export function principal(overrides: Partial<Principal> = {}): Principal {
  return {
    kind: 'agent',
    id: 'key-1',
    name: 'builder',
    user_id: 'user-1',
    user_name: 'Ada',
    email: 'ada@example.com',
    workspace_id: 'workspace-1',
    role: 'member',
    scopes: scopesOfRole.member,
    grantable: [],
    toolsets: null,
    workspace_name: 'Ada',
    session_id: null,
    expires_at: null,
    ...overrides,
  };
}

/** Runs the work at once; an aborted signal rejects, as a cancelled query would. */
const memoryDatabase = {
  transaction: async (
    tenant: { workspace_id: string; user_id: string },
    { signal }: { signal?: AbortSignal },
    work: (scope: object) => unknown,
  ) => {
    signal?.throwIfAborted();
    return work({ ...tenant, now: new Date(), db: undefined });
  },
} as unknown as Database;

export interface TestWorkspace {
  url: string;
  face: McpFace;
  events: MemoryEvents;
  state: State;
  /** Whoever sends `Authorization: Bearer NAME`. */
  credentials: Map<string, Principal>;
  /** The same workspace without HTTP. */
  backends: ReturnType<typeof createLocalBackends>;
  close(): Promise<void>;
}

export async function startWorkspace(overrides: Partial<Pick<Settings, 'maxSubscriptions' | 'keepAliveMs'>> = {}): Promise<TestWorkspace> {
  const state: State = { tasks: new Map(), aborted: [], started: [] };
  const events = memoryEvents();
  const log = createLog({ logLevel: 'silent' });
  const settings = { ...readSettings({ environment: {}, folder: '/nonexistent' }).settings, ...overrides };
  const registry = createRegistry({
    toolsets: createToolsets(state),
    database: memoryDatabase,
    identity: {} as Identity,
    events,
    settings,
    log,
  });
  const offers = offersOf(registry);
  const questions = createQuestions(new Uint8Array(32));
  // Nothing here is long: such calls need a database that keeps them.
  const longCalls = {} as LongCalls;
  // What clients of 2025 want is kept in the database as well: here nobody wants anything.
  const wishes: WishBook = {
    ...({} as WishBook),
    wantsMessages: async () => false,
    follow: () => ({ wants: async () => false, stop: async () => undefined }),
  };
  const face = createMcpFace({ registry, events, questions, longCalls, wishes, settings, log, version: '9.8.7', ...offers });
  const credentials = new Map([['ada', principal()]]);
  const server = await listen(face, credentials);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    face,
    events,
    state,
    credentials,
    backends: createLocalBackends({ registry, events, questions, longCalls, wishes, ...offers }),
    close: async () => {
      await face.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What the HTTP server does before the face: the credential, the body, the query. */
async function listen(face: McpFace, credentials: Map<string, Principal>): Promise<Server> {
  let requests = 0;
  const server = createServer(async (req, res) => {
    const name = req.headers.authorization?.replace('Bearer ', '') ?? '';
    const caller = credentials.get(name);
    if (caller === undefined) return void res.writeHead(401).end();
    const body = await text(req);
    const toolsets = new URL(req.url ?? '/', 'http://localhost').searchParams.get('toolsets')?.split(',');
    const gone = new AbortController();
    res.once('close', () => gone.abort());
    await face.handle(req, res, {
      principal: caller,
      parsedBody: body === '' ? undefined : (JSON.parse(body) as unknown),
      toolsets,
      request_id: `request-${++requests}`,
      signal: gone.signal,
      reverify: async () => credentials.has(name),
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
