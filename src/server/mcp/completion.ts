/** Completion: what may stand in an argument, from what the caller sees. */

import { type CompleteResult, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Registry } from '../../operations/types.ts';
import { Problem } from '../../platform/problem.ts';
import { type PromptProvider, findPrompt } from './prompts.ts';
import type { ResourceCall, ResourceProvider } from './resources.ts';

/** What is completed: an argument of a prompt, or a variable of a resource template. */
export type CompletionReference = { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string };

/** Most values in one answer; the specification's limit. */
const maxValues = 100;

/** Most things that are looked at for one answer: a person types on when the one they mean is not among them. */
const pageSize = 200;

/** @throws ProtocolError -32602 when there is no such prompt or template; Problem for the rest. */
export async function complete(
  providers: { prompts: readonly PromptProvider[]; resources: readonly ResourceProvider[] },
  call: ResourceCall,
  ref: CompletionReference,
  argument: { name: string; value: string },
): Promise<CompleteResult> {
  const values =
    ref.type === 'ref/prompt'
      ? await findPrompt(providers.prompts, call.principal, ref.name).complete?.(call, argument.name, argument.value)
      : await ownerOf(providers.resources, call, ref.uri).complete?.(call, argument.name, argument.value);
  const all = values ?? [];
  return { completion: { values: all.slice(0, maxValues), hasMore: all.length > maxValues } };
}

function ownerOf(providers: readonly ResourceProvider[], { principal }: ResourceCall, uri: string): ResourceProvider {
  const found = providers.find(
    (provider) => provider.visible(principal) && provider.templates.some((template) => template.uriTemplate === uri),
  );
  if (found !== undefined) return found;
  throw new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    `Unknown resource template: there is no ${uri.slice(0, 200)} here. Call resources/templates/list to see what there is.`,
  );
}

const projects = z.object({ items: z.array(z.object({ key: z.string() })) });
const tasks = z.object({ items: z.array(z.object({ id: z.string() })) });

/** Keys of projects, `ME` among them once it has a task. */
export async function completeProject(registry: Registry, call: ResourceCall, value: string): Promise<string[]> {
  const typed = value.trim().toUpperCase();
  const output = await readAll(registry, call, 'list_projects', {});
  return projects
    .parse(output)
    .items.map(({ key }) => key)
    .filter((key) => key.startsWith(typed));
}

/** Ids of tasks, the newest first: of the project whose key is typed, else of all. */
export async function completeTask(registry: Registry, call: ResourceCall, value: string): Promise<string[]> {
  const typed = value.trim().toUpperCase();
  const [, project] = /^([A-Z][A-Z0-9]{0,9})-/.exec(typed) ?? [];
  try {
    const output = await readAll(registry, call, 'list_tasks', project === undefined ? {} : { project });
    return tasks
      .parse(output)
      .items.map(({ id }) => id)
      .filter((id) => id.startsWith(typed));
  } catch (error) {
    // Nothing begins with what was typed; that is an answer and not an error.
    if (error instanceof Problem && error.code === 'not_found') return [];
    throw error;
  }
}

/** A whole page: it is not read by a model, so the size of pages for models does not apply. */
function readAll(registry: Registry, call: ResourceCall, operation: string, input: Record<string, unknown>) {
  return registry.call({ ...call, operation, input: { ...input, limit: pageSize }, face: 'mcp', page_bytes: Infinity });
}
