/** MCP over a pair of streams: the standard ones of a process, or a socket that stands for them. */

import type { Readable, Writable } from 'node:stream';
import type { Server } from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { v7 as newId } from 'uuid';
import { z } from 'zod';
import type { Log } from '../../platform/telemetry/log.ts';
import type { McpBackend } from './backend.ts';
import { createProtocolServer } from './protocol.ts';

export interface McpStdioOptions {
  /** Bound to the one caller of this connection. */
  backend: McpBackend;
  version: string;
  log: Log;
  /** Default: the standard streams. A socket is given as both. */
  input?: Readable;
  output?: Writable;
}

export interface McpStdio {
  /** Ends subscriptions gracefully, then the connection. The streams themselves stay the caller's to close. */
  close(): Promise<void>;
  /** Resolves when the connection is over, by `close` or because the client went away. */
  readonly closed: Promise<void>;
}

/** Serves one connection. Its first message decides whether it speaks protocol 2026-07-28 or a 2025 revision. */
export function serveMcpStdio(options: McpStdioOptions): McpStdio {
  const transport = new ObservedTransport(options.input ?? process.stdin, options.output ?? process.stdout);
  const { backend, version, log } = options;
  const handle = serveStdio(
    async ({ era }) => {
      const server = createProtocolServer({ backend, version, log, era, requestId: () => newId() });
      await forwardChanges(server, backend, era === 'legacy' ? subscribeByUri(server) : () => true);
      return server;
    },
    { transport, onerror: (error) => log.debug({ err: error }, 'MCP message refused') },
  );
  return { close: () => handle.close(), closed: transport.closed };
}

/** The SDK routes these to the `subscriptions/listen` that asked for them; to a client of 2025 they go as they are. */
async function forwardChanges(server: Server, backend: McpBackend, wanted: (uri: string) => boolean): Promise<void> {
  server.onclose = await backend.subscribe((change) => {
    if (server.transport === undefined) return;
    const sent =
      change.kind === 'resources_list_changed'
        ? server.sendResourceListChanged()
        : wanted(change.uri)
          ? server.sendResourceUpdated({ uri: change.uri })
          : undefined;
    sent?.catch((error: unknown) => server.onerror?.(error instanceof Error ? error : new Error(String(error))));
  });
}

/** The 2025 way to subscribe; here the connection lasts, so that nothing has to be kept elsewhere. */
function subscribeByUri(server: Server): (uri: string) => boolean {
  const subscribed = new Set<string>();
  const params = z.object({ uri: z.string().max(2_000) });
  server.setRequestHandler('resources/subscribe', { params }, ({ uri }) => {
    subscribed.add(uri);
    return {};
  });
  server.setRequestHandler('resources/unsubscribe', { params }, ({ uri }) => {
    subscribed.delete(uri);
    return {};
  });
  return (uri) => subscribed.has(uri);
}

/** `serveStdio` keeps the transport's events to itself, and a process must know when its client has gone. */
class ObservedTransport extends StdioServerTransport {
  readonly closed: Promise<void>;
  readonly #resolve: () => void;

  constructor(input: Readable, output: Writable) {
    super(input, output);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#resolve = resolve;
  }

  override async close(): Promise<void> {
    await super.close();
    this.#resolve();
  }
}
