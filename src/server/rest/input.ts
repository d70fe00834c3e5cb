/** Puts path, query and body of a request together into the one input of an operation. */

import { isDeepStrictEqual } from 'node:util';
import type { JsonSchema } from '../../operations/types.ts';
import { invalidInput } from '../../platform/problem.ts';

/** Reads the text of one field: into a number, a boolean, a list, or as it is. */
type Convert = (texts: string[]) => unknown;

export type InputReader = (parts: { path: Record<string, string>; query: URLSearchParams; body: unknown }) => Record<string, unknown>;

/**
 * Text becomes what the schema says, once known at start. What does not convert stays text, so that the
 * operation's own validation says what it should have been.
 */
export function createInputReader(schema: JsonSchema): InputReader {
  const properties = (schema['properties'] ?? {}) as Record<string, JsonSchema>;
  const converters = new Map<string, Convert>(Object.entries(properties).map(([name, property]) => [name, converterFor(property)]));
  const convert = (name: string, texts: string[]): unknown => (converters.get(name) ?? asText)(texts);

  return ({ path, query, body }) => {
    // A map, because assigning to an object would let `?__proto__=` reach its prototype.
    const input = new Map<string, unknown>(bodyFields(body));
    const add = (name: string, value: unknown, place: string) => {
      if (input.has(name) && !isDeepStrictEqual(input.get(name), value)) throw contradiction(name, place);
      input.set(name, value);
    };
    for (const name of new Set(query.keys())) add(name, convert(name, query.getAll(name)), 'query');
    for (const [name, text] of Object.entries(path)) add(name, convert(name, [text]), 'path');
    return Object.fromEntries(input);
  };
}

function bodyFields(body: unknown): [string, unknown][] {
  if (body === undefined) return [];
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return Object.entries(body);
  const what = body === null ? 'null' : Array.isArray(body) ? 'an array' : `a ${typeof body}`;
  throw invalidInput({
    message: `The body is ${what}; it must be a JSON object.`,
    next: 'Send the fields of the input as one object.',
    details: { problems: [{ path: '', message: 'must be an object' }], total: 1 },
  });
}

function contradiction(name: string, place: string) {
  const message = `${name} has one value in the ${place} and another elsewhere in the request`;
  return invalidInput({
    message: `${message}.`,
    next: `Send ${name} once.`,
    details: { problems: [{ path: name, message }], total: 1 },
  });
}

function converterFor(schema: JsonSchema): Convert {
  const types = typesOf(schema);
  const one = scalarFor(types);
  if (!types.has('array')) return (texts) => (texts.length === 1 ? one(texts[0] ?? '') : texts.map(one));
  const item = scalarFor(typesOf((schema['items'] ?? {}) as JsonSchema));
  return (texts) => texts.map(item);
}

const asText: Convert = (texts) => (texts.length === 1 ? texts[0] : texts);

function scalarFor(types: ReadonlySet<string>): (text: string) => unknown {
  const text = types.has('string');
  const number = types.has('number') || types.has('integer');
  return (sent) => {
    if (!text && types.has('boolean') && (sent === 'true' || sent === 'false')) return sent === 'true';
    // `Number` alone would read an empty text as zero and accept `0x10`.
    if (!text && number && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(sent)) return Number(sent);
    return sent;
  };
}

/** Every type that a value of this schema may have. */
function typesOf(schema: JsonSchema): Set<string> {
  const { type, anyOf, oneOf, enum: values } = schema;
  const types = new Set<string>(Array.isArray(type) ? (type as string[]) : typeof type === 'string' ? [type] : []);
  if (Array.isArray(values)) for (const value of values) types.add(value === null ? 'null' : typeof value);
  for (const branch of [anyOf, oneOf]) {
    if (Array.isArray(branch)) for (const inner of branch as JsonSchema[]) for (const found of typesOf(inner)) types.add(found);
  }
  return types;
}
