/** Commands between the processes of a release, over a socket that only their owner can use: one JSON object in, lines of JSON out. */

import { type IncomingMessage, type ServerResponse, createServer, request } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { findSocket, listenOnSocket } from '../../system/socket.ts';
import { NotRunning, Refused } from './refused.ts';
import { reasonOf } from '../reason.ts';

/** What a command is told besides its input. */
export interface Call {
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal;
  /** Tells the caller how far it is. */
  report(message: string): void;
}

export type Commands = Readonly<Record<string, (input: unknown, call: Call) => unknown>>;

type Line = { progress: string } | { result: unknown } | { error: { message: string; next: string; refused: boolean } };

/** Returns how to stop; undefined when another process answers on that socket already. */
export async function serveCommands(folder: string, name: string, commands: Commands): Promise<(() => void) | undefined> {
  const server = createServer((incoming, outgoing) => void answer(commands, incoming, outgoing));
  // A command may take as long as a release does.
  server.requestTimeout = 0;
  const remove = await listenOnSocket(server, folder, name);
  if (remove === undefined) return undefined;
  return () => {
    remove();
    server.close();
    server.closeIdleConnections();
  };
}

async function answer(commands: Commands, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController();
  outgoing.on('close', () => gone.abort());
  outgoing.writeHead(200, { 'Content-Type': 'application/x-ndjson', Connection: 'close' });
  const write = (line: Line): void => void outgoing.write(`${JSON.stringify(line)}\n`);
  try {
    const name = (incoming.url ?? '').slice(1);
    const command = commands[name];
    if (command === undefined) throw new Refused(`There is no command ${name}.`, 'Use the same version of the program everywhere.');
    const input: unknown = JSON.parse((await text(incoming)) || 'null');
    // JSON has no word for undefined.
    write({ result: (await command(input, { signal: gone.signal, report: (progress) => write({ progress }) })) ?? null });
  } catch (error) {
    const message = reasonOf(error);
    write({ error: { message, next: error instanceof Refused ? error.next : '', refused: error instanceof Refused } });
  }
  outgoing.end();
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((message: string) => void) | undefined;
}

/**
 * The result of a command of the process that listens there.
 * @throws NotRunning, Refused, or Error when it failed or died meanwhile
 */
export async function call(folder: string, name: string, command: string, input: unknown, options: CallOptions = {}): Promise<unknown> {
  const socketPath = findSocket(folder, name);
  if (socketPath === undefined) throw new NotRunning();
  const response = await send(socketPath, command, input, options.signal);
  for await (const written of createInterface({ input: response })) {
    const line = JSON.parse(written) as Line;
    if ('progress' in line) options.onProgress?.(line.progress);
    else if ('result' in line) return line.result;
    else throw line.error.refused ? new Refused(line.error.message, line.error.next) : new Error(line.error.message);
  }
  options.signal?.throwIfAborted();
  throw new Error(`The process ended before it had answered \`${command}\`.`);
}

function send(socketPath: string, command: string, input: unknown, signal: AbortSignal | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path: `/${command}`, method: 'POST', ...(signal === undefined ? {} : { signal }) }, resolve);
    sent.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' || error.code === 'ECONNREFUSED' ? new NotRunning() : error),
    );
    sent.end(JSON.stringify(input ?? null));
  });
}
