/** `quarterdeck runbook run`: does what a runbook says. */

import { resolve } from 'node:path';
import { childFolders, parentOf } from '../../runbook/run/children.ts';
import { findChild } from '../../runbook/repository.ts';
import { RunFolder } from '../../runbook/run/folder.ts';
import { CliCommand, UsageError } from '../command.ts';
import { invocation } from '../invocation.ts';
import { type InputOptions, type Prepared, prepare, sourcesOf, withInputs } from './prepare.ts';
import { type RunOptions, stateFolder, withRequest, withRunning } from './request.ts';
import { resumeRun } from './resume.ts';

interface Options extends RunOptions, InputOptions {
  undo: boolean;
}

export function runCommand(): CliCommand {
  const command = new CliCommand('run', {
    summary: 'Do what a runbook says, step by step, and undo it when a step fails.',
    details:
      'Every step is in a journal before it begins and after it has ended, so that a run can be gone on with after a crash. ' +
      'Exit status: 0 passed, 1 failed, 2 nothing ran, 3 waits for an approval or a confirmation, 4 rolled back, 5 rollback failed, 6 on hold, 7 the lock is held, 130 interrupted.',
    example: 'quarterdeck runbook run runbooks/verify.md --input BASE_URL=http://127.0.0.1:8000',
  });
  withRunning(withInputs(command)).option('--no-undo', 'Undo nothing when a step fails.').argument('<file>', 'The runbook.');
  return command.action(runFile);
}

async function runFile(name: string, options: Options): Promise<void> {
  const parent = parentOf(process.env);
  const file = parent === undefined ? name : findChild('.', parent.documents, name);
  const prepared = await prepare({ file }, await sourcesOf(options), 'needed');
  const state = stateFolder(options);
  const before = childBefore(state, resolve(file), prepared);
  if (before !== undefined) return goOnWithChild(before, options);
  await checkPrograms(prepared);
  const folder = RunFolder.choose(state, new Date());
  const { startRun } = await import('../../runbook/run/run.ts');
  const asked = { prepared, options, file: resolve(file), undo: options.undo, repository: prepared.repository, changedSecrets: [] };
  if (options.json !== true) tellUnfinished(state, resolve(file));
  await withRequest(folder.run, asked, async (request) => startRun(folder, request));
}

async function checkPrograms({ runbook, repository }: Prepared): Promise<void> {
  const { checkRequired } = await import('../../runbook/requires.ts');
  const problems = await checkRequired(runbook.front.requires, { environment: process.env, cwd: repository });
  if (problems.length > 0) throw new UsageError(problems.join('\n'), 'Nothing was run.');
}

/** The run that the same step of the run above has started for the same plan, when that step is done again. */
function childBefore(state: string, file: string, { plan }: Prepared): RunFolder | undefined {
  const parent = parentOf(process.env);
  if (parent === undefined) return undefined;
  return childFolders(state, parent.run, parent.step)
    .toReversed()
    .find((folder) => {
      const run = folder.read().state;
      return (
        run?.started.file === file &&
        run.planHash === plan.hash &&
        !['failed', 'rolled_back', 'rollback_failed', 'aborted'].includes(run.outcome)
      );
    });
}

async function goOnWithChild(folder: RunFolder, options: Options): Promise<void> {
  if (folder.read().state?.outcome !== 'passed') return resumeRun(folder, options);
  process.stdout.write(`Run ${folder.run} has passed already.\n`);
}

/** Whoever starts a runbook should know that one of its runs has never ended. */
function tellUnfinished(state: string, file: string): void {
  for (const folder of RunFolder.all(state)) {
    const run = folder.read().state;
    if (run?.started.file !== file || run.outcome !== 'running' || folder.isAtWork()) continue;
    process.stderr.write(
      `Run ${folder.run} of this runbook stopped without an end at ${run.startedAt}: go on with it by ${invocation} runbook resume ${folder.run}\n`,
    );
  }
}
