/** Zod schemas as the JSON Schema that models and clients read: short, without what they do not need. */

import { z } from 'zod';
import type { JsonSchema } from './types.ts';

/**
 * JSON Schema 2020-12 of what a caller sends (`input`) or receives (`output`).
 * Zod's own rendering is shortened: a prompt pays for every byte of it.
 */
export function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const converted = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  delete converted['$schema'];
  return shorten(converted) as JsonSchema;
}

function shorten(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(shorten);
  if (typeof node !== 'object' || node === null) return node;
  const result: JsonSchema = {};
  for (const [key, value] of Object.entries(node)) {
    if (!isNoise(key, value, node as JsonSchema)) result[key] = shorten(value);
  }
  return mergeNull(result);
}

/** What says nothing that another keyword does not say. */
function isNoise(key: string, value: unknown, node: JsonSchema): boolean {
  if (key === 'maxLength' && node['format'] === 'date-time') return true;
  if (key === 'pattern') return node['format'] !== undefined;
  if (key === 'maximum') return value === Number.MAX_SAFE_INTEGER;
  if (key === 'minimum') return value === Number.MIN_SAFE_INTEGER;
  if (key === 'propertyNames') return JSON.stringify(value) === '{"type":"string"}';
  return key === 'additionalProperties' && JSON.stringify(value) === '{}';
}

/** `anyOf: [X, null]` as `type: [X, "null"]`, where X is one plain type. */
function mergeNull(node: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = node;
  if (!Array.isArray(anyOf) || anyOf.length !== 2 || JSON.stringify(anyOf[1]) !== '{"type":"null"}') return node;
  const first = anyOf[0] as JsonSchema;
  if (typeof first['type'] !== 'string') return node;
  const merged: JsonSchema = { ...first, ...rest, type: [first['type'], 'null'] };
  if (Array.isArray(first['enum'])) merged['enum'] = [...(first['enum'] as unknown[]), null];
  return merged;
}
