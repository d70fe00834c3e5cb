/** `quarterdeck migrate`: the tables of the database, brought up to this version or taken back. */

import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { CliCommand, UsageError } from './command.ts';
import { confirm } from './confirm.ts';
import { moment, print, style, table } from './output.ts';
import { type PlaceOptions, askData, askExistingData, dataOption, noUrlOption, refuseUrl } from './place.ts';
import { settingsOf } from './settings.ts';
import { migrationStatus } from './views.ts';

interface DownOptions extends PlaceOptions {
  steps?: number;
  to?: string;
  yes?: boolean;
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
    details: 'Any number of processes may do this at once: each migration is run by one of them, in one transaction.',
    example: 'quarterdeck migrate up',
  });
  return command.action(async (options: PlaceOptions) => {
    refuse(options);
    const applied = z.array(z.string()).parse(await askData(settingsOf(options), 'migrate up', {}, 'migrating'));
    print(options.json, { applied }, () =>
      applied.length === 0 ? 'The database is up to date.' : applied.map((name) => `${style('green', 'applied')}  ${name}`).join('\n'),
    );
  });
}

function downCommand(): CliCommand {
  const command = new CliCommand('down', {
    summary: 'Undo the newest migration, or more. What is in the tables that it made is deleted.',
    details: 'Refused while a server runs on the embedded database. At a terminal it asks first.',
    example: 'quarterdeck migrate down --steps 1 --yes',
  });
  command
    .option('--steps <number>', 'How many to undo. (default: 1)', positive)
    .option('--to <migration>', 'Undo what came after this one, which stays.')
    .option('--yes', 'Do not ask.');
  return command.action(async (options: DownOptions) => {
    refuse(options);
    const { steps, to } = options;
    if (steps !== undefined && to !== undefined) throw new UsageError('--steps and --to say different things.', 'Give one of them.');
    const which = to === undefined ? `the newest ${steps ?? 1}` : `those after ${to}`;
    await confirm(`Undo ${which} and delete what is in their tables?`, options.yes);
    const undone = z.array(z.string()).parse(await askExistingData(options, 'migrate down', { steps, to }, 'undoing'));
    print(options.json, { undone }, () =>
      undone.length === 0 ? 'There was nothing to undo.' : undone.map((name) => `${style('yellow', 'undone')}  ${name}`).join('\n'),
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

function statusText({ applied, pending, unknown }: z.output<typeof migrationStatus>): string {
  const rows = [
    ...applied.map(({ name, applied_at }) => ({
      name,
      state: unknown.includes(name) ? 'of a newer version' : 'applied',
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
