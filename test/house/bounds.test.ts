/** Every text and list that a caller can send has an end: read from the schemas, so that a new field cannot be forgotten. */

import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { passwordInput, signInInput, signUpInput } from '../../src/server/rest/auth.ts';
import { toolsets } from '../../src/toolsets/index.ts';

/** Defaults are ours; objects of the caller's own are limited by their bytes in all (`smallJsonObject`), names included. */
const notSent = new Set(['default', 'propertyNames']);

/** The paths of everything without an end. */
function endless(node: unknown, path = ''): string[] {
  if (Array.isArray(node)) return node.flatMap((item, index) => endless(item, `${path}[${index}]`));
  if (typeof node !== 'object' || node === null) return [];
  const schema = node as Record<string, unknown>;
  const own = hasEnd(schema) ? [] : [path];
  return [...own, ...Object.entries(schema).flatMap(([name, inner]) => (notSent.has(name) ? [] : endless(inner, `${path}/${name}`)))];
}

function hasEnd({ type, maxLength, maxItems, pattern, enum: values, const: only, format }: Record<string, unknown>): boolean {
  const types = [type].flat();
  if (types.includes('array')) return typeof maxItems === 'number';
  if (!types.includes('string') || values !== undefined || only !== undefined) return true;
  return typeof maxLength === 'number' || format === 'uuid' || (typeof pattern === 'string' && isBounded(pattern));
}

/** From the first to the last character, and nothing in between repeats without end. */
function isBounded(pattern: string): boolean {
  return pattern.startsWith('^') && pattern.endsWith('$') && !/[*+]|\{\d+,\}/.test(pattern.replaceAll(/\[[^\]]*\]/g, '[]'));
}

const inputs: [string, z.ZodType][] = [
  ...toolsets.flatMap(({ operations }) => operations.map((operation): [string, z.ZodType] => [operation.name, operation.input])),
  ['sign_up', signUpInput],
  ['sign_in', signInInput],
  ['change_password', passwordInput],
];

describe('the input of', () => {
  it.each(inputs)('%s has no text or list without an end', (_name, input) => {
    expect(endless(z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }))).toEqual([]);
  });
});

it('a text without a limit is found', () => {
  const input = z.object({ list: z.array(z.string()), open: z.string().regex(/^a+$/), fine: z.string().regex(/^[a+]{1,3}$/) });
  expect(endless(z.toJSONSchema(input))).toEqual(['/properties/list', '/properties/list/items', '/properties/open']);
});
