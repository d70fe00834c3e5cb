/** The package as npm makes it of this checkout. */

import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = dirname(dirname(import.meta.dirname));

export interface Packed {
  filename: string;
  files: { path: string }[];
}

/** npm prints to standard output what scripts print as well; its own JSON comes last. */
export async function pack(folder: string): Promise<Packed> {
  const { stdout } = await npm(['pack', '--json', '--pack-destination', folder], root);
  const [result] = JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as [Packed];
  return result;
}

export function npm(options: string[], cwd: string) {
  return run('npm', [...options, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, maxBuffer: 64 * 1_024 * 1_024 });
}

/** Why a package cannot be installed here; undefined: it can. */
export function whyNoRegistry(folder: string): Promise<string | undefined> {
  return npm(['ping'], folder).then(
    () => undefined,
    () => 'the npm registry cannot be reached',
  );
}
