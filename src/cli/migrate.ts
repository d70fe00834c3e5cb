/** `quarterdeck migrate`: the tables of the database, brought up to this version or taken back. */

import { InvalidArgumentError } from 'commander';
import type { z } from 'zod';
import { lossText } from '../platform/database/loss-text.ts';
import { defaultMigrationLockMs } from '../platform/database/requirements.ts';
import { CliCommand, UsageError } from './command.ts';
import { confirm } from './confirm.ts';
import { durationOf, optionOf } from './options.ts';
import { moment, print, style, table } from './output.ts';
import { type PlaceOptions, askData, askExistingData, dataOption, noUrlOption, refuseUrl } from './place.ts';
import { settingsOf } from './settings.ts';
import { migratedDown, migratedUp, migrationStatus } from './views.ts';

interface DownOptions extends PlaceOptions {
  steps?: number;
  to?: string;
  loseData?: boolean;
  yes?: boolean;
}

interface UpOptions extends PlaceOptions {
  lockTimeout: number;
  endBlockers?: boolean;
}

export function migrateCommand(): CliCommand {
  const group = new CliCommand('migrate', { summary: 'Migrations of the database.' });
  for (const command of [upCommand(), downCommand(), statusCommand()])
    group.addCommand(command.addOption(dataOption()).addOption(noUrlOption()));
  return group;
}

function upCommand(): CliCommand {
  const command = new CliCommand('up', {
    summary: 'Run what is pending. Makes the embedded database where there is none.',
    details:
      'Any number of processes may do this at once: each migration is run by one of them, in one transaction, so one that fails leaves nothing of itself. ' +
      'One that waits for a lock holds up everybody who comes after it, so it gives up soon, and says who has the lock. `check migrations --try` says beforehand whether it would work.',
    example: 'quarterdeck migrate up',
  });
  command
    .addOption(
      optionOf('--lock-timeout <duration>', 'How long one migration may wait for a lock.', durationOf, defaultMigrationLockMs, '5s'),
    )
    .option(
      '--end-blockers',
      'End the sessions that hold it up, after half of that time: what they have not committed is lost. Needs their own user, or pg_signal_backend.',
    );
  return command.action(async (options: UpOptions) => {
    refuse(options);
    const input = { lock_timeout_ms: options.lockTimeout, end_blockers: options.endBlockers };
    const result = migratedUp.parse(await askData(settingsOf(options), 'migrate up', input, 'migrating'));
    const { applied, ended } = result;
    print(options.json, result, () =>
      [
        ...ended.map(({ pid }) => `${style('yellow', 'ended')}    the session ${pid}, which held it up`),
        ...(applied.length === 0 ? ['The database is up to date.'] : applied.map((name) => `${style('green', 'applied')}  ${name}`)),
      ].join('\n'),
    );
  });
}

function downCommand(): CliCommand {
  const command = new CliCommand('down', {
    summary: 'Undo the newest migration, or more. What would be deleted is named first, and needs --lose-data.',
    details: 'Refused while a server runs on the embedded database. At a terminal it asks first.',
    example: 'quarterdeck migrate down --steps 1 --yes',
  });
  command
    .option('--steps <number>', 'How many to undo. (default: 1)', positive)
    .option('--to <migration>', 'Undo what came after this one, which stays.')
    .option('--lose-data', 'Go back although tables or columns are deleted with what is in them.')
    .option('--yes', 'Do not ask.');
  return command.action(async (options: DownOptions) => {
    refuse(options);
    const { steps, to, loseData } = options;
    if (steps !== undefined && to !== undefined) throw new UsageError('--steps and --to say different things.', 'Give one of them.');
    const which = to === undefined ? `the newest ${steps ?? 1}` : `those after ${to}`;
    await confirm(`Undo ${which}?`, options.yes);
    const result = migratedDown.parse(await askExistingData(options, 'migrate down', { steps, to, lose_data: loseData }, 'undoing'));
    const { undone, lost } = result;
    print(options.json, result, () =>
      undone.length === 0
        ? 'There was nothing to undo.'
        : [
            ...undone.map((name) => `${style('yellow', 'undone')}  ${name}`),
            ...(lost.length === 0 ? [] : [`${style('red', 'deleted')} ${lossText(lost)}`]),
          ].join('\n'),
    );
  });
}

function statusCommand(): CliCommand {
  const command = new CliCommand('status', {
    summary: 'Show which migrations were run, and which were not.',
    example: 'quarterdeck migrate status',
  });
  return command.action(async (options: PlaceOptions) => {
    refuse(options);
    const result = await askExistingData(options, 'migrate status', {}, 'reading the migrations');
    print(options.json, result, () => statusText(migrationStatus.parse(result)));
  });
}

function statusText({ applied, pending, unknown, incompatible }: z.output<typeof migrationStatus>): string {
  const rows = [
    ...applied.map(({ name, applied_at }) => ({
      name,
      state: incompatible.includes(name)
        ? 'of a newer version'
        : unknown.includes(name)
          ? 'of a newer version, which this one works with'
          : 'applied',
      at: moment(applied_at, ''),
    })),
    ...pending.map((name) => ({ name, state: 'pending', at: '' })),
  ];
  return table(
    rows,
    [
      { title: 'migration', value: ({ name }) => name },
      { title: 'state', value: ({ state }) => state, color: ({ state }) => (state === 'applied' ? 'green' : 'yellow') },
      { title: 'at', value: ({ at }) => at },
    ],
    'There are no migrations.',
  );
}

function refuse(options: PlaceOptions): void {
  refuseUrl(options, 'migrations need the database itself.');
}

function positive(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a number of migrations, 1 or more.');
}
