import { expect, test } from 'vitest';
import { z } from 'zod';
import { toJsonSchema } from '../../operations/json-schema.ts';
import { outline } from './outline.ts';

const actor = z.object({ id: z.string(), name: z.string() }).describe('Who did it');
const task = z.object({ id: z.string().describe('Such as WEB-12'), by: actor, notes: z.array(z.object({ text: z.string() })).optional() });

test('things and their fields are named, what lies deeper is described, and new fields are not ruled out', () => {
  const fields = {
    id: { type: 'string', description: 'Such as WEB-12' },
    by: { type: 'object', description: 'Who did it' },
    notes: { type: 'array', items: { type: 'object' } },
  };
  const described = { type: 'object', properties: fields, required: ['id', 'by'] };
  expect(outline(toJsonSchema(z.object({ task }), 'output'))).toEqual({
    type: 'object',
    properties: { task: described },
    required: ['task'],
  });
  expect(outline(toJsonSchema(z.object({ items: z.array(task) }), 'output'))).toEqual({
    type: 'object',
    properties: { items: { type: 'array', items: described } },
    required: ['items'],
  });
});
