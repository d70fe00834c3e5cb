/** Ends a run with each test that needed a second try, each skipped test and its reason, and with one plain line of counts that a script can read. */

import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';

const noReason = 'no reason given; call context.skip("why this machine cannot run it")';

export default class SummaryReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    // With `-t`, whatever does not match is skipped as well, and is of no interest.
    const filtered = this.#vitest?.getGlobalTestNamePattern() !== undefined;
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const skipped = tests.filter((test) => stateOf(test) === 'skipped' && !(filtered && reasonOf(test) === undefined));
    const unexplained = skipped.filter((test) => reasonOf(test) === undefined).length;
    // A file that cannot be loaded has no tests, and an error outside of any test has no case: both must count.
    const broken = modules.filter((module) => module.errors().length > 0).length + unhandledErrors.length;
    // Set by `npm test`, which runs the static checks first.
    const failedChecks = Number(process.env['FAILED_CHECKS'] ?? 0);
    const failed = tests.filter((test) => stateOf(test) === 'failed').length + broken + unexplained + failedChecks;
    const passed = tests.filter((test) => stateOf(test) === 'passed').length;
    if (failed > 0) process.exitCode = 1;
    const lines = [
      ...tests.filter((test) => test.diagnostic()?.flaky).map((test) => `passed at the second try: ${nameOf(test)}: ${firstErrorOf(test)}`),
      ...skipped.map((test) => `skipped: ${nameOf(test)}: ${reasonOf(test) ?? noReason}`),
      `${passed} passed, ${failed} failed, ${skipped.length - unexplained} skipped`,
    ];
    // At exit, so that these are the last lines whatever the other reporters print.
    process.once('exit', () => process.stdout.write(`\n${lines.join('\n')}\n`));
  }
}

function stateOf(test: TestCase) {
  return test.result().state;
}

function nameOf(test: TestCase): string {
  return `${test.module.relativeModuleId} > ${test.fullName} (${test.project.name})`;
}

function reasonOf(test: TestCase): string | undefined {
  const result = test.result();
  return result.state === 'skipped' ? result.note : undefined;
}

function firstErrorOf(test: TestCase): string {
  return test.result().errors?.[0]?.message.split('\n')[0] ?? 'no error was kept';
}
