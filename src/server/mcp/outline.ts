/** Tools as they are listed: every conversation pays for the list, so it holds what decides a call and leaves the rest out. */

import type { Tool } from '@modelcontextprotocol/server';
import type { CompiledOperation, JsonSchema } from '../../operations/types.ts';

/**
 * A tool that reads one thing names its fields, for those who write programs against the list. The others answer with the same
 * things, and only describe them. The whole schemas are in the OpenAPI document.
 */
export function toListed({ operation, tool }: CompiledOperation): Tool {
  const fields = (tool.outputSchema['properties'] ?? {}) as Record<string, JsonSchema>;
  const levels = operation.access === 'read' && !('next_cursor' in fields) ? 2 : 1;
  // That the root of both is an object is the registry's own rule.
  return { ...tool, inputSchema: outlineInput(tool.inputSchema), outputSchema: outlineOutput(tool.outputSchema, levels) } as Tool;
}

/** What the server checks all the same, with an error that says more than the keyword: an example in the description serves a model better. */
const checkedByServer = (key: string, value: unknown) => key === 'pattern' || (key === 'minLength' && value === 1) || key === 'maxItems';

/** Every input that fits the schema fits this one too. Names, types, choices, defaults and lengths stay, and so does strictness. */
export function outlineInput(schema: JsonSchema): JsonSchema {
  return mapSchema(schema, (node) => Object.fromEntries(Object.entries(node).filter(([key, value]) => !checkedByServer(key, value))));
}

/**
 * Every result that fits the schema fits its outline: what lies deeper than `levels` is described by its type alone. Further fields are
 * not ruled out either, and only those of the answer itself are promised: a client keeps the list for minutes, and must not refuse the
 * results of a newer server.
 */
export function outlineOutput(schema: JsonSchema, levels: number): JsonSchema {
  const { required } = schema;
  return { ...outlineNode(schema, levels), ...(required === undefined ? {} : { required }) };
}

function outlineNode(schema: JsonSchema, levels: number): JsonSchema {
  const { additionalProperties: _, required: __, properties, items, ...rest } = schema;
  const outline: JsonSchema = { ...rest };
  if (isSchema(items)) outline['items'] = outlineNode(items, levels - 1);
  if (isSchema(properties) && levels > 0)
    outline['properties'] = Object.fromEntries(
      Object.entries(properties).map(([name, field]) => [name, isSchema(field) ? outlineNode(field, levels - 1) : field]),
    );
  return outline;
}

/** The schema with every node in it changed; the names of fields are not keywords. */
function mapSchema(schema: JsonSchema, change: (node: JsonSchema) => JsonSchema): JsonSchema {
  const mapped = change(schema);
  const { properties, items } = mapped;
  if (isSchema(items)) mapped['items'] = mapSchema(items, change);
  if (isSchema(properties))
    mapped['properties'] = Object.fromEntries(
      Object.entries(properties).map(([name, field]) => [name, isSchema(field) ? mapSchema(field, change) : field]),
    );
  return mapped;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
