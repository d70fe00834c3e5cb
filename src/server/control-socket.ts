/** Where the control socket of a data folder is: beside the data, or elsewhere when that path is too long for a socket. */

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { type Server, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

/** Longest path of a unix socket in bytes: macOS allows 104 with the closing NUL, Linux 108. */
const maxSocketPathBytes = 103;

const folderPrefix = 'quarterdeck-';

/** The value of `Upgrade` with which a connection becomes the standard streams of an MCP client. */
export const stdioProtocol = 'quarterdeck-mcp-stdio';

/** Where a client finds the socket; undefined when no server has ever put one there. */
export function findSocket(data: string): string | undefined {
  const direct = join(resolve(data), 'control.sock');
  if (fits(direct)) return direct;
  try {
    const { socket } = JSON.parse(readFileSync(recordOf(data), 'utf8')) as { socket?: unknown };
    return typeof socket === 'string' ? socket : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Listens on the socket of a data folder, for this user alone. Returns how to take it away; undefined when a
 * running server has it. A socket file that nobody answers on was left by one that was killed, and is replaced.
 */
export async function listenOnSocket(server: Server, data: string): Promise<(() => void) | undefined> {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const current = findSocket(data);
  if (current !== undefined && (await answers(current))) return undefined;
  const direct = join(resolve(data), 'control.sock');
  const path = fits(direct) ? direct : elsewhere(data);
  rmSync(path, { force: true });
  server.listen(path);
  await once(server, 'listening');
  // The folder keeps others out already; this says so on the socket too.
  chmodSync(path, 0o600);
  return () => {
    rmSync(path, { force: true });
    if (path !== direct) removeElsewhere(data, path);
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

function recordOf(data: string): string {
  return join(data, 'control.json');
}

/** A private folder with a short name; the data folder says where it is. */
function elsewhere(data: string): string {
  const left = findSocket(data);
  if (left !== undefined) removeElsewhere(data, left);
  const path = join(mkdtempSync(join(tmpdir(), folderPrefix)), 'control.sock');
  const record = recordOf(data);
  writeFileSync(`${record}.new`, JSON.stringify({ socket: path }), { mode: 0o600 });
  renameSync(`${record}.new`, record);
  return path;
}

function removeElsewhere(data: string, path: string): void {
  rmSync(recordOf(data), { force: true });
  // The record is a file that anything could have damaged; only a folder of ours is removed.
  if (basename(dirname(path)).startsWith(folderPrefix)) rmSync(dirname(path), { recursive: true, force: true });
}
