/** The nouns of a workspace: projects, members, keys, and who I am. */

import { z } from 'zod';
import { actor, line, timestamp } from '../../operations/fields.ts';
import { roles, scopes } from '../../platform/identity/principal.ts';

export const projectKey = z
  .string()
  .trim()
  .regex(/^[A-Z][A-Z0-9]{0,9}$/, 'must be a project key such as WEB: 1 to 10 capital letters and digits, a letter first')
  .describe('Key of a project, such as WEB; ME is your own');

export const projectName = line(100).describe('Name for people');

export const project = z.object({
  id: z.uuid(),
  key: z.string(),
  name: z.string(),
  personal: z.boolean().describe('True for your own project, which nobody else sees'),
  created_by: actor,
  created_at: timestamp,
});

export const role = z.enum(roles);

export const member = z.object({
  id: z.string(),
  user_id: z.string(),
  email: z.string(),
  name: z.string(),
  role,
  joined_at: timestamp,
});

export const newInvitation = z.object({
  id: z.string(),
  token: z.string().describe('Shown once: POST /invitations/{token}/accept, signed in with this address, joins the workspace'),
  email: z.string(),
  role,
  expires_at: timestamp,
});

export const invitation = newInvitation.omit({ token: true }).extend({
  invited_by: z.object({ id: z.string(), name: z.string() }),
  created_at: timestamp,
});

export const scope = z.enum(scopes);

export const key = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string().describe('The first characters of the key, to recognise it by'),
  scopes: z.array(scope).nullable().describe("null: everything that its maker's role allows"),
  toolsets: z.array(z.string()).nullable().describe('null: all'),
  user_id: z.string().describe('Who made it, and on whose behalf it acts'),
  created_at: timestamp,
  expires_at: timestamp.nullable(),
  last_used_at: timestamp.nullable(),
});

export const connection = z.object({
  id: z.string().describe('Also the id of the agent in tasks and events'),
  name: z.string().describe('As the app calls itself'),
  website: z.string().nullable().describe('The host that vouches for the name; null: the app only claims it'),
  scopes: z.array(scope),
  user_id: z.string().describe('Who signed it in, and on whose behalf it acts'),
  created_at: timestamp,
  allowed_at: timestamp.describe('When its person last said yes'),
});

/** The answer that shows a key: the only time that it is shown. */
export const newKey = key.extend({ key: z.string().describe('The API key. It is shown once; keep it where secrets are kept') });

export const workspace = z.object({ id: z.string(), name: z.string(), role });

export const me = z.object({
  kind: z.enum(['person', 'agent']),
  id: z.string(),
  name: z.string(),
  on_behalf_of: z.object({ id: z.string(), name: z.string() }).optional(),
  email: z.string(),
  scopes: z.array(scope),
  toolsets: z.array(z.string()).nullable(),
  expires_at: timestamp.nullable(),
});
