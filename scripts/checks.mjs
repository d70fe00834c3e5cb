/** The static checks, each a command that prints what is wrong and then fails. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
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
 * Runs every check, also after one has failed, and prints one line for each.
 * @returns {number} how many failed
 */
export function runChecks() {
  return checks.filter(({ name, script, options }) => {
    const started = performance.now();
    const { status, stdout, stderr } = spawnSync(node, [join(root, script), ...options], { cwd: root, encoding: 'utf8' });
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    console.log(`${status === 0 ? 'ok' : 'FAILED'}: ${name} (${seconds} s)`);
    if (status !== 0) console.log(`${stdout}${stderr}`.trimEnd());
    return status !== 0;
  }).length;
}
