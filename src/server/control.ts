/** The control socket: commands and stdio sessions of this machine's user reach a running server without a credential. */

import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { parseInput } from '../operations/input.ts';
import { Problem, methodNotAllowed, notFound } from '../platform/problem.ts';
import { problemBody, toProblem } from './answer.ts';
import { readJsonBody } from './body.ts';
import { type Progress, commands, localPrincipal, smallCommandBytes } from './commands.ts';
import { listenOnSocket } from '../system/socket.ts';
import { controlSocket, stdioProtocol } from './control-socket.ts';
import { type McpStdio, serveMcpStdio } from './mcp/stdio.ts';
import { createLocalBackends } from './mcp/local-backend.ts';
import type { Offers } from './mcp/offers.ts';
import type { Metrics } from '../platform/telemetry/metrics.ts';
import type { Platform } from './platform.ts';
import { version } from './version.ts';

export interface ControlStatus {
  pid: number;
  url: string;
  version: string;
  database: 'embedded' | 'postgres';
}

export interface Control {
  close(): Promise<void>;
}

export interface ControlOptions {
  platform: Platform;
  metrics: Pick<Metrics, 'samples'>;
  url: string;
  offers: Offers;
}

/**
 * With PostgreSQL a second server on the same folder goes without: commands open the database themselves.
 * @throws Error when an embedded database's socket is taken, since nothing could then reach its data
 */
export async function openControl(options: ControlOptions): Promise<Control> {
  const { platform } = options;
  const sessions = new Set<McpStdio>();
  const server = createServer((incoming, outgoing) => void answer(options, incoming, outgoing));
  const backends = createLocalBackends({ ...platform, ...options.offers });

  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex) => {
    const { log } = platform;
    socket.on('error', (error) => log.debug({ err: error }, 'a stdio session broke'));
    openSession(incoming, socket).catch((error: unknown) => {
      const problem = toProblem(error, 'stdio', log);
      socket.end(`HTTP/1.1 ${problem.status} Refused\r\nConnection: close\r\n\r\n${JSON.stringify(problemBody(problem))}`);
    });
  });

  async function openSession(incoming: IncomingMessage, socket: Duplex): Promise<void> {
    const { searchParams } = new URL(incoming.url ?? '/', 'http://control');
    if (incoming.headers.upgrade !== stdioProtocol) throw noSuchPath();
    const user = searchParams.get('user') ?? undefined;
    const workspace = searchParams.get('workspace') ?? undefined;
    // With a credential the session may do what that one may; without, whoever reaches the socket has the data anyway.
    const [, token] = /^Bearer (.+)$/.exec(incoming.headers.authorization ?? '') ?? [];
    const principal = token === undefined ? await localPrincipal(platform, { user, workspace }) : await platform.identity.verify(token);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${stdioProtocol}\r\n\r\n`);
    const session = serveMcpStdio({ backend: backends({ principal }), version, log: platform.log, input: socket, output: socket });
    sessions.add(session);
    await session.closed;
    sessions.delete(session);
    socket.end();
  }

  const { data } = platform.settings;
  const remove = await listenOnSocket(server, data, controlSocket);
  if (remove === undefined && platform.database.kind === 'embedded')
    throw new Error(`A running server has the control socket in ${data}. Stop it, or use another folder with --data.`);
  if (remove === undefined) platform.log.info({ data }, 'another server has the control socket of this folder');
  return {
    async close() {
      if (remove === undefined) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.all([...sessions].map((session) => session.close()));
      server.closeIdleConnections();
      await closed;
      remove();
    },
  };
}

async function answer({ platform, url, metrics }: ControlOptions, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  outgoing.setHeader('Connection', 'close');
  try {
    const [, , kind, name] = (incoming.url ?? '').split('/').map(decodeURIComponent);
    if (kind === 'status' && incoming.method === 'GET') {
      const status: ControlStatus = { pid: process.pid, url, version, database: platform.database.kind };
      outgoing.setHeader('Content-Type', 'application/json').end(JSON.stringify(status));
    } else if (kind === 'metrics' && incoming.method === 'GET') {
      outgoing.setHeader('Content-Type', 'application/json').end(JSON.stringify(await metrics.samples()));
    } else if (kind === 'commands' && name !== undefined) {
      if (incoming.method !== 'POST') throw methodNotAllowed({ message: 'A command is sent with POST.', next: 'Use the command line.' });
      await runHere(platform, name, incoming, outgoing);
    } else throw noSuchPath();
  } catch (error) {
    const problem = failureOf(error, platform);
    if (!outgoing.headersSent) outgoing.writeHead(problem.status, { 'Content-Type': 'application/x-ndjson' });
    outgoing.end(`${JSON.stringify(problemBody(problem))}\n`);
  }
}

/** Answers with one JSON object a line: progress as it happens, then the result or the error. */
async function runHere(platform: Platform, name: string, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const command = commands[name];
  if (command === undefined)
    throw notFound({
      message: `This server (version ${version}) has no command ${name}.`,
      next: 'Use the command line of the same version.',
    });
  const most = command.maxBytes?.(platform.settings) ?? smallCommandBytes;
  const input = parseInput(name, command.input, (await readJsonBody(incoming, outgoing, most)) ?? {});
  outgoing.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  const write = (line: unknown) => void outgoing.write(`${JSON.stringify(line)}\n`);
  const progress: Progress = (line) => write({ progress: line });
  const result =
    command.needs === 'platform'
      ? await command.run(platform, input, progress)
      : await command.run({ ...platform, serving: true }, input, progress);
  write({ result });
  outgoing.end();
}

/** Whoever reads the socket owns the data, so the text of a plain error may be shown; it says what to do. */
function failureOf(error: unknown, { log }: Platform): Problem {
  if (error instanceof Problem || !(error instanceof Error)) return toProblem(error, 'control', log);
  log.warn({ err: error }, 'a command failed');
  return new Problem({ code: 'failed', status: 500, retryable: false, when: 'A command failed.' }, { message: error.message, next: '' });
}

function noSuchPath(): Problem {
  return notFound({ message: 'There is nothing at this path of the control socket.', next: 'Use the command line of the same version.' });
}
