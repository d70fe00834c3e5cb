/** `quarterdeck database`: what an incident makes necessary on PostgreSQL. */

import { CliCommand, UsageError } from './command.ts';
import { durationOf, optionOf, secretFrom } from './options.ts';
import { print } from './output.ts';
import { withProgress } from './progress.ts';
import { settingsOf } from './settings.ts';

export interface DatabaseOptions {
  json?: boolean;
  urlEnv?: string;
  timeout: number;
}

const defaultTimeoutMs = 10_000;

export function databaseGroup(): CliCommand {
  const group = new CliCommand('database', { summary: 'What an incident makes necessary on PostgreSQL.' });
  const commands = [endSessionCommand(), setPasswordCommand(), endSessionsCommand(), dropSlotCommand()];
  for (const command of commands) group.addCommand(command);
  return group;
}

function endSessionCommand(): CliCommand {
  const command = new CliCommand('end-session', {
    summary: 'End one session, such as a forgotten transaction that others wait for. What it has not committed is undone.',
    details: 'Only the very session that was seen: when it has ended by itself, and its number belongs to another one, nothing happens.',
    example: 'quarterdeck database end-session 4711@2026-11-21T10:00:00.123456Z',
  });
  command.argument('<session>', 'As `quarterdeck check locks` names it: PID@START.');
  return withDatabase(command).action(async (session: string, options: DatabaseOptions) => {
    if (!/^\d+@\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(session))
      throw new UsageError(`${session} names no session.`, 'Write PID@START, as `quarterdeck check locks` does.');
    const { endSession } = await import('../production/database/session.ts');
    const result = await withProgress('ending it', () => endSession(urlOf(options), session, options.timeout));
    print(options.json, { session, result }, () =>
      result === 'ended' ? `Ended ${session}.` : `${session} has ended by itself; nothing was done.`,
    );
  });
}

function setPasswordCommand(): CliCommand {
  const command = new CliCommand('set-password', {
    summary: 'Give the user of the address the password of a new address, for when the old one leaked.',
    details:
      'The server gets what it keeps of a password, never the password itself. Sessions that are open go on; `end-sessions` ends them. Connections that are opened with the old one fail from now on.',
    example: 'quarterdeck database set-password --new-url-env NEW_DATABASE_URL',
  });
  command.requiredOption('--new-url-env <name>', 'Variable with the new address, which differs in its password alone.');
  return withDatabase(command).action(async (options: DatabaseOptions & { newUrlEnv: string }) => {
    const { setPassword } = await import('../production/database/password.ts');
    const newUrl = secretFrom(options.newUrlEnv) ?? '';
    const result = await withProgress('changing it', () => setPassword(urlOf(options), newUrl, options.timeout));
    print(options.json, result, () => `${result.role} has a new password since ${result.changed_at}.`);
  });
}

function endSessionsCommand(): CliCommand {
  const command = new CliCommand('end-sessions', {
    summary: 'End all sessions of this user that were opened before a moment, such as with a password that leaked.',
    example: 'quarterdeck database end-sessions --opened-before 2026-11-21T10:00:00Z',
  });
  command.requiredOption('--opened-before <moment>', 'As RFC 3339 writes it.', momentOf);
  return withDatabase(command).action(async (options: DatabaseOptions & { openedBefore: string }) => {
    const { endSessionsBefore } = await import('../production/database/password.ts');
    const ended = await withProgress('ending them', () => endSessionsBefore(urlOf(options), options.openedBefore, options.timeout));
    print(options.json, { ended }, () => `Ended ${ended} sessions.`);
  });
}

function momentOf(text: string): string {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw new UsageError(`${text} is no moment.`, 'Write for example 2026-11-21T10:00:00Z.');
}

function dropSlotCommand(): CliCommand {
  const command = new CliCommand('drop-slot', {
    summary: 'Drop a replication slot that nobody reads, so that the log that is kept for it can go. Its reader has to begin anew.',
    details: 'PostgreSQL refuses it while somebody reads the slot. Needs a superuser, or a user with REPLICATION.',
    example: 'quarterdeck database drop-slot forgotten_standby',
  });
  command.argument('<slot>', 'As `quarterdeck check wal` names it.');
  return withDatabase(command).action(async (slot: string, options: DatabaseOptions) => {
    const { dropSlot } = await import('../production/database/slot.ts');
    const result = await withProgress('dropping it', () => dropSlot(urlOf(options), slot, options.timeout));
    print(options.json, { slot, result }, () =>
      result === 'dropped' ? `Dropped ${slot}.` : `There is no slot ${slot} any more; nothing was done.`,
    );
  });
}

export function withDatabase(command: CliCommand): CliCommand {
  command
    .option('--url-env <name>', 'Variable with the address of the PostgreSQL. (default: DATABASE_URL, also from .env)')
    .addOption(optionOf('--timeout <duration>', 'For each answer that it waits for.', durationOf, defaultTimeoutMs, '10s'));
  return command;
}

/** @throws UsageError when there is none */
export function urlOf({ urlEnv }: Pick<DatabaseOptions, 'urlEnv'>): string {
  const url = secretFrom(urlEnv) ?? settingsOf({}).settings.databaseUrl;
  if (url === undefined) throw new UsageError('DATABASE_URL is not set.', 'Set it, or name another variable with --url-env.');
  return url;
}
