/** Output schemas as an outline for the list of tools, where the whole would double what every conversation pays. */

import type { JsonSchema } from '../../operations/types.ts';

/** The answer itself is level 0 and the things in it level 1: their fields are named, what lies deeper is described. */
const levels = 2;

/**
 * Every result that fits the schema fits its outline. Further fields are not ruled out: a client keeps the list for minutes,
 * and must not refuse the results of a newer server. The whole schema is in the OpenAPI document.
 */
export function outline(schema: JsonSchema, level = 0): JsonSchema {
  const { additionalProperties: _, properties, required, items, ...rest } = schema;
  const shortened: JsonSchema = { ...rest };
  if (isSchema(items)) shortened['items'] = outline(items, level);
  if (!isSchema(properties) || level >= levels) return shortened;
  const inner = Object.entries(properties).map(([name, field]) => [name, isSchema(field) ? outline(field, level + 1) : field]);
  shortened['properties'] = Object.fromEntries(inner);
  if (required !== undefined) shortened['required'] = required;
  return shortened;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
