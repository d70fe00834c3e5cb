/** The backend over this process's own registry and events. */

import { ProtocolError, ProtocolErrorCode, ResourceNotFoundError } from '@modelcontextprotocol/server';
import type { CompiledOperation, Registry } from '../../operations/types.ts';
import type { Events, WorkspaceEvent } from '../../platform/events/types.ts';
import { Problem } from '../../platform/problem.ts';
import type { McpBackend, ResourceChange, ToolCall } from './backend.ts';
import { answerFindTools, callToolName, chooseCall, findToolsName } from './own-tools.ts';
import { createRanking } from './ranking.ts';
import { complete } from './completion.ts';
import type { LongCalls } from './long-calls/calls.ts';
import type { Offers } from './offers.ts';
import { getPrompt } from './prompts.ts';
import type { Questions } from './questions.ts';
import { type ResourceProvider, listAll } from './resources.ts';
import { type Caller, createSurface } from './surface.ts';
import type { WishBook } from './wishes/wishes.ts';

export interface LocalBackendOptions extends Offers {
  registry: Registry;
  events: Events;
  questions: Questions;
  longCalls: LongCalls;
  wishes: WishBook;
}

/** Compiles what all callers share, once, and returns how to bind it to one. */
export function createLocalBackends(options: LocalBackendOptions): (caller: Caller) => McpBackend {
  const surface = createSurface(options.registry);
  const rank = createRanking(options.registry.operations);
  return (caller) => {
    const { principal } = caller;
    const visible = () => options.resources.filter((provider) => provider.visible(principal));
    return {
      principal,
      stillGood: caller.reverify ?? (async () => true),
      questions: options.questions,
      longCalls: options.longCalls,
      wishes: options.wishes,
      listTools: async () => surface.list(caller),
      isPlain: (name) => name === findToolsName || isSimple(callable(options.registry, caller, name)),
      isLong: (name, args) => callable(options.registry, caller, targetOf(name, args))?.operation.long === true,
      callTool: async (call) => {
        if (call.name === findToolsName) return answerFindTools(call.arguments, surface.allowed(caller), surface.listedNames(caller), rank);
        return callOperation(options.registry, caller, call);
      },
      listResourceTemplates: async () => ({ resourceTemplates: visible().flatMap((provider) => [...provider.templates]) }),
      listResources: (cursor, scope) => listAll(options.resources, { ...scope, principal }, cursor),
      readResource: async (uri, scope) => {
        const provider = visible().find((candidate) => candidate.owns(uri));
        if (provider === undefined) throw noResource(uri);
        const contents = await provider.read({ ...scope, principal }, uri).catch((error: unknown) => {
          throw isAbsence(error) ? noResource(uri) : error;
        });
        return { contents };
      },
      listPrompts: async () => ({ prompts: options.prompts.filter((provider) => provider.visible(principal)).map(({ prompt }) => prompt) }),
      getPrompt: (name, args, scope) => getPrompt(options.prompts, { ...scope, principal }, name, args),
      complete: (ref, argument, scope) => complete(options, { ...scope, principal }, ref, argument),
      subscribe: (listener) => subscribe(options.events, caller, visible(), listener),
    };
  };
}

async function callOperation(registry: Registry, caller: Caller, call: ToolCall): Promise<Record<string, unknown>> {
  const { principal } = caller;
  const { request_id, signal, idempotency_key, answers, progress } = call;
  const shared = { principal, face: 'mcp', request_id, signal, idempotency_key, answers, progress } as const;
  if (call.name === callToolName) {
    const chosen = chooseCall(call.arguments, (name) => callable(registry, caller, name));
    return registry.call({ ...shared, operation: chosen.compiled.operation.name, input: chosen.arguments });
  }
  if (callable(registry, caller, call.name) === undefined) throw unknownTool(call.name);
  return registry.call({ ...shared, operation: call.name, input: call.arguments });
}

/** What is called in the end, through `call_tool` or by its own name. Wrong arguments are found out when it is called. */
function targetOf(name: string, args: unknown): string {
  if (name !== callToolName || typeof args !== 'object' || args === null || !('name' in args)) return name;
  return String(args.name);
}

/** The operation behind a name or alias, unless the address of the endpoint leaves its toolset out. Rights are the registry's to check. */
function callable(registry: Registry, { toolsets }: Caller, name: string): CompiledOperation | undefined {
  const compiled = registry.find(name, 'mcp');
  if (compiled === undefined) return undefined;
  return toolsets === undefined || toolsets.includes(compiled.toolset) ? compiled : undefined;
}

function isSimple(compiled: CompiledOperation | undefined): boolean {
  return compiled !== undefined && compiled.operation.simple !== false;
}

function unknownTool(name: string): ProtocolError {
  const shown = name.slice(0, 64);
  return new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    `Unknown tool: there is no tool ${shown} at this endpoint. Call tools/list or find_tools to see what there is.`,
  );
}

/** The message is the same for what never was and for what is somebody else's. */
function noResource(uri: string): ResourceNotFoundError {
  return new ResourceNotFoundError(uri, `Resource not found: there is no ${uri.slice(0, 200)}. Call resources/list to see what there is.`);
}

function isAbsence(error: unknown): boolean {
  return error instanceof Problem && (error.code === 'not_found' || error.code === 'invalid_input');
}

function subscribe(
  events: Events,
  { principal }: Caller,
  providers: readonly ResourceProvider[],
  listener: (change: ResourceChange) => void,
): Promise<() => void> {
  const { workspace_id, user_id } = principal;
  return events.subscribe({ workspace_id, user_id }, (event: WorkspaceEvent) => {
    const uri = event.resource;
    if (uri === null || !providers.some((provider) => provider.owns(uri))) return;
    listener({ kind: 'resource_updated', uri });
    if (/\.(created|deleted)$/.test(event.type)) listener({ kind: 'resources_list_changed' });
  });
}
