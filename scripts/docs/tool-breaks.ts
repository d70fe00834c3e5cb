/** Finds what would refuse a caller who knows only an earlier snapshot of the tools. */

import type { JsonSchema } from '../../src/operations/types.ts';

export interface ToolSnapshot {
  name: string;
  aliases: readonly string[];
  inputSchema: JsonSchema;
}

/** One sentence for each break: what it is, and how to avoid it. */
export function findBreaks(before: readonly ToolSnapshot[], after: readonly ToolSnapshot[]): string[] {
  const byName = new Map(after.flatMap((tool) => [tool.name, ...tool.aliases].map((name) => [name, tool] as const)));
  return before.flatMap((old) => {
    const gone = [old.name, ...old.aliases].filter((name) => !byName.has(name));
    const now = byName.get(old.name);
    return [
      ...gone.map((name) => `There is no tool ${name} any more: keep the name in \`aliases\` of the operation that replaces it.`),
      ...(now === undefined ? [] : inputBreaks(old.name, old.inputSchema, now.inputSchema)),
    ];
  });
}

function inputBreaks(place: string, before: JsonSchema, after: JsonSchema): string[] {
  const fieldsBefore = fieldsOf(before);
  const fieldsAfter = fieldsOf(after);
  const removed = Object.keys(fieldsBefore).filter((name) => !(name in fieldsAfter));
  const asked = requiredOf(after).filter((name) => !requiredOf(before).includes(name));
  const narrowed = Object.entries(fieldsBefore).flatMap(([name, field]) => fieldBreaks(`${place}.${name}`, field, fieldsAfter[name]));
  return [
    ...removed.map((name) => `${place} takes no ${name} any more: keep the field, and ignore it or translate it.`),
    ...asked.map((name) => `${place} now requires ${name}: give it a default.`),
    ...narrowed,
  ];
}

function fieldBreaks(place: string, before: JsonSchema, after: JsonSchema | undefined): string[] {
  if (after === undefined) return [];
  const types = missing(before['type'], after['type']);
  const choices = after['enum'] === undefined ? [] : missing(before['enum'] ?? ['any text'], after['enum']);
  return [
    ...types.map((type) => `${place} is no ${String(type)} any more: accept the old type too.`),
    ...choices.map((choice) => `${place} does not take ${JSON.stringify(choice)} any more: keep the choice.`),
    ...tightened(place, before, after),
    ...(isSchema(before['items']) && isSchema(after['items']) ? fieldBreaks(`${place}[]`, before['items'], after['items']) : []),
    ...inputBreaks(place, before, after),
  ];
}

function tightened(place: string, before: JsonSchema, after: JsonSchema): string[] {
  const limit = (schema: JsonSchema, key: string, otherwise: number) => (typeof schema[key] === 'number' ? schema[key] : otherwise);
  const lower = ['maxLength', 'maximum'].filter((key) => limit(after, key, Infinity) < limit(before, key, Infinity));
  const higher = ['minLength', 'minimum'].filter((key) => limit(after, key, -Infinity) > limit(before, key, -Infinity));
  return [...lower, ...higher].map((key) => `${place} has a narrower ${key} (${String(after[key])}): keep the old limit.`);
}

/** What was allowed and is not; a type that is not said allows every one. */
function missing(before: unknown, after: unknown): unknown[] {
  if (after === undefined) return [];
  const allowed = [after].flat();
  return [before ?? 'value of any type'].flat().filter((value) => !allowed.includes(value));
}

function fieldsOf(schema: JsonSchema): Record<string, JsonSchema> {
  return isSchema(schema['properties']) ? (schema['properties'] as Record<string, JsonSchema>) : {};
}

function requiredOf(schema: JsonSchema): string[] {
  return Array.isArray(schema['required']) ? (schema['required'] as string[]) : [];
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
