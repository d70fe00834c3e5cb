/** Stands between us and a server, so that it can be away for us alone. */

import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

export interface Proxy {
  /** The given address, with the proxy's port. */
  url: string;
  port: number;
  /** Ends each connection that is open now as soon as something is sent on it, as if it had died unnoticed. */
  cutOnUse(): void;
  /** Takes no further connections; those that are open stay. */
  refuse(): void;
  /** Ends every connection as well. */
  stop(): Promise<void>;
}

/** Forwards TCP connections to the host and port of `target`. */
export async function startProxy(target: string, port = 0): Promise<Proxy> {
  const { hostname, port: targetPort } = new URL(target);
  const sockets = new Set<Socket>();
  /** Who is connected, and to what. */
  const callers = new Map<Socket, Socket>();
  const server = createServer((near) => {
    const far = connect(Number(targetPort), hostname);
    callers.set(near, far);
    near.on('close', () => callers.delete(near));
    join(near, far);
    join(far, near);
  });

  function join(one: Socket, other: Socket): void {
    sockets.add(one);
    one.on('error', () => other.destroy());
    one.on('close', () => sockets.delete(one));
    one.pipe(other);
  }

  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const taken = (server.address() as AddressInfo).port;
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(taken);
  return {
    url: url.href,
    port: taken,
    cutOnUse() {
      for (const [near, far] of callers)
        near.prependOnceListener('data', () => {
          near.unpipe(far);
          near.destroy();
          far.destroy();
        });
    },
    refuse: () => void server.close(),
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
