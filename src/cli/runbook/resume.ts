/** `quarterdeck runbook resume`, `undo`, `abort`: go on with a run that has stopped, take it back, or end it as it stands. */

import { existsSync } from 'node:fs';
import { Option } from 'commander';
import { type Runbook, itemsOf } from '../../runbook/document.ts';
import { RunFolder } from '../../runbook/run/folder.ts';
import type { RunEntry } from '../../runbook/run/records.ts';
import type { RunState } from '../../runbook/run/state.ts';
import type { Errand } from '../../runbook/run/run.ts';
import { CliCommand, UsageError } from '../command.ts';
import { type Document, type Prepared, prepare, sourcesOf } from './prepare.ts';
import { peopleHere } from './people.ts';
import { type RunOptions, stateFolder, withRequest, withRunning } from './request.ts';

interface Options extends RunOptions {
  answer?: 'rerun' | 'done';
}

export function resumeCommand(): CliCommand {
  const command = new CliCommand('resume', {
    summary: 'Go on with a run that waits, is on hold, was interrupted, died or failed.',
    details:
      'The runbook is read again: what is done must be as it was, and what is still to be done may have been mended. Secrets are read again as well. ' +
      'A change of which it is not known whether it was done is not run again unless somebody says so, at a terminal or with --answer.',
    example: 'quarterdeck runbook resume 20261121-140502-3f9a1c --yes --by ada',
  });
  withRunning(command)
    .argument('<run>', 'Its name, or the beginning of it.')
    .addOption(
      new Option('--answer <answer>', 'Whether the step of which it is not known is run again, or is done.').choices(['rerun', 'done']),
    );
  return command.action(async (run: string, options: Options) => resumeRun(RunFolder.find(stateFolder(options), run), options));
}

export function undoCommand(): CliCommand {
  const command = new CliCommand('undo', {
    summary: 'Take back what a run has changed, also one that has passed.',
    details: 'Its undos run, the newest first. The exit status is 0 when every change was undone, and 5 when a person is needed.',
    example: 'quarterdeck runbook undo 20261121-140502-3f9a1c',
  });
  withRunning(command).argument('<run>', 'Its name, or the beginning of it.');
  return command.action(async (run: string, options: RunOptions) => {
    const { undo } = await import('../../runbook/run/run.ts');
    await takeBack(RunFolder.find(stateFolder(options), run), options, undo('somebody asked for it'));
  });
}

export function abortCommand(): CliCommand {
  const command = new CliCommand('abort', {
    summary: 'End a run that will not be gone on with: take its changes back, or leave them.',
    example: 'quarterdeck runbook abort 20261121-140502-3f9a1c --why "the window is over" --undo',
  });
  withRunning(command)
    .argument('<run>', 'Its name, or the beginning of it.')
    .requiredOption('--why <reason>', 'Why it is ended; it is in the report.')
    .option('--undo', 'Undo what it has changed.')
    .option('--leave', 'Leave what it has changed.');
  return command.action(async (run: string, options: RunOptions & { why: string; undo?: boolean; leave?: boolean }) => {
    if ((options.undo === true) === (options.leave === true))
      throw new UsageError('What happens to its changes is not said.', 'Add --undo to take them back, or --leave to leave them.');
    const { leave, undo } = await import('../../runbook/run/run.ts');
    await takeBack(RunFolder.find(stateFolder(options), run), options, options.undo === true ? undo(options.why) : leave(options.why));
  });
}

/** Goes on with a run from where it stopped. */
export async function resumeRun(folder: RunFolder, options: Options): Promise<void> {
  const state = stateOf(folder);
  const ended = {
    passed: 'has passed',
    rolled_back: 'was rolled back',
    rollback_failed: 'could not be rolled back',
    aborted: 'was ended',
  } as Partial<Record<string, string>>;
  const end = ended[state.outcome];
  if (end !== undefined)
    throw new UsageError(
      `Run ${folder.run} ${end}, so there is nothing to go on with.`,
      state.outcome === 'rollback_failed'
        ? `To try its undos again: quarterdeck runbook undo ${folder.run}`
        : 'Start a new one with quarterdeck runbook run.',
    );
  const prepared = await prepareAgain({ file: state.started.file }, state);
  await refuseChanged(prepared.runbook, state, 'done');
  const { resume } = await import('../../runbook/run/run.ts');
  await goOn(folder, { state, prepared, options, errand: resume, answers: answersOf(state, options) });
}

