/** `npm run audit`: known holes in what is installed with the package. Fails from `high` on; says why when the registry has no answer. Runs on Node 20. */

import { spawnSync } from 'node:child_process';
import { root } from './install.mjs';

const command = process.env['npm_execpath'];
const options = ['audit', '--omit=dev', '--audit-level=high', '--json'];
const { stdout, status } = spawnSync(
  command === undefined ? 'npm' : process.execPath,
  command === undefined ? options : [command, ...options],
  {
    cwd: root,
    encoding: 'utf8',
  },
);
process.exitCode = report(stdout, status);

/**
 * @param {string} text what npm printed
 * @param {number | null} code how it ended
 * @returns {number}
 */
function report(text, code) {
  const answer = parse(text);
  if (answer?.metadata === undefined) {
    // Mirrors of the registry often lack this part; a build must not depend on it.
    console.log(`skipped: npm audit: the registry did not answer (${answer?.message ?? 'no JSON'})`);
    return 0;
  }
  const { critical, high, moderate, low } = answer.metadata.vulnerabilities;
  console.log(`npm audit: ${critical} critical, ${high} high, ${moderate} moderate, ${low} low`);
  if (code !== 0) console.log('Run `npm audit --omit=dev` to see which packages, and pin a version without the hole.');
  return code ?? 1;
}

/**
 * @param {string} text
 * @returns {{ message?: string, metadata?: { vulnerabilities: Record<'critical' | 'high' | 'moderate' | 'low', number> } } | undefined}
 */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
