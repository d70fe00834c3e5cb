/** The methods of 2025 with which a client says, over HTTP, what it wants to be told: 2026-07-28 has streams for each instead. */

import type { Server, ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { McpBackend } from '../backend.ts';
import { severities } from './wishes.ts';

type Scoped = <Params, Result>(work: (params: Params) => Promise<Result>) => (params: Params, context: ServerContext) => Promise<Result>;

const level = z.object({ level: z.enum(severities) });
const resource = z.object({ uri: z.string().max(2_000) });

export function registerWishes(server: Server, { principal, wishes }: McpBackend, scoped: Scoped): void {
  server.setRequestHandler(
    'logging/setLevel',
    { params: level },
    scoped(async (params: z.output<typeof level>) => {
      await wishes.setLevel(principal, params.level);
      return {};
    }),
  );
  server.setRequestHandler(
    'resources/subscribe',
    { params: resource },
    scoped(async ({ uri }: z.output<typeof resource>) => {
      await wishes.subscribe(principal, uri);
      return {};
    }),
  );
  server.setRequestHandler(
    'resources/unsubscribe',
    { params: resource },
    scoped(async ({ uri }: z.output<typeof resource>) => {
      await wishes.unsubscribe(principal, uri);
      return {};
    }),
  );
}
