/** API keys: how an agent gets in, on behalf of the person who makes the key. */

import { z } from 'zod';
import { pageById } from '../../operations/cursor.ts';
import { cursor, limit, line, nextCursor } from '../../operations/fields.ts';
import { defineOperation } from '../../operations/operation.ts';
import { key, newKey, scope } from './schema.ts';

/** A key that lives longer than two years is one that nobody remembers. */
const maxDays = 730;

const keyId = z.uuid().describe('Id of the key, as list_keys shows it');

export const createKey = defineOperation({
  name: 'create_key',
  title: 'Create an API key',
  description: 'Makes a key with which an agent acts on your behalf in this workspace. The key is shown once.',
  keywords: 'new give generate token credential secret access bot',
  input: z.strictObject({
    name: line(100).describe('How the agent appears in tasks and events'),
    scopes: z
      .array(scope)
      .min(1)
      .max(scope.options.length)
      .optional()
      .describe('Default: what your role allows, without managing members and keys'),
    toolsets: z
      .array(z.string().regex(/^[a-z]{1,32}$/))
      .min(1)
      .max(20)
      .optional()
      .describe('Default: all'),
    expires_in_days: z.int().min(1).max(maxDays).optional().describe('Default: never'),
  }),
  output: newKey,
  access: 'write',
  scope: 'keys:write',
  http: { method: 'POST', path: '/keys', status: 201 },
  faces: ['rest'],
  person_only: true,
  secret_output: true,
  async handler(context, input) {
    const made = await context.identity.createKey(context, context.principal, input);
    context.emit({ type: 'key.created', subject: made.view.name, data: { key_id: made.view.id, scopes: made.view.scopes } });
    return { ...made.view, key: made.key };
  },
});

export const listKeys = defineOperation({
  name: 'list_keys',
  title: 'List API keys',
  description: 'Lists your keys; for owners and admins, those of the whole workspace. The keys themselves are never shown again.',
  keywords: 'show which tokens credentials overview exist',
  input: z.strictObject({ limit, cursor }),
  output: z.object({ items: z.array(key), next_cursor: nextCursor }),
  access: 'read',
  scope: 'keys:read',
  http: { method: 'GET', path: '/keys' },
  faces: ['rest'],
  async handler(context, input) {
    const { identity, principal } = context;
    return pageById(
      'keys',
      input,
      context.page_bytes,
      (page) => identity.listKeys(context, principal, page),
      (row) => row,
    );
  },
});

export const rotateKey = defineOperation({
  name: 'rotate_key',
  title: 'Rotate an API key',
  description: 'Gives the same key a new secret, shown once; the old one stops within five seconds.',
  keywords: 'replace renew exchange change token credential secret new',
  input: z.strictObject({ key_id: keyId }),
  output: newKey,
  access: 'write',
  scope: 'keys:write',
  http: { method: 'POST', path: '/keys/{key_id}/rotate' },
  faces: ['rest'],
  person_only: true,
  secret_output: true,
  async handler(context, { key_id }) {
    const rotated = await context.identity.rotateKey(context, context.principal, key_id);
    context.emit({ type: 'key.rotated', subject: rotated.view.name, data: { key_id } });
    return { ...rotated.view, key: rotated.key };
  },
});

export const revokeKey = defineOperation({
  name: 'revoke_key',
  title: 'Revoke an API key',
  description: 'Ends a key for good; it stops within five seconds everywhere.',
  keywords: 'disable invalidate block delete remove stop leaked stolen token credential secret old unused kill lost',
  input: z.strictObject({ key_id: keyId }),
  output: z.object({ key_id: z.string(), status: z.literal('revoked') }),
  access: 'destroy',
  scope: 'keys:write',
  http: { method: 'DELETE', path: '/keys/{key_id}' },
  faces: ['rest'],
  person_only: true,
  hints: { idempotent: true },
  async handler(context, { key_id }) {
    const revoked = await context.identity.revokeKey(context, context.principal, key_id);
    context.emit({ type: 'key.revoked', subject: revoked.name, data: { key_id } });
    return { key_id, status: 'revoked' as const };
  },
});
