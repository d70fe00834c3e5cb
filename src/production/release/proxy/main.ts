/**
 * The process on the public port. It knows nothing but its table, so that it can live on when the supervisor is gone, and be replaced when it
 * is gone itself. Started by the supervisor with the state folder, the host and the port.
 */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { z } from 'zod';
import { serveCommands } from '../admin.ts';
import { Refused } from '../refused.ts';
import { proxySocket } from '../names.ts';
import { createForwarder } from './forward.ts';
import { tableSchema } from './table.ts';

const drainInput = z.strictObject({ replicas: z.array(z.string()), timeout_ms: z.number() });
const stopInput = z.strictObject({ timeout_ms: z.number() });

/** Longer than the 60 s after which load balancers in front of it drop an idle connection, so that they do it first and never send into a closed one. */
const keepAliveMs = 65_000;

const [folder = '', host = '', port = ''] = process.argv.slice(2);
const forwarder = createForwarder();
const server = createServer(
  // Whoever offers another protocol, such as HTTP/2 in the clear, is answered in this one.
  { shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket' },
  forwarder.request,
);
server.keepAliveTimeout = keepAliveMs;
// A body may be streamed for as long as it likes; its replica has a limit where one is wanted.
server.requestTimeout = 0;
server.on('upgrade', forwarder.upgrade);
server.on('error', (error: NodeJS.ErrnoException) => {
  const why = error.code === 'EADDRINUSE' ? 'another program listens there' : (error.code ?? error.message);
  process.stderr.write(`${host}:${port} cannot be listened on: ${why}. Stop that, or choose another address with --listen.\n`);
  process.exit(1);
});

// What was told before it listens is the first table, so that nobody is turned away by an empty one.
const stopCommands = await serveCommands(folder, proxySocket, {
  async use(input) {
    forwarder.use(tableSchema.parse(input));
    if (server.listening) return;
    server.listen(Number(port), host);
    await once(server, 'listening');
  },
  drain(input, { signal }) {
    const { replicas, timeout_ms } = drainInput.parse(input);
    return forwarder.exchanges.drain(new Set(replicas), timeout_ms, signal);
  },
  look: () => ({ pid: process.pid, host, port: Number(port), in_flight: forwarder.exchanges.counts() }),
  metrics: () => forwarder.measures.text(),
  async stop(input) {
    const { timeout_ms } = stopInput.parse(input);
    server.close();
    const drained = await forwarder.exchanges.drain(new Set(Object.keys(forwarder.exchanges.counts())), timeout_ms);
    setImmediate(end);
    return drained;
  },
});
if (stopCommands === undefined) throw new Refused(`Another proxy answers in ${folder}.`, 'Stop it first.');

function end(): void {
  stopCommands?.();
  server.closeAllConnections();
  process.exit(0);
}

// The supervisor tells it to stop; what is sent to the whole group, such as Ctrl-C at a terminal, is not for it.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.on('SIGTERM', end);
