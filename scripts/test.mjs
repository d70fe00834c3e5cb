/**
 * `npm test`: installs what is missing, runs the static checks, then every test but the slow ones.
 * `npm test -- --slow` runs those alone; anything else goes to Vitest. Runs on Node 20.
 */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { isatty } from 'node:tty';
import { runChecks } from './checks.mjs';
import { installMissing, node, root } from './install.mjs';

installMissing();
const slow = process.argv.includes('--slow');
const rest = process.argv.slice(2).filter((argument) => argument !== '--slow');
const failedChecks = slow ? 0 : await runChecks();
/** Where each step is a process of its own, the tests take minutes as well. */
const slowOnes = ['slow', 'processes-*', 'rehearsal'];
const projects = slowOnes.flatMap((name) => ['--project', slow ? name : `!${name}`]);
const vitest = spawn(node, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...projects, ...rest], {
  cwd: root,
  stdio: 'inherit',
  // The reporter counts them in its last line, which is the last line of all.
  env: { ...process.env, FAILED_CHECKS: String(failedChecks) },
});
// Vitest stops its servers on a signal; this only has to wait for it.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.on(signal, () => (signal === 'SIGINT' && isatty(0) ? undefined : vitest.kill(signal)));
}
vitest.on('exit', (code) => {
  process.exitCode = failedChecks > 0 ? 1 : (code ?? 1);
});
