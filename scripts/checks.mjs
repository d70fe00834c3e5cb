/** The static checks, each a command that prints what is wrong and then fails. */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { node, root } from './install.mjs';

const checks = [
  { name: 'types', script: 'node_modules/typescript/bin/tsc', options: ['--project', '.'] },
  { name: 'types of the page', script: 'node_modules/typescript/bin/tsc', options: ['--project', 'src/server/browser'] },
  { name: 'lint', script: 'node_modules/oxlint/bin/oxlint', options: ['--type-aware', '--deny-warnings'] },
  { name: 'format', script: 'node_modules/prettier/bin/prettier.cjs', options: ['--check', '--log-level=warn', '.'] },
  { name: 'licences', script: 'scripts/licences.ts', options: [] },
  { name: 'generated pages', script: 'scripts/docs.ts', options: ['--check'] },
];

/**
 * Runs every check, all at once because most use one core only, and prints one line for each.
 * @returns {Promise<number>} how many failed
 */
export async function runChecks() {
  const results = await Promise.all(checks.map(runCheck));
  return results.filter((passed) => !passed).length;
}

/** @param {(typeof checks)[number]} check */
async function runCheck({ name, script, options }) {
  const started = performance.now();
  const child = spawn(node, [join(root, script), ...options], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  /** @type {Promise<number | null>} */
  const ended = new Promise((resolve, reject) => child.once('close', resolve).once('error', reject));
  const [status, ...outputs] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  console.log(`${status === 0 ? 'ok' : 'FAILED'}: ${name} (${seconds} s)`);
  if (status !== 0) console.log(outputs.join('').trimEnd());
  return status === 0;
}
