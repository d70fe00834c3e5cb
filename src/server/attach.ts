/** Runs commands and stdio sessions where the data is open: in the running server, or else in this process. */

import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { EffectiveSettings } from '../platform/config/read.ts';
import type { Settings } from '../platform/config/settings.ts';
import { Problem, problemKinds } from '../platform/problem.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { Progress } from './commands.ts';
import type { ControlStatus } from './control.ts';
import { answers, findSocket } from '../system/socket.ts';
import { controlSocket, stdioProtocol } from './control-socket.ts';

/*
 * A running server checks the input and has everything loaded. So this loads next to nothing: a command answers at once,
 * and a stdio session that stays for a day is a small process.
 */

export interface CommandRequest {
  effective: EffectiveSettings;
  log: Log;
  /** A name in the table of commands: `user create`. */
  name: string;
  input: unknown;
  onProgress?: Progress | undefined;
}

/**
 * The result of a command. A running server on the same data runs it, since only one process may have the embedded
 * database open; PostgreSQL is opened directly.
 * @throws Problem or Error as the command does
 */
export async function runCommand(asked: CommandRequest): Promise<unknown> {
  const { effective, name, input, onProgress = () => undefined } = asked;
  const socket = await socketOfServer(effective.settings);
  if (socket === undefined) {
    const { runAlone } = await import('./alone.ts');
    return runAlone(asked);
  }
  const response = await call(socket, 'POST', `/control/commands/${encodeURIComponent(name)}`, input);
  return readOutcome(response, onProgress);
}

/** Commands that follow each other, or are on the way at once. */
export interface OpenCommands {
  /** @throws Problem or Error as the command does */
  run(name: string, input: unknown): Promise<unknown>;
  close(): Promise<void>;
}

/** The same as `runCommand`, for many: what has to be opened for it is opened once. */
export async function openCommands({ effective, log }: Pick<CommandRequest, 'effective' | 'log'>): Promise<OpenCommands> {
  const socket = await socketOfServer(effective.settings);
  if (socket === undefined) {
    const { openAlone } = await import('./alone.ts');
    return openAlone({ effective, log });
  }
  return {
    run: async (name, input) =>
      readOutcome(await call(socket, 'POST', `/control/commands/${encodeURIComponent(name)}`, input), () => undefined),
    close: async () => undefined,
  };
}

/** The server that has this data open; undefined when none runs there. */
export async function findServer(settings: Settings): Promise<ControlStatus | undefined> {
  const socket = await socketOfServer(settings, true);
  if (socket === undefined) return undefined;
  return JSON.parse(await text(await call(socket, 'GET', '/control/status'))) as ControlStatus;
}

/** The metrics of the server that has this data open; undefined when none runs there, or one that does not tell. */
export async function readMetrics(settings: Settings): Promise<unknown> {
  const socket = await socketOfServer(settings, true);
  if (socket === undefined) return undefined;
  const response = await call(socket, 'GET', '/control/metrics');
  const body = await text(response);
  return response.statusCode === 200 ? JSON.parse(body) : undefined;
}

/**
 * A connection to the running server that stands for the standard streams of an MCP client; undefined when no server
 * runs on this data. `user` and `workspace`: on whose behalf; default the operator. `token`: act with that credential.
 */
export async function openStdioSession(
  settings: Settings,
  { token, ...who }: { user?: string | undefined; workspace?: string | undefined; token?: string | undefined },
): Promise<Socket | undefined> {
  const socketPath = await socketOfServer(settings);
  if (socketPath === undefined) return undefined;
  const query = new URLSearchParams(Object.entries(who).filter((pair): pair is [string, string] => pair[1] !== undefined));
  return new Promise((resolve, reject) => {
    const headers = { Connection: 'Upgrade', Upgrade: stdioProtocol, ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) };
    const opening = request({ socketPath, path: `/control/mcp?${query.toString()}`, headers });
    opening.once('upgrade', (_response, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    opening.once('response', (response) => void readOutcome(response, () => undefined).then(() => undefined, reject));
    opening.once('error', reject);
    opening.end();
  });
}

async function socketOfServer(settings: Settings, anyDatabase = false): Promise<string | undefined> {
  if (settings.databaseUrl !== undefined && !anyDatabase) return undefined;
  const socket = findSocket(settings.data, controlSocket);
  return socket !== undefined && (await answers(socket)) ? socket : undefined;
}

function call(socketPath: string, method: string, path: string, body?: unknown): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json' };
    const sending = request({ socketPath, method, path, headers }, resolve);
    sending.once('error', reject);
    sending.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

interface OutcomeLine {
  progress?: Parameters<Progress>[0];
  result?: unknown;
  error?: { code: string; message: string; next: string; details: Record<string, unknown> };
}

async function readOutcome(response: IncomingMessage, onProgress: Progress): Promise<unknown> {
  for await (const line of createInterface({ input: response })) {
    const outcome = JSON.parse(line) as OutcomeLine;
    if (outcome.error !== undefined) throw thrownAgain(outcome.error);
    if (outcome.progress === undefined) return outcome.result;
    onProgress(outcome.progress);
  }
  throw new Error('The server stopped before the command was done. Look at its log, then run the command again.');
}

/** The error as it would be if the command had run in this process. */
function thrownAgain({ code, message, next, details }: NonNullable<OutcomeLine['error']>): Error {
  const kind = problemKinds().find((known) => known.code === code);
  return kind === undefined ? new Error(next === '' ? message : `${message} ${next}`) : new Problem(kind, { message, next, details });
}
