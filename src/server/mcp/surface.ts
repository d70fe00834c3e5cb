/** Which tools an MCP endpoint lists: one list, narrowed by the credential and by `?toolsets=`. */

import type { ListToolsResult } from '@modelcontextprotocol/server';
import type { CompiledOperation, Registry } from '../../operations/types.ts';
import type { Principal } from '../../platform/identity/principal.ts';
import { toListed } from './outline.ts';
import { callTool, findTools } from './own-tools.ts';

/**
 * The tools listed by default, in this order. A listed tool costs every conversation its description, so
 * this holds what an agent needs to plan, to work through a queue, and to know what the team knows; the rest is reached with `find_tools`.
 * Nothing here destroys.
 */
export const defaultTools: readonly string[] = [
  'whoami',
  'list_projects',
  'create_project',
  'create_task',
  'list_tasks',
  'get_task',
  'update_task',
  'complete_task',
  'claim_task',
  'renew_claim',
  'release_claim',
  'finish_task',
  'ingest_source',
  'search_knowledge',
  'ask_knowledge',
  'get_source',
];

/** Most tools in one list, `find_tools` and `call_tool` among them: beyond about twenty, models choose worse. */
export const maxListedTools = 20;

/** Lists that are kept: a workspace has a handful of kinds of credential, so this serves many workspaces. */
const maxKeptLists = 256;

/** Who asks, and what the address of the endpoint narrows it to. */
export interface Caller {
  principal: Principal;
  /** From `?toolsets=`; undefined: not narrowed. Every name is one of the registry's. */
  toolsets?: readonly string[] | undefined;
  /** Whether the credential is still good, for what goes on after its request. Absent: it cannot be revoked. */
  reverify?: (() => Promise<boolean>) | undefined;
}

export interface Surface {
  /** What may be called, listed or not. */
  allowed(caller: Caller): readonly CompiledOperation[];
  /** The names that are listed for this caller. */
  listedNames(caller: Caller): ReadonlySet<string>;
  /** The answer to `tools/list`, prebuilt: the same object for every caller with the same rights. */
  list(caller: Caller): ListToolsResult;
}

interface View {
  allowed: readonly CompiledOperation[];
  names: ReadonlySet<string>;
  result: ListToolsResult;
}

export function createSurface(registry: Registry): Surface {
  const views = new Map<string, View>();
  const ownTools = [findTools(registry), callTool(registry)];
  const listedForm = new Map(registry.operations.map((compiled) => [compiled, toListed(compiled)]));

  const build = ({ principal, toolsets }: Caller): View => {
    const allowed = registry.allowed(principal, 'mcp', toolsets);
    const listed = choose(allowed, toolsets !== undefined).slice(0, maxListedTools - ownTools.length);
    return {
      allowed,
      names: new Set(listed.map(({ tool }) => tool.name)),
      result: Object.freeze({ tools: [...listed.map((compiled) => listedForm.get(compiled) ?? toListed(compiled)), ...ownTools] }),
    };
  };

  const viewOf = (caller: Caller): View => {
    const key = rightsOf(caller);
    const view = views.get(key) ?? build(caller);
    views.delete(key);
    views.set(key, view);
    const oldest = views.keys().next();
    if (views.size > maxKeptLists && oldest.done !== true) views.delete(oldest.value);
    return view;
  };

  return {
    allowed: (caller) => viewOf(caller).allowed,
    listedNames: (caller) => viewOf(caller).names,
    list: (caller) => viewOf(caller).result,
  };
}

/** Without `?toolsets=` the default list; with it everything of those toolsets, the default ones first. */
function choose(allowed: readonly CompiledOperation[], everything: boolean): CompiledOperation[] {
  const rank = ({ operation }: CompiledOperation) => {
    const place = defaultTools.indexOf(operation.name);
    return place === -1 ? defaultTools.length : place;
  };
  const listed = everything ? [...allowed] : allowed.filter(({ operation }) => defaultTools.includes(operation.name));
  return listed.sort((a, b) => rank(a) - rank(b));
}

/** Two callers with the same rights see the same list. */
function rightsOf({ principal, toolsets }: Caller): string {
  return JSON.stringify([
    principal.kind,
    [...principal.scopes].sort(),
    [...principal.grantable].sort(),
    principal.toolsets,
    toolsets ?? null,
  ]);
}
