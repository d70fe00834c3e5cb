/** Runs the official conformance suite against our server and prints a table: `npm run conformance`. */

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { runAuthorization } from './authorization.ts';
import { expectedFailures } from './expected.ts';
import { type ServedFixture, serveFixture } from './serve.ts';

/** Longest time for one scenario. The slowest takes seconds; a machine that is busy with other things takes some more. */
const scenarioTimeoutMs = 60_000;

interface Outcome {
  revision: string;
  scenario: string;
  passed: number;
  failed: number;
  /** Why this failure is accepted. */
  reason: string | undefined;
}

/** The scenarios that the revision requires, and those that the suite runs without scoring them. */
async function runRevision(revision: string, { url }: ServedFixture): Promise<Outcome[]> {
  const suite = join(dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json')), 'dist', 'index.js');
  const results = await mkdtemp(join(tmpdir(), 'quarterdeck-conformance-results-'));
  const options = ['--url', url, '--requirements', revision, '--timeout', String(scenarioTimeoutMs), '--output-dir', results];
  const child = spawn(process.execPath, [suite, 'server', ...options], { cwd: results, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    return readSummary(revision, await text(child.stdout));
  } finally {
    await rm(results, { recursive: true, force: true });
  }
}

/** @throws Error with all that the suite printed when it has no summary */
function readSummary(revision: string, printed: string): Outcome[] {
  const [, summary = ''] = printed.split('=== SUMMARY ===');
  const lines = [...summary.matchAll(/^. ([a-z0-9-]+): (\d+) passed, (\d+) failed/gm)];
  if (lines.length === 0) throw new Error(`the suite did not run:\n${printed}`);
  return lines.map(([, scenario = '', passed, failed]) => ({
    revision,
    scenario,
    passed: Number(passed),
    failed: Number(failed),
    reason: expectedFailures[revision]?.[scenario],
  }));
}

function verdictOf({ passed, failed, reason }: Outcome): string {
  if (passed + failed === 0) return 'has nothing to check here';
  if (failed === 0) return reason === undefined ? 'passes' : 'PASSES, take it out of expected.ts';
  return reason === undefined ? 'FAILS' : `expected: ${reason}`;
}

const isWrong = ({ failed, reason }: Outcome) => (failed === 0) === (reason !== undefined);

const fixture = await serveFixture();
try {
  const outcomes: Outcome[] = [];
  for (const revision of Object.keys(expectedFailures)) outcomes.push(...(await runRevision(revision, fixture)));
  for (const outcome of outcomes) {
    const counts = `${String(outcome.passed).padStart(3)} passed ${String(outcome.failed).padStart(3)} failed`;
    console.log(`${outcome.revision}  ${outcome.scenario.padEnd(46)} ${counts}  ${verdictOf(outcome)}`);
  }
  for (const revision of Object.keys(expectedFailures)) {
    const own = outcomes.filter((outcome) => outcome.revision === revision);
    const clean = own.filter(({ failed }) => failed === 0).length;
    console.log(`${revision}: ${clean} of ${own.length} scenarios pass, ${own.filter(isWrong).length} are not as expected`);
  }
  const authorization = await runAuthorization();
  for (const check of authorization.checks) console.log(`authorization server  ${check}`);
  if (outcomes.some(isWrong) || !authorization.passed) process.exitCode = 1;
} finally {
  await fixture.close();
}
