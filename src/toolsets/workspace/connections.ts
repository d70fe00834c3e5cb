/** Connections: apps that a person signed in with OAuth, seen and ended by people. */

import { z } from 'zod';
import { pageById } from '../../operations/cursor.ts';
import { cursor, limit, nextCursor } from '../../operations/fields.ts';
import { defineOperation } from '../../operations/operation.ts';
import { connection } from './schema.ts';

export const listConnections = defineOperation({
  name: 'list_connections',
  title: 'List connected apps',
  description: 'Lists the apps that you signed in to this workspace; for owners and admins, those of everybody in it.',
  input: z.strictObject({ limit, cursor }),
  output: z.object({ items: z.array(connection), next_cursor: nextCursor }),
  access: 'read',
  scope: 'keys:read',
  http: { method: 'GET', path: '/connections' },
  faces: ['rest'],
  transaction: 'none',
  async handler(context, input) {
    const { identity, principal } = context;
    return pageById(
      'connections',
      input,
      context.page_bytes,
      (page) => identity.listConnections(principal, page),
      (row) => row,
    );
  },
});

export const revokeConnection = defineOperation({
  name: 'revoke_connection',
  title: 'Disconnect an app',
  description: 'Ends what an app was allowed, with all its tokens, within five seconds everywhere. It can be signed in again.',
  input: z.strictObject({ connection_id: z.uuid().describe('Id of the connection, as list_connections shows it') }),
  output: z.object({ connection_id: z.string(), status: z.literal('revoked') }),
  access: 'destroy',
  scope: 'keys:write',
  http: { method: 'DELETE', path: '/connections/{connection_id}' },
  faces: ['rest'],
  person_only: true,
  transaction: 'none',
  hints: { idempotent: true },
  async handler(context, { connection_id }) {
    const revoked = await context.identity.revokeConnection(context.principal, connection_id);
    await context.transaction('write', async ({ emit }) =>
      emit({ type: 'connection.revoked', subject: revoked.name, data: { connection_id } }),
    );
    return { connection_id, status: 'revoked' as const };
  },
});
