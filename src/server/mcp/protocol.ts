/** The MCP methods over a backend, as a low-level server of the SDK: one for each HTTP request, one for each stdio connection. */

import { type InputRequiredResult, ProtocolError, Server, type ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { QuestionAsked } from '../../operations/question.ts';
import { invalidInput } from '../../platform/problem.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import { tracing } from '../../platform/telemetry/traces.ts';
import { asProblem, protocolError, toolAnswer, toolError } from './answers.ts';
import type { CallScope, McpBackend } from './backend.ts';
import { instructions } from './instructions.ts';
import { handleOf, registerTasks, takesTasks, tasksExtension } from './long-calls/protocol.ts';
import { inStdioSpan } from './stdio-span.ts';
import { type ProgressTeller, progressTeller } from './progress.ts';
import { registerWishes } from './wishes/protocol.ts';

export interface ProtocolOptions {
  backend: McpBackend;
  version: string;
  log: Log;
  /** `legacy`: a revision of 2025. */
  era: 'modern' | 'legacy';
  /** Ends a call besides the client's own signal. */
  signal?: AbortSignal | undefined;
  /** For the log and for `internal` errors. */
  requestId(): string;
  /** Told when a call fails: `tool_error`, or the code of the JSON-RPC error. */
  failed?: ((failure: string) => void) | undefined;
}

/** Where a client puts its idempotency key: not an argument, which models fill with constants. */
export const idempotencyMeta = 'quarterdeck/idempotency_key';

/** The lists change with a release or a change of rights; five minutes is how stale they may be. */
export const stable = { ttlMs: 300_000, cacheScope: 'private' } as const;
/** Tasks change at any moment; a client that wants to keep one subscribes to it. */
const volatile = { ttlMs: 0, cacheScope: 'private' } as const;

const cacheHints = {
  'server/discover': stable,
  'tools/list': stable,
  'prompts/list': stable,
  'resources/templates/list': stable,
  'resources/list': volatile,
  'resources/read': volatile,
};

const page = z.object({ cursor: z.string().optional() });
const call = z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()).optional() });
const read = z.object({ uri: z.string().max(2_000) });
const prompt = z.object({ name: z.string(), arguments: z.record(z.string(), z.string()).optional() });
const completion = z.object({
  ref: z.discriminatedUnion('type', [
    z.object({ type: z.literal('ref/prompt'), name: z.string() }),
    z.object({ type: z.literal('ref/resource'), uri: z.string().max(2_000) }),
  ]),
  argument: z.object({ name: z.string(), value: z.string().max(200) }),
});

/** Who answers, as clients show it. */
export const serverInfo = (version: string) => ({ name: 'quarterdeck', title: 'Quarterdeck', version });

/**
 * `Server` rather than `McpServer`, because the latter wants every tool registered anew for every request.
 * Its methods are given schemas of their own, so that wrong parameters are -32602 and not an internal error.
 */
