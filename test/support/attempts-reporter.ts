/** Prints the attempts on the server as a table, for `npm run security`. */

import type { Reporter, TestModule } from 'vitest/node';
import type { HeldAttempt } from '../behaviour/security/table.ts';

export default class AttemptsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const attempts = tests.flatMap((test) => test.meta().attempt ?? []);
    const rows = attempts.map(({ title, attempt, expected, got }) => [got === expected ? 'held' : 'BROKEN', title, attempt, expected, got]);
    const table = [['', 'at', 'attempt', 'expected', 'got'], ...rows];
    const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
    for (const row of table) console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
    // What broke before it could say what it got is in no row.
    const failed = tests.filter((test) => test.result().state === 'failed');
    for (const test of failed) console.log(`FAILED ${test.fullName}: ${test.result().errors?.[0]?.message ?? ''}`);
    const errors = modules.flatMap((module) => module.errors());
    for (const { message } of errors) console.log(`FAILED ${message}`);
    const held = attempts.filter(isHeld).length;
    console.log(`${held} of ${attempts.length} attempts held; ${failed.length + errors.length} tests failed`);
  }
}

const isHeld = ({ expected, got }: HeldAttempt) => expected === got;
