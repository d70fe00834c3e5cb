/** Installs the dependencies when they are missing or are not those of the lock file. Runs on Node 20. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Node 24, which npm installs as a development dependency. */
export const node = join(root, 'node_modules', 'node', 'bin', 'node');

export function installMissing() {
  if (isInstalled()) return;
  console.error('Installing dependencies. This takes about a minute, once.');
  // A system Node older than 24 is fine here; npm's warnings about it are not the reader's business.
  const options = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env['npm_execpath'];
  const command = npm === undefined ? 'npm' : process.execPath;
  const { status, stdout, stderr, error } = spawnSync(command, npm === undefined ? options : [npm, ...options], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status === 0 && existsSync(node)) return;
  const why = error?.message ?? (status === 0 ? 'the install script of the package `node` did not run' : `${stdout}${stderr}`.trim());
  console.error(`npm ci failed: ${why}\nCheck the network and the registry (\`npm ping\`), then run the command again.`);
  process.exit(1);
}

/** npm writes what it installed into `node_modules/.package-lock.json`, last of all. */
function isInstalled() {
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (installed === undefined || !existsSync(node)) return false;
  const wanted = readPackages(join(root, 'package-lock.json')) ?? {};
  return Object.entries(wanted).every(
    // The root itself has the empty name; what is optional depends on the platform.
    ([path, { version, optional }]) => path === '' || optional === true || installed[path]?.version === version,
  );
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean }> | undefined}
 */
function readPackages(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : undefined;
}
