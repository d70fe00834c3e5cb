/** Finds the things that many answers share and names them once, so that a generated client has one type for a task. */

import type { JsonSchema } from '../../operations/types.ts';

/** Smaller objects are wrappers, and a name for each would only be one more thing to look up. */
const fewestProperties = 3;

export interface Components {
  schemas: Record<string, JsonSchema>;
  /** The same schema with every named thing replaced by a reference to it. */
  refer(schema: JsonSchema): JsonSchema;
}

/**
 * An object schema that occurs at least twice becomes a component. Its name is the property that holds it
 * (`task` gives `Task`): the shortest of them, so that `created_by` does not win over `actor`.
 */
export function collectComponents(schemas: readonly JsonSchema[]): Components {
  const found = new Map<string, { schema: JsonSchema; names: string[] }>();
  for (const schema of schemas) visit(schema, undefined, found);
  const names = nameAll([...found].filter(([, { names: places }]) => places.length > 1));
  const refer = (node: unknown, isRoot: boolean): unknown => {
    if (Array.isArray(node)) return node.map((item) => refer(item, false));
    if (!isSchema(node)) return node;
    const name = isRoot ? undefined : names.get(identityOf(node));
    if (name !== undefined) {
      const reference = { $ref: `#/components/schemas/${name}` };
      return isNullable(node) ? { anyOf: [reference, { type: 'null' }] } : reference;
    }
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, refer(value, false)]));
  };
  const components = [...names].map(([key, name]): [string, JsonSchema] => [
    name,
    { ...(refer(found.get(key)?.schema, true) as JsonSchema), type: 'object' },
  ]);
  return {
    schemas: Object.fromEntries(components.sort(([a], [b]) => (a < b ? -1 : 1))),
    refer: (schema) => refer(schema, false) as JsonSchema,
  };
}

function visit(node: unknown, property: string | undefined, found: Map<string, { schema: JsonSchema; names: string[] }>): void {
  if (Array.isArray(node)) return node.forEach((item) => visit(item, property, found));
  if (!isSchema(node)) return;
  const properties = node['properties'];
  if (property !== undefined && isSchema(properties) && Object.keys(properties).length >= fewestProperties) {
    const key = identityOf(node);
    const entry = found.get(key) ?? { schema: node, names: [] };
    entry.names.push(property);
    found.set(key, entry);
  }
  for (const [key, value] of Object.entries(node)) {
    if (key !== 'properties' || !isSchema(value)) visit(value, property, found);
    else for (const [name, inner] of Object.entries(value)) visit(inner, name, found);
  }
}

/** What a list calls its content, whatever it is. */
const listWord = 'items';

/** Properties that say what somebody did, not what they are. */
const roleWords: Readonly<Record<string, string>> = { by: 'actor', assignee: 'actor', created_by: 'actor', holder: 'actor' };

function nameAll(entries: [string, { schema: JsonSchema; names: string[] }][]): Map<string, string> {
  const taken = new Set<string>();
  const names = new Map<string, string>();
  for (const [key, { names: places }] of entries) {
    const words = places.filter((place) => place !== listWord).map((place) => roleWords[place] ?? place);
    const [shortest = 'thing'] = words.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
    const base = pascal(shortest.replace(/s$/, ''));
    // The same noun with more or fewer fields: how it looks in a list, and then by number.
    const candidates = [base, `${base}Item`, ...Array.from(entries, (_, index) => `${base}${index + 2}`)];
    const name = candidates.find((candidate) => !taken.has(candidate)) ?? base;
    taken.add(name);
    names.set(key, name);
  }
  return names;
}

function pascal(name: string): string {
  return name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Two schemas are one thing when they say the same; what a place adds, a description or null, does not matter. */
function identityOf(node: JsonSchema): string {
  const { description: _, ...rest } = node;
  return JSON.stringify(isNullable(node) ? { ...rest, type: 'object' } : rest);
}

function isNullable({ type }: JsonSchema): boolean {
  return Array.isArray(type) && type.length === 2 && type.includes('object') && type.includes('null');
}

function isSchema(node: unknown): node is JsonSchema {
  return typeof node === 'object' && node !== null && !Array.isArray(node);
}
