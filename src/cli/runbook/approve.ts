/** `quarterdeck runbook approve` and `unlock`: what a person says about a run without going on with it. */

import { hostname } from 'node:os';
import { Journal } from '../../runbook/journal/journal.ts';
import { RunFolder } from '../../runbook/run/folder.ts';
import type { RunEntry } from '../../runbook/run/records.ts';
import { CliCommand, UsageError } from '../command.ts';
import { confirm } from '../confirm.ts';
import { invocation } from '../invocation.ts';
import { print } from '../output.ts';
import { peopleHere } from './people.ts';
import { prepareAgain, stateOf } from './resume.ts';
import { type RunOptions, type StateOptions, lockPlace, openLocks, stateFolder, withState } from './request.ts';

interface ApproveOptions extends StateOptions {
  by: string;
  hash?: string;
  json?: boolean;
}

export function approveCommand(): CliCommand {
  const command = new CliCommand('approve', {
    summary: 'Approve the step that a run waits for.',
    details:
      'Bound to the hash of the plan, which `runbook plan`, the run and `runbook show` print: what is changed afterwards must be approved again. ' +
      'Away from a terminal the hash must be given, so that nobody approves what they have not seen. It expires after 24 hours.',
    example: 'quarterdeck runbook approve 20261121-140502-3f9a1c --by ada --hash 3f2a91c05b7d',
  });
  withState(command)
    .argument('<run>', 'Its name, or the beginning of it.')
    .requiredOption('--by <name>', 'Who approves.')
    .option('--hash <hash>', 'Of the plan that is approved; its first 12 digits will do.');
  return command.action(approve);
}

/** As many digits as the program prints where there is little room. */
const shortestHash = 12;

async function approve(run: string, options: ApproveOptions): Promise<void> {
  const folder = RunFolder.find(stateFolder(options), run);
  const { withClaim } = await import('../../runbook/run/claim.ts');
  const { step, role, hash } = await withClaim(folder, async () => {
    const state = stateOf(folder);
    if (state.waitingFor?.what !== 'approval')
      throw new UsageError(`Run ${folder.run} waits for no approval.`, `quarterdeck runbook show ${folder.run} tells what it waits for.`);
    // Whoever approves looks at the plan, which has the names of secrets, and need not have them.
    const { plan } = await prepareAgain({ file: state.started.file }, state, 'later');
    const { operator } = peopleHere({});
    if (options.hash === undefined && !operator.terminal)
      throw new UsageError('Away from a terminal an approval needs the hash of the plan.', `Look at the plan, and add --hash ${plan.hash}`);
    if (options.hash !== undefined && (options.hash.length < shortestHash || !plan.hash.startsWith(options.hash)))
      throw new UsageError(`The plan is not ${options.hash}, but ${plan.hash}.`, 'Look at what has changed, and approve that.');
    const { step: name, text } = state.waitingFor;
    if (options.hash === undefined)
      await confirm(`Approve ${name} of plan ${plan.hash.slice(0, shortestHash)} as ${options.by} (${text})?`, false);
    const journal = Journal.open<RunEntry>(folder.journal, () => new Date());
    journal.append({ type: 'approval.given', step: name, role: text, plan_hash: plan.hash, by: options.by, operator });
    journal.close();
    return { step: name, role: text, hash: plan.hash };
  });
  print(
    options.json,
    { run: folder.run, step, role, hash, by: options.by },
    () => `${options.by} approved ${step} of run ${folder.run} as ${role}.\nTo go on: ${invocation} runbook resume ${folder.run}`,
  );
}

interface UnlockOptions extends Pick<RunOptions, 'state' | 'lockStore' | 'json'> {
  force?: boolean;
  why?: string;
}

export function unlockCommand(): CliCommand {
  const command = new CliCommand('unlock', {
    summary: 'Take a lock away from the run that holds it.',
    details:
      'For a run that nobody will go on with, on a machine that is gone: a run that is still at work stops when it notices. What it was in the middle of stays as it is.',
    example: 'quarterdeck runbook unlock deploy-staging --force --why "the machine is gone"',
  });
  withState(command)
    .argument('<lock>', 'Its name, as the runbook and `runbook plan` say it.')
    .option('--lock-store <place>', 'Where the lock is kept (default: QUARTERDECK_LOCK_STORE, or the state folder of this user).')
    .option('--force', 'Needed: nobody may be in the middle of a change.')
    .option('--why <reason>', 'Needed: it is in the journal of the run.');
  return command.action(unlock);
}

async function unlock(key: string, options: UnlockOptions): Promise<void> {
  const { force, why } = options;
  if (force !== true || why === undefined || why.trim() === '')
    throw new UsageError(
      'A lock is taken away only with --force and --why.',
      'Better end its run: quarterdeck runbook resume, undo or abort.',
    );
  const store = await openLocks(lockPlace(options));
  try {
    const [{ forceLock }, { ownerOf }] = await Promise.all([import('../../runbook/lock/lock.ts'), import('../../runbook/run/claim.ts')]);
    const held = await forceLock(store, key, ownerOf('unlock'));
    if (held === undefined) throw new UsageError(`Nobody holds the lock ${key} in ${store.name}.`, 'Check its name, and --lock-store.');
    const { run, host } = held.owner;
    const journalled = host === hostname() && (await writeDown(RunFolder.at(stateFolder(options), run), why));
    const where = journalled ? '' : `\nThe journal of that run is not here or is being written, so write down why yourself: ${why}`;
    print(options.json, { lock: key, run, fence: held.fence, journalled }, () => `The lock ${key} was taken from run ${run}.${where}`);
  } finally {
    await store.close();
  }
}

/** false: there is no such run here, or it is at work. */
async function writeDown(folder: RunFolder | undefined, why: string): Promise<boolean> {
  if (folder === undefined) return false;
  const { RunIsBusy, withClaim } = await import('../../runbook/run/claim.ts');
  try {
    return await withClaim(folder, async () => {
      const journal = Journal.open<RunEntry>(folder.journal, () => new Date());
      journal.append({ type: 'lock.forced', why, operator: peopleHere({}).operator });
      journal.close();
      return true;
    });
  } catch (error) {
    if (error instanceof RunIsBusy) return false;
    throw error;
  }
}
