/** Looks at the data folder: whether it can be used, who else can read it, and how much room there is. */

import { access, constants, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { EffectiveSettings } from '../../platform/config/read.ts';
import { gib, roomAt } from '../../production/check/disk.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** Bits of a mode with which anybody but the owner gets in. */
const others = 0o077;

const mebibyte = 1024 * 1024;

/** The embedded database grows by segments of its log of 16 MiB each and keeps a few; below this it may stop in the middle of one. */
const leastFree = 256 * mebibyte;

/** Time to do something about it. */
const scarceFree = 1024 * mebibyte;

export async function lookAtFiles({ settings, sources }: EffectiveSettings): Promise<Finding[]> {
  const folder = resolve(settings.data);
  const mode = await modeOf(folder);
  const findings = [await lookAtFolder(folder, mode)];
  if (mode !== undefined) findings.push(await lookAtSecrets(folder, settings.authSecret !== undefined));
  if (sources.authSecret === '.env' || sources.databaseUrl === '.env') findings.push(await lookAtEnvFile(resolve('.env')));
  if (settings.databaseUrl === undefined) findings.push(await lookAtDisk(folder));
  return findings;
}

async function lookAtFolder(folder: string, mode: number | undefined): Promise<Finding> {
  if (mode === undefined) {
    if (await isWritable(await nearestFolder(folder))) return ok('data', `${folder} is not there yet; the first start makes it.`);
    return problem(
      'data',
      `${folder} is not there, and this user cannot make it.`,
      'Choose another folder with --data, or run as its owner.',
    );
  }
  if (!(await isWritable(folder)))
    return problem('data', `${folder} cannot be written by this user.`, 'Choose another folder with --data, or run as its owner.');
  if ((mode & others) !== 0) return warning('data', `${folder} can be opened by other users of this machine.`, `chmod 700 ${folder}`);
  return ok('data', `${folder} is this user's alone.`);
}

async function lookAtSecrets(folder: string, given: boolean): Promise<Finding> {
  if (given) return ok('secrets', 'BETTER_AUTH_SECRET is given.');
  const path = join(folder, 'secrets.json');
  const mode = await modeOf(path);
  if (mode === undefined) return ok('secrets', 'There are none yet; the first start makes them.');
  if ((mode & others) !== 0) return problem('secrets', `${path} can be read by other users of this machine.`, `chmod 600 ${path}`);
  return ok('secrets', `${path} is this user's alone.`);
}

async function lookAtEnvFile(path: string): Promise<Finding> {
  const mode = await modeOf(path);
  if (mode !== undefined && (mode & others) !== 0)
    return warning('.env', `${path} holds secrets, and other users of this machine can read it.`, `chmod 600 ${path}`);
  return ok('.env', `${path} is this user's alone.`);
}

async function lookAtDisk(folder: string): Promise<Finding> {
  const { freeBytes: free } = await roomAt(await nearestFolder(folder));
  const message = `${gib(free)} are free for the embedded database.`;
  if (free < leastFree) return problem('disk', message, 'Free some space before the database can write no more.');
  if (free < scarceFree) return warning('disk', message, 'Free some space, or move the data folder to a larger disk.');
  return ok('disk', message);
}

/** The folder, or the one above it in which it would be made. */
async function nearestFolder(folder: string): Promise<string> {
  for (let path = folder; ; path = dirname(path)) if ((await modeOf(path)) !== undefined || path === dirname(path)) return path;
}

async function modeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mode }) => mode,
    () => undefined,
  );
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}
