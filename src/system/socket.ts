/** A socket in a folder, for its owner alone: in the folder itself, or elsewhere when that path is too long for a socket. */

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { type Server, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

/** Longest path of a unix socket in bytes: macOS allows 104 with the closing NUL, Linux 108. */
const maxSocketPathBytes = 103;

const folderPrefix = 'quarterdeck-';

/** Where a client finds the socket; undefined when no server has ever put one there. */
export function findSocket(folder: string, name: string): string | undefined {
  const direct = join(resolve(folder), `${name}.sock`);
  if (fits(direct)) return direct;
  try {
    const { socket } = JSON.parse(readFileSync(recordOf(folder, name), 'utf8')) as { socket?: unknown };
    return typeof socket === 'string' ? socket : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Listens on the socket `NAME.sock` of a folder, for this user alone. Returns how to take it away; undefined when a
 * running server has it. A socket file that nobody answers on was left by one that was killed, and is replaced.
 */
export async function listenOnSocket(server: Server, folder: string, name: string): Promise<(() => void) | undefined> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const current = findSocket(folder, name);
  if (current !== undefined && (await answers(current))) return undefined;
  const direct = join(resolve(folder), `${name}.sock`);
  const path = fits(direct) ? direct : elsewhere(folder, name);
  rmSync(path, { force: true });
  server.listen(path);
  await once(server, 'listening');
  // The folder keeps others out already; this says so on the socket too.
  chmodSync(path, 0o600);
  return () => {
    rmSync(path, { force: true });
    if (path !== direct) removeElsewhere(recordOf(folder, name), path);
  };
}

/** True when a process accepts connections there. */
export function answers(path: string): Promise<boolean> {
  return new Promise((tell) => {
    const socket = connect(path, () => {
      socket.destroy();
      tell(true);
    });
    socket.once('error', () => tell(false));
  });
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= maxSocketPathBytes;
}

function recordOf(folder: string, name: string): string {
  return join(folder, `${name}.json`);
}

/** A private folder with a short name; the folder says where it is. */
function elsewhere(folder: string, name: string): string {
  const record = recordOf(folder, name);
  const left = findSocket(folder, name);
  if (left !== undefined) removeElsewhere(record, left);
  const path = join(mkdtempSync(join(tmpdir(), folderPrefix)), `${name}.sock`);
  writeFileSync(`${record}.new`, JSON.stringify({ socket: path }), { mode: 0o600 });
  renameSync(`${record}.new`, record);
  return path;
}

function removeElsewhere(record: string, path: string): void {
  rmSync(record, { force: true });
  // The record is a file that anything could have damaged; only a folder of ours is removed.
  if (basename(dirname(path)).startsWith(folderPrefix)) rmSync(dirname(path), { recursive: true, force: true });
}
