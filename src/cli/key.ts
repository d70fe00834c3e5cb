/** `quarterdeck key`: API keys, with which agents act on behalf of a person. */

import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { CliCommand, UsageError } from './command.ts';
import { type KeyStore, openKeys } from './keys.ts';
import { type Column, moment, print, table } from './output.ts';
import { type PlaceOptions, askExistingData, dataOption, noUrlOption, refuseUrl, urlOption } from './place.ts';
import { type Key, newKey } from './views.ts';

interface OwnerOptions extends PlaceOptions {
  user?: string;
  workspace?: string;
}

interface CreateOptions extends OwnerOptions {
  name: string;
  scopes?: string[];
  toolsets?: string[];
  expires?: number;
}

interface ChosenOptions extends OwnerOptions {
  name?: string;
}

export function keyCommand(): CliCommand {
  const group = new CliCommand('key', { summary: 'API keys of agents.' });
  for (const command of [createCommand(), listCommand(), rotateCommand(), revokeCommand()])
    group.addCommand(
      command
        .option('--user <address>', 'On whose behalf. (default: the operator)')
        .option('--workspace <workspace>', 'In which workspace of that person, by id or name. (default: their own)')
        .addOption(dataOption())
        .addOption(urlOption()),
    );
  return group.addCommand(rotateSigningCommand());
}

function createCommand(): CliCommand {
  const command = new CliCommand('create', {
    summary: 'Make a key and print it, once.',
    details: 'The key alone goes to standard output, what is to know about it to standard error.',
    example: 'quarterdeck key create --name "Build agent" --scopes tasks:read,tasks:write --expires 90d',
  });
  command
    .requiredOption('--name <name>', 'How the agent appears in tasks and events.')
    .option('--scopes <scopes>', 'What it may do, comma-separated. (default: what the role of its maker allows)', list)
    .option('--toolsets <toolsets>', 'Which toolsets it sees, comma-separated. (default: all)', list)
    .option('--expires <days>', 'When it ends, in days: 90d. (default: never)', days);
  return command.action(async (options: CreateOptions) => {
    const { name, scopes, toolsets, expires } = options;
    const made = await openKeys(options).create({ name, scopes, toolsets, expires_in_days: expires });
    show(options, made, (view) => `Made the key ${view.name} (${view.id}). ${expiryOf(view)} It is shown only this once.`);
  });
}

function listCommand(): CliCommand {
  const command = new CliCommand('list', { summary: 'List the keys, without their secrets.', example: 'quarterdeck key list' });
  return command.action(async (options: OwnerOptions) => {
    const keys = await openKeys(options).list();
    const none = 'There is no key yet. `quarterdeck key create --name "My agent"` makes one.';
    print(options.json, { keys }, () => table(keys, columns, none));
  });
}

function rotateCommand(): CliCommand {
  const command = new CliCommand('rotate', {
    summary: 'Give a key a new secret and print it, once; the old one ends within five seconds.',
    example: 'quarterdeck key rotate --name "Build agent"',
  });
  return chosen(command, async (options, keys, key_id) => {
    const made = await keys.rotate(key_id);
    show(
      options,
      made,
      ({ name }) => `The key ${name} has a new secret. The old one ends within five seconds. It is shown only this once.`,
    );
  });
}

function revokeCommand(): CliCommand {
  const command = new CliCommand('revoke', {
    summary: 'End a key for good, within five seconds everywhere.',
    example: 'quarterdeck key revoke --name "Build agent"',
  });
  return chosen(command, async (options, keys, key_id) => {
    const result = await keys.revoke(key_id);
    print(options.json, result, () => `Revoked the key ${key_id}.`);
  });
}

function rotateSigningCommand(): CliCommand {
  const command = new CliCommand('rotate-signing', {
    summary: 'Withdraw the keys that session tokens are signed with; the next token makes a new one.',
    details:
      'For when they may have leaked; by itself a new one is made every 90 days. Session tokens end within a minute, so everybody signs in again; API keys and connected apps go on.',
    example: 'quarterdeck key rotate-signing',
  });
  return command
    .addOption(dataOption())
    .addOption(noUrlOption())
    .action(async (options: PlaceOptions) => {
      refuseUrl(options, 'the signing keys belong to the installation.');
      const result = await askExistingData(options, 'key rotate-signing', {}, 'withdrawing the signing keys');
      const { withdrawn } = z.object({ withdrawn: z.int() }).parse(result);
      print(
        options.json,
        result,
        () => `Withdrew ${withdrawn === 1 ? 'the signing key' : `${withdrawn} signing keys`}. Tokens of before end within a minute.`,
      );
    });
}

/** A command on one key, named by its id or, where that is enough, by its name. */
function chosen(command: CliCommand, work: (options: ChosenOptions, keys: KeyStore, key_id: string) => Promise<void>): CliCommand {
  command.argument('[key]', 'Id or name of the key, as `quarterdeck key list` shows it.').option('--name <name>', 'The same.');
  return command.action(async (argument: string | undefined, options: ChosenOptions) => {
    const wanted = argument ?? options.name;
    if (wanted === undefined) throw new UsageError('No key was named.', 'Give its id or name; `quarterdeck key list` shows them.');
    const keys = openKeys(options);
    await work(options, keys, await keys.find(wanted));
  });
}

function show({ json }: PlaceOptions, made: unknown, about: (view: z.output<typeof newKey>) => string): void {
  const view = newKey.parse(made);
  print(json, made, () => view.key);
  if (json !== true) process.stderr.write(`${about(view)}\n`);
}

const columns: Column<Key>[] = [
  { title: 'name', value: ({ name }) => name },
  { title: 'key', value: ({ prefix }) => `${prefix}…` },
  { title: 'scopes', value: ({ scopes }) => scopes?.join(', ') ?? 'all of its maker' },
  { title: 'toolsets', value: ({ toolsets }) => toolsets?.join(', ') ?? 'all' },
  { title: 'ends', value: ({ expires_at }) => moment(expires_at, 'never') },
  { title: 'last used', value: ({ last_used_at }) => moment(last_used_at, 'never') },
  { title: 'id', value: ({ id }) => id },
];

function expiryOf({ expires_at }: Key): string {
  return expires_at === null ? 'It does not end by itself.' : `It ends at ${moment(expires_at, '')}.`;
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function days(text: string): number {
  const [, count] = /^(\d{1,4})d?$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError('It is a number of days, like 90d.');
  return Number(count);
}
