import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { timestamp } from './fields.ts';
import { toJsonSchema } from './json-schema.ts';

describe('toJsonSchema', () => {
  it('leaves out what says nothing', () => {
    const schema = toJsonSchema(z.object({ at: timestamp, count: z.int(), data: z.record(z.string(), z.unknown()) }), 'output');
    expect(schema).toEqual({
      type: 'object',
      properties: { at: { type: 'string', format: 'date-time' }, count: { type: 'integer' }, data: { type: 'object' } },
      required: ['at', 'count', 'data'],
      additionalProperties: false,
    });
  });

  it('writes "or null" in the type', () => {
    const schema = toJsonSchema(z.object({ a: z.string().nullable(), b: z.enum(['x', 'y']).nullable().describe('B') }), 'output');
    expect(schema['properties']).toEqual({
      a: { type: ['string', 'null'] },
      b: { type: ['string', 'null'], enum: ['x', 'y', null], description: 'B' },
    });
  });

  it('keeps the limits that a caller must know', () => {
    const schema = toJsonSchema(z.strictObject({ limit: z.int().min(1).max(200).default(50) }), 'input');
    expect(schema['properties']).toEqual({ limit: { type: 'integer', minimum: 1, maximum: 200, default: 50 } });
  });
});
