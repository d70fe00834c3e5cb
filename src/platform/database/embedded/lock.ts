/** Makes sure that one process at a time has the data folder: the embedded database itself does not, and would lose rows silently. */

import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, readdir, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { type Server, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { once } from 'node:events';

/*
 * `DATA/lock/` holds generations: files 1, 2, 3, … with the owner's pid and the socket that it listens on. The owner is the highest.
 * The kernel closes the socket when the process ends, however it ends, so "does somebody listen?" is the truth about a lock:
 * no pid that was reused, no clock, no time-out, and it holds across containers on one machine. A dead owner's lock is never
 * deleted and made again, which two starters could both do; the next generation is created, which one of them can.
 */

/** The longest path of a socket is 104 bytes with its end on macOS, 108 on Linux. */
const longestSocketPath = 103;

interface Owner {
  pid: number;
  /** A name in the lock folder, or a path where that would be too long. Empty: given back. */
  socket: string;
  /** RFC 3339; for people. */
  since: string;
}

export interface DataLock {
  release(): Promise<void>;
}

/** @throws Error that names the process which has the folder, and says what to do */
export async function lockData(data: string): Promise<DataLock> {
  const folder = join(data, 'lock');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { server, socket } = await listen(folder);
  try {
    const generation = await claim(data, folder, { pid: process.pid, socket, since: new Date().toISOString() });
    return { release: () => giveBack(folder, generation, server) };
  } catch (error) {
    await stop(server);
    throw error;
  }
}

/** Returns our generation. */
async function claim(data: string, folder: string, us: Owner): Promise<number> {
  for (;;) {
    const highest = await highestGeneration(folder);
    const owner = highest === 0 ? undefined : await readOwner(folder, highest);
    if (owner !== undefined && (await isAlive(folder, owner))) throw inUse(data, owner);
    const mine = highest + 1;
    if (!(await createAtOnce(folder, mine, us))) continue;
    // A starter that read the folder long ago may create a number that was used up and cleared since: then there is a higher one.
    if ((await highestGeneration(folder)) === mine) {
      await clearBelow(folder, mine);
      return mine;
    }
    await rm(join(folder, String(mine)), { force: true });
  }
}

/** False when somebody else made this generation first. The file appears with its content, because a link is atomic and a write is not. */
async function createAtOnce(folder: string, generation: number, owner: Owner): Promise<boolean> {
  const draft = join(folder, `${randomUUID()}.draft`);
  await writeFile(draft, JSON.stringify(owner), { mode: 0o600 });
  try {
    await link(draft, join(folder, String(generation)));
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(draft);
  }
}

async function highestGeneration(folder: string): Promise<number> {
  return Math.max(0, ...(await generations(folder)));
}

async function generations(folder: string): Promise<number[]> {
  return (await readdir(folder)).filter((name) => /^[1-9][0-9]*$/.test(name)).map(Number);
}

/** undefined: it was cleared meanwhile, or the machine went down before its content was on the disk. */
async function readOwner(folder: string, generation: number): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, String(generation)), 'utf8')) as Owner;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function isAlive(folder: string, { pid, socket }: Owner): Promise<boolean> {
  if (socket === '') return false;
  const connection = connect(socketPath(folder, socket));
  try {
    await once(connection, 'connect');
    return true;
  } catch (error) {
    if (codeOf(error) === 'ECONNREFUSED') return false;
    // Something cleaned the socket away, perhaps of a living process: then the pid has to do, at the risk of a needless refusal.
    if (codeOf(error) === 'ENOENT') return isRunning(pid);
    return true;
  } finally {
    connection.destroy();
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

async function clearBelow(folder: string, mine: number): Promise<void> {
  for (const generation of await generations(folder)) {
    if (generation >= mine) continue;
    const socket = (await readOwner(folder, generation))?.socket;
    if (socket !== undefined && socket !== '') await rm(socketPath(folder, socket), { force: true });
    await rm(join(folder, String(generation)), { force: true });
  }
}

/** The file stays, or a slow starter could make the same generation again after somebody else had it. */
async function giveBack(folder: string, generation: number, server: Server): Promise<void> {
  const draft = join(folder, `${randomUUID()}.draft`);
  await writeFile(draft, JSON.stringify({ pid: process.pid, socket: '', since: new Date().toISOString() } satisfies Owner), {
    mode: 0o600,
  });
  await rename(draft, join(folder, String(generation)));
  await stop(server);
}

/** Listens before the lock is claimed, so that a lock never looks dead while its owner is only starting. */
async function listen(folder: string): Promise<{ server: Server; socket: string }> {
  const name = `${randomUUID()}.sock`;
  if (Buffer.byteLength(join(folder, name)) <= longestSocketPath) {
    const server = await listenAt(join(folder, name)).catch(() => undefined);
    if (server !== undefined) return { server, socket: name };
  }
  // The path is too long, or the file system has no sockets.
  const path = join(tmpdir(), `quarterdeck-${name}`);
  return { server: await listenAt(path), socket: path };
}

async function listenAt(path: string): Promise<Server> {
  const server = createServer((connection) => connection.destroy());
  server.listen(path);
  await once(server, 'listening');
  server.unref();
  return server;
}

/** Closing removes the socket's file as well. */
async function stop(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

function socketPath(folder: string, socket: string): string {
  return isAbsolute(socket) ? socket : join(folder, socket);
}

function inUse(data: string, { pid, since }: Owner): Error {
  return new Error(
    `The data in ${data} is in use by process ${pid} since ${since}, and the embedded database serves one process. ` +
      'Stop that process, choose another folder with --data, or set DATABASE_URL to use PostgreSQL.',
  );
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
