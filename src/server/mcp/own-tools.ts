/** The two tools that are the face's own: `find_tools` finds operations, `call_tool` calls those that are not listed. */

import type { Tool } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { parseInput } from '../../operations/input.ts';
import { toJsonSchema } from '../../operations/json-schema.ts';
import type { CompiledOperation, JsonSchema, Registry } from '../../operations/types.ts';
import { forbidden, notFound } from '../../platform/problem.ts';
import { outlineInput } from './outline.ts';
import type { ToolRanking } from './ranking.ts';

export const findToolsName = 'find_tools';
export const callToolName = 'call_tool';

const findInput = z.strictObject({
  query: z.string().trim().min(1).max(200).describe('What you want to do, in a few words'),
  limit: z.int().min(1).max(20).default(5).describe('Most tools in the answer'),
});

/** How a found tool is called. */
const reach = z
  .enum(['by_name', 'call_tool', 'toolsets'])
  .describe('by_name: listed, call it by its name; call_tool: through call_tool; toolsets: it destroys, see next');

const findOutput = z.object({
  items: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      description: z.string(),
      toolset: z.string(),
      access: z.enum(['read', 'write', 'destroy']),
      reach,
      next: z.string().describe('How to call it'),
      input_schema: z.record(z.string(), z.unknown()).optional().describe('JSON Schema of its arguments, unless it is listed'),
    }),
  ),
});

const callInput = z.strictObject({
  name: z.string().min(1).max(64).describe('The name that find_tools gave'),
  arguments: z.record(z.string(), z.unknown()).default({}).describe('The arguments, by its input_schema'),
});

/** The output is that of the operation called, so all that can be promised is an object. */
const callOutput = z.looseObject({}).describe('The result of the tool that was called');

export function findTools(registry: Pick<Registry, 'toolsets'>): Tool {
  const toolsets = registry.toolsets.map(({ name, description }) => `${name} (${description.replace(/\.$/, '')})`).join(', ');
  return tool({
    name: findToolsName,
    title: 'Find tools',
    description: `Finds tools by what they do, also those that are not listed, with how to call each. Toolsets: ${toolsets}.`,
    inputSchema: toJsonSchema(findInput, 'input'),
    outputSchema: toJsonSchema(findOutput, 'output'),
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  });
}

export function callTool(registry: Pick<Registry, 'operations'>): Tool {
  return tool({
    name: callToolName,
    title: 'Call a tool that is not listed',
    description:
      'Calls a tool that find_tools found and that is not listed here. Its result is that of the tool. Tools that destroy are refused: they are called by their own name.',
    inputSchema: toJsonSchema(callInput, 'input'),
    outputSchema: toJsonSchema(callOutput, 'output'),
    annotations: {
      readOnlyHint: false,
      destructiveHint: false,
      idempotentHint: false,
      openWorldHint: registry.operations.some((compiled) => compiled.tool.annotations.openWorldHint),
    },
  });
}

function tool(definition: Omit<Tool, 'inputSchema' | 'outputSchema'> & { inputSchema: JsonSchema; outputSchema: JsonSchema }): Tool {
  return Object.freeze({ ...definition, inputSchema: outlineInput(definition.inputSchema) }) as Tool;
}

/** @throws Problem `invalid_input` */
export function answerFindTools(
  input: unknown,
  allowed: readonly CompiledOperation[],
  listed: ReadonlySet<string>,
  rank: ToolRanking,
): z.output<typeof findOutput> {
  const { query, limit } = parseInput(findToolsName, findInput, input);
  const items = rank(query, allowed).slice(0, limit);
  return { items: items.map((compiled) => describeTool(compiled, listed)) };
}

/** The arguments of a listed tool are in the list that the model has already. */
function describeTool({ operation, toolset, input_schema }: CompiledOperation, listed: ReadonlySet<string>) {
  const { name, title, description, access } = operation;
  const how = reachOf(operation.access, listed.has(name));
  const found = { name, title, description, toolset, access, reach: how, next: nextStep(how, name, toolset) };
  return how === 'by_name' ? found : { ...found, input_schema: outlineInput(input_schema) };
}

function reachOf(access: CompiledOperation['operation']['access'], listed: boolean): z.output<typeof reach> {
  if (listed) return 'by_name';
  return access === 'destroy' ? 'toolsets' : 'call_tool';
}

function nextStep(how: z.output<typeof reach>, name: string, toolset: string): string {
  if (how === 'by_name') return `Call ${name} by its name.`;
  if (how === 'call_tool') return `Call call_tool with {"name":"${name}","arguments":{…}}.`;
  return `It destroys: connect to /mcp?toolsets=${toolset} and call ${name} by its name.`;
}

/**
 * Which operation `call_tool` is asked for, and its arguments.
 * @throws Problem `invalid_input`; `not_found` for what this caller may not call; `forbidden` for what destroys.
 */
export function chooseCall(
  input: unknown,
  find: (name: string) => CompiledOperation | undefined,
): { compiled: CompiledOperation; arguments: Record<string, unknown> } {
  const parsed = parseInput(callToolName, callInput, input);
  const compiled = find(parsed.name);
  if (compiled === undefined)
    throw notFound({
      message: `There is no tool called ${parsed.name} that this credential may call.`,
      next: 'Use find_tools to see what there is.',
    });
  if (compiled.operation.access === 'destroy')
    throw forbidden({
      message: `${compiled.operation.name} destroys, and call_tool does not call such tools, so that whoever approves a call sees its own name.`,
      next: nextStep('toolsets', compiled.operation.name, compiled.toolset),
    });
  return { compiled, arguments: parsed.arguments };
}
