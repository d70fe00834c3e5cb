/** What processes have used, by the files of Linux in /proc. Elsewhere nothing is known, and the columns stay empty. */

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import pg from 'pg';

/** Processes whose time is counted with a load. */
export interface Watched {
  server: number;
  /** The one whose children are the connections of PostgreSQL. */
  postmaster?: number | undefined;
}

/** Processor time in milliseconds. */
export interface Used {
  server: number;
  database: number;
}

/** Linux counts in hundredths of a second, whatever the kernel does inside. */
const tickMs = 10;

export function usedBy({ server, postmaster }: Watched): Used | undefined {
  if (!existsSync('/proc/self/stat')) return undefined;
  return { server: readProcess(server)?.own ?? 0, database: postmaster === undefined ? 0 : usedByFamily(postmaster) };
}

/** Of a process, its children, and those of them that have ended. */
function usedByFamily(parent: number): number {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((found) => found?.parent === parent);
  const self = readProcess(parent);
  return [...children, self].reduce((sum, found) => sum + (found?.own ?? 0), self?.ended ?? 0);
}

/** The process whose children are the connections of a database on this machine. */
export async function findPostmaster(databaseUrl: string): Promise<number | undefined> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    return parentOf(rows[0]?.pid ?? 0);
  } finally {
    await client.end();
  }
}

function parentOf(pid: number): number | undefined {
  return readProcess(pid)?.parent;
}

/** Held in memory, in MB. */
export function memoryOf(pid: number): number {
  if (!existsSync('/proc/self/status')) return Number.NaN;
  const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1_024;
}

/** The fields of `/proc/PID/stat` are counted from behind the name, which may contain anything: man 5 proc. */
function readProcess(pid: number): { parent: number; own: number; ended: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [, parent = 0] = fields;
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
  return { parent, own: (user + system) * tickMs, ended: (endedUser + endedSystem) * tickMs };
}
