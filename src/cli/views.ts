/** The results of commands as they are shown: the same whether they came over a socket, from a remote server or from this process. */

import { z } from 'zod';

/** A `Date` of this process, or its text from elsewhere. */
const date = z.coerce.date();

export const user = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  disabled: z.boolean(),
  operator: z.boolean(),
  workspaces: z.array(z.object({ id: z.string(), name: z.string(), role: z.string() })),
  created_at: date,
});

export type User = z.output<typeof user>;

export const key = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  scopes: z.array(z.string()).nullable(),
  toolsets: z.array(z.string()).nullable(),
  expires_at: date.nullable(),
  last_used_at: date.nullable(),
});

export type Key = z.output<typeof key>;

/** With the secret, which is shown once. */
export const newKey = key.extend({ key: z.string() });

export const migrationStatus = z.object({
  applied: z.array(z.object({ name: z.string(), applied_at: date })),
  pending: z.array(z.string()),
  unknown: z.array(z.string()),
  /** A server that is older than this command says nothing of it: it would not have started on such a database. */
  incompatible: z.array(z.string()).default([]),
});

const loss = z.object({ table: z.string(), column: z.string().nullable(), rows: z.number() });

export const migratedUp = z.object({ applied: z.array(z.string()), ended: z.array(z.object({ pid: z.number() }).loose()) });

export const migratedDown = z.object({ undone: z.array(z.string()), lost: z.array(loss) });

/** What came of trying the pending migrations. */
export const migrationTrial = migrationStatus.extend({
  condition: z.enum(['current', 'newer', 'ready', 'locked', 'failing']),
  migration: z.string().nullable(),
  why: z.string().nullable(),
  expands: z.boolean(),
  loses: z.array(loss),
  seconds: z.number().nullable(),
});
