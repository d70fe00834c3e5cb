/** The client's half of stdio attached to a running server: bytes only, because the server speaks the protocol. */

import type { Readable, Writable } from 'node:stream';
import type { Socket } from 'node:net';

/**
 * Joins the standard streams to a socket on whose other end `serveMcpStdio` listens. Resolves when either side is done.
 * @throws Error when the socket breaks: the server was stopped.
 */
export function attachStdio(socket: Socket, input: Readable = process.stdin, output: Writable = process.stdout): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', () => resolve());
    // The client's end of input ends the session, as it would on a server's own standard input.
    input.once('end', () => socket.end());
    output.once('error', () => socket.destroy());
    input.pipe(socket, { end: false });
    socket.pipe(output, { end: false });
  });
}