export function createProtocolServer(options: ProtocolOptions): Server {
  const { backend, version, log, era } = options;
  const server = new Server(serverInfo(version), {
    instructions,
    cacheHints,
    // Clients of 2025 are told what to pass instead; asking them needs a connection that one replica holds.
    inputRequired: { legacyShim: false },
    capabilities: {
      tools: {},
      prompts: {},
      completions: {},
      resources: { subscribe: true, listChanged: true },
      ...(era === 'legacy' ? { logging: {} } : { extensions: { [tasksExtension]: {} } }),
    },
  });
  const scoped =
    <Params, Result>(work: (params: Params, scope: CallScope, context: ServerContext) => Promise<Result>) =>
    async (params: Params, context: ServerContext): Promise<Result> => {
      const { signal } = context.mcpReq;
      const scope = {
        request_id: options.requestId(),
        signal: options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]),
      };
      try {
        const trace = tracing();
        // Over HTTP the span of the message is there already.
        if (trace === undefined || trace.active) return await work(params, scope, context);
        return await inStdioSpan(trace, context.mcpReq, params, () => work(params, scope, context));
      } catch (error) {
        const refusal = error instanceof ProtocolError ? error : protocolError(asProblem(error, log, scope.request_id));
        options.failed?.(String(refusal.code));
        throw refusal;
      }
    };

  /** The three methods in which an operation may ask the person. */
  const asking = <Params, Result>(
    method: string,
    work: (params: Params, scope: CallScope, context: ServerContext) => Promise<Result>,
  ): ((params: Params, context: ServerContext) => Promise<Result | InputRequiredResult>) =>
    scoped((params, scope, context) =>
      backend.questions.run({ principal: backend.principal, method, params }, context, (answers) =>
        work(params, { ...scope, answers }, context),
      ),
    );

  server.setRequestHandler(
    'tools/list',
    { params: page },
    scoped(({ cursor }) => refuseCursor(cursor, () => backend.listTools())),
  );
  server.setRequestHandler(
    'tools/call',
    { params: call },
    asking('tools/call', (params, scope, context) => callTool(options, params, scope, context)),
  );
  server.setRequestHandler(
    'resources/templates/list',
    { params: page },
    scoped(({ cursor }) => refuseCursor(cursor, () => backend.listResourceTemplates())),
  );
  server.setRequestHandler(
    'resources/list',
    { params: page },
    scoped(({ cursor }, scope) => backend.listResources(cursor, scope)),
  );
  server.setRequestHandler(
    'resources/read',
    { params: read },
    asking('resources/read', ({ uri }, scope) => backend.readResource(uri, scope)),
  );
  server.setRequestHandler(
    'prompts/list',
    { params: page },
    scoped(({ cursor }) => refuseCursor(cursor, () => backend.listPrompts())),
  );
  server.setRequestHandler(
    'prompts/get',
    { params: prompt },
    asking('prompts/get', (params, scope) => backend.getPrompt(params.name, params.arguments ?? {}, scope)),
  );
  server.setRequestHandler(
    'completion/complete',
    { params: completion },
    scoped(({ ref, argument }, scope) => backend.complete(ref, argument, scope)),
  );
  registerTasks(server, backend, scoped);
  if (era === 'legacy') registerWishes(server, backend, scoped);
  server.onerror = (error) => log.debug({ err: error }, 'MCP protocol error');
  return server;
}

/** What a tool refuses is a result that the model reads; only a call that is none (no such tool) is a protocol error. */
async function callTool(options: ProtocolOptions, params: z.output<typeof call>, scope: CallScope, context: ServerContext) {
  const { backend, log, failed, era } = options;
  let told: ProgressTeller | undefined;
  try {
    const idempotency_key = readIdempotencyKey(context.mcpReq._meta?.[idempotencyMeta]);
    const { name, arguments: given = {} } = params;
    if (takesTasks(context) && backend.isLong(name, given)) {
      const called = { name, arguments: given, idempotency_key };
      return handleOf(await backend.longCalls.start(backend, called, scope.request_id, scope.answers), backend.longCalls.pollMs);
    }
    const asMessages = era === 'legacy' && !backend.isPlain(name) && (await backend.wishes.wantsMessages(backend.principal, 'info'));
    told = progressTeller(context, log, asMessages ? name : undefined);
    return toolAnswer(await backend.callTool({ ...scope, name, arguments: given, idempotency_key, progress: told.tell }));
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof QuestionAsked) throw error;
    failed?.('tool_error');
    return toolError(asProblem(error, log, scope.request_id));
  } finally {
    await told?.sent();
  }
}

function readIdempotencyKey(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw invalidInput({
    message: `_meta["${idempotencyMeta}"] must be a string.`,
    next: 'Send a text that is new for each change, or leave it out.',
  });
}

/** These lists are one page, so no cursor can be one that the server gave. */
async function refuseCursor<Result>(cursor: string | undefined, list: () => Promise<Result>): Promise<Result> {
  if (cursor === undefined) return list();
  throw invalidInput({ message: 'The cursor is not one that this list gave: it has a single page.', next: 'Call again without a cursor.' });
}
