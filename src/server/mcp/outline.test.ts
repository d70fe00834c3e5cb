import { expect, test } from 'vitest';
import { z } from 'zod';
import { toJsonSchema } from '../../operations/json-schema.ts';
import { outlineInput, outlineOutput } from './outline.ts';

const actor = z.object({ id: z.string(), name: z.string() }).describe('Who did it');
const task = z
  .object({ id: z.string().describe('Such as WEB-12'), by: actor, notes: z.array(z.object({ text: z.string() })).optional() })
  .describe('The task');

test('on two levels things and their fields are named, what lies deeper is described, and new fields are not ruled out', () => {
  const fields = {
    id: { type: 'string', description: 'Such as WEB-12' },
    by: { type: 'object', description: 'Who did it' },
    notes: { type: 'array', items: { type: 'object' } },
  };
  expect(outlineOutput(toJsonSchema(z.object({ task }), 'output'), 2)).toEqual({
    type: 'object',
    properties: { task: { type: 'object', description: 'The task', properties: fields } },
    required: ['task'],
  });
});

test('on one level things are described', () => {
  expect(outlineOutput(toJsonSchema(z.object({ items: z.array(task) }), 'output'), 1)).toEqual({
    type: 'object',
    properties: { items: { type: 'array', items: { type: 'object', description: 'The task' } } },
    required: ['items'],
  });
});

test('an input keeps its names, types, choices, defaults and lengths, and its strictness', () => {
  const input = z.strictObject({
    pattern: z
      .string()
      .trim()
      .regex(/^[A-Z]+$/)
      .min(1)
      .max(10)
      .describe('Such as WEB'),
    kinds: z
      .array(z.enum(['a', 'b']))
      .max(3)
      .default([]),
  });
  expect(outlineInput(toJsonSchema(input, 'input'))).toEqual({
    type: 'object',
    properties: {
      pattern: { type: 'string', maxLength: 10, description: 'Such as WEB' },
      kinds: { type: 'array', items: { type: 'string', enum: ['a', 'b'] }, default: [] },
    },
    required: ['pattern'],
    additionalProperties: false,
  });
});
