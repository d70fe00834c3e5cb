/** Connections to a replica: handed out only once they are up, so that nothing of a request is lost on one that is refused. */

import { Agent } from 'node:http';
import { type NetConnectOpts, type Socket, connect } from 'node:net';

/** Shorter than the 5 s after which a Node server, and most others, close an idle connection: a request must not meet that. */
const idleMs = 4_000;

/** A replica on this machine answers a connection at once, or its accept queue is full. */
const connectMs = 5_000;

class ConnectedAgent extends Agent {
  override createConnection(options: NetConnectOpts, tell?: (error: Error | null, socket: Socket) => void): undefined {
    const socket = connect(options);
    const late = setTimeout(() => socket.destroy(Object.assign(new Error('no connection in time'), { code: 'ECONNREFUSED' })), connectMs);
    socket.once('error', (error) => tell?.(error, socket));
    socket.once('connect', () => {
      clearTimeout(late);
      socket.setNoDelay(true);
      tell?.(null, socket);
    });
    socket.once('close', () => clearTimeout(late));
    return undefined;
  }
}

export function createAgent(): Agent {
  return new ConnectedAgent({ keepAlive: true, timeout: idleMs, maxFreeSockets: 256 });
}

/** Nothing was sent: any other replica may have the request. */
export function wasRefused(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'ECONNREFUSED' || error.code === 'ENOENT' || error.code === 'EADDRNOTAVAIL')
  );
}