/** Reads the run as it was when nobody has changed what it began, and otherwise its own copy: what was run is what is taken back. */
async function takeBack(folder: RunFolder, options: RunOptions, errand: Errand): Promise<void> {
  const state = stateOf(folder);
  if (state.outcome === 'aborted' || state.outcome === 'rolled_back')
    throw new UsageError(
      `Run ${folder.run} ${state.outcome === 'aborted' ? 'was ended' : 'was rolled back'} already.`,
      'Nothing was changed.',
    );
  const copy = { file: state.started.file, text: folder.text() };
  let prepared: Prepared | undefined;
  if (existsSync(state.started.file))
    try {
      const current = await prepareAgain({ file: state.started.file }, state);
      await refuseChanged(current.runbook, state, 'begun');
      prepared = current;
    } catch {
      // It is another runbook by now.
    }
  prepared ??= await prepareAgain(copy, state);
  await goOn(folder, { state, prepared, options, errand, answers: [] });
}

export function stateOf(folder: RunFolder): RunState {
  const { state, damage } = folder.read();
  if (damage !== undefined)
    throw new Error(
      `${folder.journal}:${damage.line}: ${damage.message}. The run cannot go on from it: quarterdeck runbook show ${folder.run} tells what it says up to that line.`,
    );
  if (state === undefined) throw new UsageError(`Run ${folder.run} never began.`, 'Start a new one with quarterdeck runbook run.');
  return state;
}

interface Going {
  readonly state: RunState;
  readonly prepared: Prepared;
  readonly options: RunOptions;
  readonly errand: Errand;
  readonly answers: readonly RunEntry[];
}

async function goOn(folder: RunFolder, { state, prepared, options, errand, answers }: Going): Promise<void> {
  const [{ goOn: work }, { fingerprintsOf }] = await Promise.all([
    import('../../runbook/run/run.ts'),
    import('../../runbook/run/fingerprints.ts'),
  ]);
  const { file, repository, undo, fingerprints, lock } = state.started;
  const now = fingerprintsOf(folder.state, prepared.inputs);
  const changedSecrets = Object.keys(now).filter((name) => fingerprints[name] !== undefined && fingerprints[name] !== now[name]);
  const asked = { prepared, options, file, undo, repository, changedSecrets, recordedLock: lock };
  await withRequest(folder.run, asked, async (request) => work(folder, request, errand, answers));
}

/** With the inputs that the run began with; secrets are found again where they were. */
export async function prepareAgain(document: Document, state: RunState, secrets: 'needed' | 'later' = 'needed'): Promise<Prepared> {
  const given = new Map(state.started.inputs.flatMap(({ name, value }) => (value === null ? [] : [[name, value] as const])));
  const sources = await sourcesOf({ input: [] });
  return prepare(document, { ...sources, given }, secrets);
}

/** @throws UsageError when a step that is done, or that has begun, is not what it was */
async function refuseChanged(runbook: Runbook, { steps, started }: RunState, which: 'done' | 'begun'): Promise<void> {
  const [{ hashOfCommand }, { stepOf }] = await Promise.all([import('../../runbook/plan/plan.ts'), import('../../runbook/run/running.ts')]);
  const items = new Map(itemsOf(runbook).map((item) => [item.name, item]));
  const changed = [...steps].filter(([name, { outcome, hash }]) => {
    if (hash === null || (which === 'done' && outcome !== 'passed')) return false;
    const item = items.get(name);
    if (item === undefined || item.type === 'confirmation') return true;
    return hashOfCommand(item.type === 'check' ? stepOf(item) : item) !== hash;
  });
  if (changed.length === 0) return;
  throw new UsageError(
    `${started.file} is not what was run: ${changed.map(([name]) => name).join(', ')} changed after it was done.`,
    'Put back what is done and change only what is still to be done; or undo or abort the run, and start a new one.',
  );
}

/** What `--answer` says, about the step that the run waits for. */
function answersOf({ waitingFor, steps }: RunState, options: Options): RunEntry[] {
  if (options.answer === undefined) return [];
  const unknown = [...steps].filter(
    ([, { outcome, retries }]) => ['unknown', 'running', 'failed', 'error', 'inconclusive'].includes(outcome) && !retries,
  );
  const step = waitingFor?.what === 'decision' ? waitingFor.step : unknown.at(-1)?.[0];
  if (step === undefined) throw new UsageError('There is no step of which it is not known whether it was done.', 'Leave out --answer.');
  const people = peopleHere(options);
  return [{ type: 'decision.given', step, answer: options.answer, by: options.by ?? people.operator.user, operator: people.operator }];
}
