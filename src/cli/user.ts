/** `quarterdeck user`: the accounts of an installation, for whoever runs it. */

import { Option } from 'commander';
import { z } from 'zod';
import { roles } from '../platform/identity/principal.ts';
import { CliCommand } from './command.ts';
import { type Column, moment, oneLine, print, table } from './output.ts';
import { passwordOption, readPassword } from './password.ts';
import { type PlaceOptions, askExistingData, dataOption, noUrlOption, refuseUrl } from './place.ts';
import { type User, user } from './views.ts';

interface CreateOptions extends PlaceOptions {
  email: string;
  name?: string;
  passwordStdin?: boolean;
  workspace?: string;
  role?: string;
}

interface AccountOptions extends PlaceOptions {
  email: string;
  passwordStdin?: boolean;
}

export function userCommand(): CliCommand {
  const group = new CliCommand('user', { summary: 'Accounts of this installation.' });
  for (const command of [createCommand(), listCommand(), passwordCommand(), disableCommand(), enableCommand()])
    group.addCommand(command.addOption(dataOption()).addOption(noUrlOption()));
  return group;
}

function createCommand(): CliCommand {
  const command = new CliCommand('create', {
    summary: 'Make an account, with a workspace of its own or in one that exists.',
    details: 'The password is asked for at a terminal. The first account is the operator of the installation.',
    example: `printf %s 'correct horse battery' | quarterdeck user create --email ada@example.org ${passwordOption}`,
  });
  command
    .requiredOption('--email <address>', 'E-mail address to sign in with.')
    .option('--name <name>', 'How others see the person. (default: the address before the @)')
    .option(passwordOption, 'Read the password from standard input.')
    .option('--workspace <workspace>', 'Id or name of a workspace to join, instead of a new one.')
    .addOption(new Option('--role <role>', 'Role in that workspace. (default: member)').choices(roles));
  return command.action(async (options: CreateOptions) => {
    refuse(options);
    const { email, name, workspace, role } = options;
    const password = await readPassword(options.passwordStdin);
    const result = await askExistingData(options, 'user create', { email, password, name, workspace, role }, 'making the account');
    print(options.json, result, () => {
      const made = z.object({ user }).parse(result).user;
      return `Made the account ${made.email}${made.operator ? ', the operator of this installation,' : ''} in ${workspacesOf(made)}.`;
    });
  });
}

function listCommand(): CliCommand {
  const command = new CliCommand('list', { summary: 'List the accounts.', example: 'quarterdeck user list' });
  return command.action(async (options: PlaceOptions) => {
    refuse(options);
    const result = await askExistingData(options, 'user list', {}, 'reading the accounts');
    print(options.json, result, () => {
      const { users } = z.object({ users: z.array(user) }).parse(result);
      return table(users, columns, 'There is no account yet. `quarterdeck user create --email you@example.org` makes one.');
    });
  });
}

function passwordCommand(): CliCommand {
  const command = new CliCommand('password', {
    summary: 'Set a new password, and end every session of the account.',
    details: 'The password is asked for at a terminal.',
    example: `printf %s 'battery horse correct' | quarterdeck user password --email ada@example.org ${passwordOption}`,
  });
  command
    .requiredOption('--email <address>', 'E-mail address of the account.')
    .option(passwordOption, 'Read the password from standard input.');
  return command.action(async (options: AccountOptions) => {
    refuse(options);
    const { email } = options;
    const password = await readPassword(options.passwordStdin);
    const result = await askExistingData(options, 'user password', { email, password }, 'setting the password');
    print(options.json, result, () => `Changed the password of ${email}. Its sessions end within five seconds; its keys go on.`);
  });
}

function disableCommand(): CliCommand {
  const command = new CliCommand('disable', {
    summary: 'Close an account: its sessions and connections end, its keys are revoked, nobody signs in.',
    details: 'What the person made stays. `quarterdeck user enable` opens the account again.',
    example: 'quarterdeck user disable --email ada@example.org',
  });
  command.requiredOption('--email <address>', 'E-mail address of the account.');
  return command.action(async (options: AccountOptions) => {
    refuse(options);
    const { email } = options;
    const result = await askExistingData(options, 'user disable', { email }, 'closing the account');
    print(options.json, result, () => `Closed the account ${email}. Its sessions, keys and connections end within five seconds.`);
  });
}

function enableCommand(): CliCommand {
  const command = new CliCommand('enable', {
    summary: 'Open a closed account again: the person can sign in.',
    details: 'Keys and connections of before stay ended; the person makes new ones.',
    example: 'quarterdeck user enable --email ada@example.org',
  });
  command.requiredOption('--email <address>', 'E-mail address of the account.');
  return command.action(async (options: AccountOptions) => {
    refuse(options);
    const { email } = options;
    const result = await askExistingData(options, 'user enable', { email }, 'opening the account');
    print(options.json, result, () => `Opened the account ${email} again, with the password that it had.`);
  });
}

function refuse(options: PlaceOptions): void {
  refuseUrl(options, 'accounts belong to the installation, and over REST there are only the members of a workspace (GET /members).');
}

const columns: Column<User>[] = [
  { title: 'e-mail', value: ({ email }) => email },
  { title: 'name', value: ({ name }) => name },
  { title: 'workspaces', value: workspacesOf },
  { title: 'state', value: stateOf, color: ({ disabled }) => (disabled ? 'dim' : undefined) },
  { title: 'since', value: ({ created_at }) => moment(created_at, '') },
];

function stateOf({ disabled, operator }: User): string {
  if (disabled) return 'closed';
  return operator ? 'operator' : 'active';
}

function workspacesOf({ workspaces }: User): string {
  return workspaces.map(({ name, role }) => `${oneLine(name)} (${role})`).join(', ');
}
