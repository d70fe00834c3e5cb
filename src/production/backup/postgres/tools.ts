/** PostgreSQL's own programs: which of the installed ones fit the server, and how they are run. */

import { execFile, spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type { Bytes } from '../content.ts';
import { libpqEnvironment } from './address.ts';

const run = promisify(execFile);

export type ToolName = 'pg_dump' | 'pg_restore';

export interface Tool {
  path: string;
  major: number;
}

/** Debian keeps all versions side by side here, and puts one of them on the path. */
const debianFolder = '/usr/lib/postgresql';

/** Every one that runs, those on the path first. */
async function installed(name: ToolName): Promise<Tool[]> {
  const versions = await readdir(debianFolder).catch(() => []);
  const paths = [name, ...versions.map((version) => join(debianFolder, version, 'bin', name))];
  const tools = await Promise.all(
    paths.map(async (path): Promise<Tool[]> => {
      const printed = await run(path, ['--version']).catch(() => undefined);
      const major = /(\d+)(?:\.\d+|\w*)/.exec(printed?.stdout ?? '')?.[1];
      return major === undefined ? [] : [{ path, major: Number(major) }];
    }),
  );
  return tools.flat();
}

/**
 * The one of the server's own version, or else of the next newer one. An older one may leave out what it does not know; a newer one
 * may write what an older server does not understand.
 */
export function fitting(tools: readonly Tool[], serverMajor: number): Tool | undefined {
  return tools.filter(({ major }) => major >= serverMajor).toSorted((a, b) => a.major - b.major)[0];
}

/** @throws Error when none is installed, or all are older than the server */
export async function findTool(name: ToolName, serverVersion: string): Promise<Tool> {
  const serverMajor = majorOf(serverVersion);
  const tools = await installed(name);
  const tool = fitting(tools, serverMajor);
  if (tool !== undefined) return tool;
  const newest = tools.toSorted((a, b) => b.major - a.major)[0];
  const install = `Install the package postgresql-client-${serverMajor} (or newer), or put ${name} of that version on the PATH.`;
  if (newest === undefined) throw new Error(`${name} is not installed here, and only it can do this for PostgreSQL. ${install}`);
  throw new Error(
    `${name} ${newest.major} is older than the server, which is PostgreSQL ${serverVersion}, and would not read all of it. ${install}`,
  );
}

export function majorOf(version: string): number {
  return Number.parseInt(version, 10);
}

export interface ToolRun {
  tool: Tool;
  databaseUrl: string;
  flags: readonly string[];
  signal?: AbortSignal | undefined;
}

/** What the program prints, as it prints it. Its end is the end of the bytes only when it ended well. @throws Error with what it complained of */
export async function* output({ tool, databaseUrl, flags, signal }: ToolRun): AsyncGenerator<Uint8Array> {
  // Only what a program needs to find its way, and the address: the environment of the server holds secrets that are none of its business.
  const child = spawn(tool.path, flags, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], PGPASSFILE: process.env['PGPASSFILE'], ...libpqEnvironment(databaseUrl) },
    signal,
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  });
  // Told below; a rejection that comes before is not one that nobody hears.
  ended.catch(() => undefined);
  const complaints = buffer(child.stderr);
  let finished = false;
  try {
    for await (const chunk of child.stdout as Bytes) yield chunk;
    const code = await ended;
    finished = true;
    if (code !== 0) throw new Error(`${tool.path} failed (${code ?? 'killed'}): ${lastLines((await complaints).toString())}`);
  } finally {
    // Whoever reads has given up: nobody else would end it.
    if (!finished) child.kill();
  }
}

/** @throws Error with what it complained of */
export async function runTool(options: ToolRun): Promise<void> {
  for await (const _nothing of output(options));
}

/** Its first complaint is the cause, the last what became of it; in between it may repeat itself a thousand times. */
function lastLines(text: string): string {
  const lines = text.trim().split('\n');
  return (lines.length <= 6 ? lines : [...lines.slice(0, 3), '…', ...lines.slice(-2)]).join('\n');
}
