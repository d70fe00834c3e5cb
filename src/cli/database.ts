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
  return group.addCommand(endSessionCommand());
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
