/** Fields that many operations share, so that they are worded and limited in one way. */

import { z } from 'zod';

/** A point in time on its way out: RFC 3339, UTC, milliseconds. */
export const timestamp = z
  .union([z.date(), z.string()])
  .transform((value) => (value instanceof Date ? value.toISOString() : value))
  .pipe(z.iso.datetime());

/** A point in time on its way in; any offset is accepted and becomes UTC. */
export const timestampInput = z.iso.datetime({ offset: true, error: 'must be a date and time such as 2026-01-31T09:00:00Z' }).max(40);

/** One line of text, without white space around it. */
export const line = (max: number) => z.string().trim().min(1).max(max);

/** A JSON object of the caller's own; kept as it is. */
export const jsonObject = z.record(z.string(), z.unknown());

/** Largest size of one JSON object of the caller's, in bytes of JSON: big enough for parameters, too small for files. */
export const maxJsonBytes = 65_536;

export const smallJsonObject = jsonObject.refine((value) => Buffer.byteLength(JSON.stringify(value)) <= maxJsonBytes, {
  error: `must be at most ${maxJsonBytes} bytes of JSON; store larger things as an artifact and put its id here`,
});

export const actor = z
  .object({
    kind: z.enum(['person', 'agent']),
    id: z.string(),
    name: z.string(),
    on_behalf_of: z.object({ id: z.string(), name: z.string() }).optional(),
  })
  .describe('A person, or an agent and the person it acts for');

/** Page size of lists: 50 unless asked, 200 at most, so that one call never reads a whole workspace. */
export const limit = z.int().min(1).max(200).default(50).describe('Most items in the page');
export const cursor = z.string().min(1).max(1_000).optional().describe('next_cursor of the page before');
export const nextCursor = z.string().nullable().describe('Pass it as cursor for the next page; null: this was the last');

export const expectedVersion = z.int().min(1).optional().describe('Refuse the change when this is not the current version');
