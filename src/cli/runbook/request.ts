/** Puts together what a run needs: from the options of the command, the terminal, and this process. */

import { resolve } from 'node:path';
import type { Runbook } from '../../runbook/document.ts';
import type { FrontMatter } from '../../runbook/parse/front-matter.ts';
import { defaultGraceMs } from '../../runbook/run/process.ts';
import type { HeldLock } from '../../runbook/run/records.ts';
import type { End } from '../../runbook/run/run.ts';
import type { RunRequest } from '../../runbook/run/request.ts';
import { defaultLeaseMs } from '../../runbook/lock/lock.ts';
import type { LockStore } from '../../runbook/lock/store.ts';
import { type Parent, parentOf } from '../../runbook/run/children.ts';
import { defaultStateFolder } from '../../runbook/run/folder.ts';
import { type CliCommand, UsageError } from '../command.ts';
import { version } from '../invocation.ts';
import { durationOf } from '../options.ts';
import { listenForStop } from '../stop.ts';
import { type PeopleOptions, peopleHere } from './people.ts';
import { endText } from './ending.ts';
import type { Prepared } from './prepare.ts';
import { createWatcher } from './watcher.ts';

export interface StateOptions {
  state?: string;
}

export interface RunOptions extends PeopleOptions, StateOptions {
  json?: boolean;
  lockStore?: string;
  lockLease?: number;
  grace?: number;
}

/** Where runs are kept. */
export function withState(command: CliCommand): CliCommand {
  command.option('--state <folder>', 'Where runs are kept (default: the state folder of this user).');
  return command;
}

/** Where locks are kept, and how patient a run is. */
export function withRunning(command: CliCommand): CliCommand {
  withState(command)
    .option(
      '--lock-store <place>',
      'A postgres:// URL that a team shares, or a folder (default: QUARTERDECK_LOCK_STORE, or the state folder of this user).',
    )
    .option('--lock-lease <duration>', 'How long a lock outlives a run that died before its first change (default: 30s).', durationOf)
    .option('--grace <duration>', 'How long a step that is ended has to tidy up, between TERM and KILL (default: 10s).', durationOf)
    .option('--yes', 'Answer every confirmation with yes; needs --by. Approvals are never answered.')
    .option('--by <name>', 'In whose name answers are given (default: this user).');
  return command;
}

export function stateFolder({ state }: StateOptions): string {
  return resolve(state ?? parentOf(process.env)?.state ?? defaultStateFolder(process.env));
}

/** Where locks are kept, unless the command or the environment says otherwise. */
export function lockPlace({ lockStore }: Pick<RunOptions, 'lockStore'>, recorded?: HeldLock | null): string {
  const said = lockStore ?? process.env['QUARTERDECK_LOCK_STORE'];
  if (said !== undefined && said !== '') return said;
  return recorded?.store ?? resolve(defaultStateFolder(process.env), 'locks');
}

/** @throws UsageError when there is no way to it */
export async function openLocks(place: string): Promise<LockStore> {
  if (!/^postgres(ql)?:/.test(place)) {
    const { fileLocks } = await import('../../runbook/lock/files.ts');
    return fileLocks(resolve(place));
  }
  const { postgresLocks } = await import('../../runbook/lock/postgres.ts');
  try {
    return await postgresLocks(place);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `The lock store cannot be reached: ${why}.`,
      'Check --lock-store, and that its database takes connections from here. Nothing was run.',
    );
  }
}

/** The words that start this program; a step calls it by its name. */
const program = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];

export interface Asked {
  readonly prepared: Prepared;
  readonly options: RunOptions;
  /** Absolute. */
  readonly file: string;
  /** Whether a failure is rolled back. */
  readonly undo: boolean;
  readonly repository: string;
  readonly changedSecrets: readonly string[];
  /** As the run began with it. */
  readonly recordedLock?: HeldLock | null;
}

/** A runbook that says nothing of notifications is told about as the runbook that runs it says. */
function notificationsOf({ front }: Runbook, parent: Parent | undefined): FrontMatter['notify'] {
  return front.notify.length === 0 && parent !== undefined ? parent.notify : front.notify;
}

/** Works with what a run needs, and prints its last line. The exit status is the run's. */
export async function withRequest(
  run: string,
  { prepared, options, ...rest }: Asked,
  work: (request: RunRequest) => Promise<End>,
): Promise<void> {
  const { runbook, plan, inputs } = prepared;
  const parent = parentOf(process.env);
  const key = runbook.front.lock;
  const store = key === undefined ? undefined : await openLocks(lockPlace(options, rest.recordedLock));
  const people = peopleHere(options, parent?.confirmedBy);
  const [{ createRedactor }, { eventsOn, showOn }] = await Promise.all([
    import('../../runbook/redact/redactor.ts'),
    import('./display.ts'),
  ]);
  const redactor = createRedactor();
  for (const { name, value, secret } of inputs) if (secret && value !== '') redactor.add(name, value);
  const display = options.json === true ? eventsOn(process.stdout) : showOn(process.stdout, plan);
  const notify = notificationsOf(runbook, parent);
  const watcher = await createWatcher(run, {
    display,
    redactor,
    runbook,
    plan,
    operator: people.operator,
    notify,
  });
  try {
    const end = await work({
      runbook,
      plan,
      inputs,
      ...rest,
      redactor,
      lock: key === undefined || store === undefined ? undefined : { store, key },
      leaseMs: options.lockLease ?? defaultLeaseMs,
      graceMs: options.grace ?? defaultGraceMs,
      parent,
      people,
      watcher,
      notify,
      signal: listenForStop().signal,
      environment: process.env,
      version,
      program,
    });
    display.rest();
    process.stdout.write(
      options.json === true ? `${JSON.stringify({ event: 'run.finished', run, ...end })}\n` : `\n${endText(run, end, plan)}\n`,
    );
    process.exitCode = end.exit;
  } finally {
    display.rest();
    await store?.close();
  }
}
