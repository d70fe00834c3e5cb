/** Where a command works: on the data of this machine, through the server that has it open, or on a remote server. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Option } from 'commander';
import type { EffectiveSettings } from '../platform/config/read.ts';
import { UsageError } from './command.ts';
import { withProgress } from './progress.ts';
import { type ParsedOptions, commandLog, settingOption, settingsOf } from './settings.ts';

/** What every command has that touches data. */
export interface PlaceOptions extends ParsedOptions {
  json?: boolean;
  data?: string;
  url?: string;
}

export const dataOption = (): Option => settingOption('data');

export const urlOption = (): Option =>
  new Option(
    '--url <url>',
    'Ask the server at this address, with the credential in QUARTERDECK_TOKEN, instead of the data of this machine.',
  );

/** For commands that no remote server offers: whoever tries it is told why, instead of "unknown option". */
export const noUrlOption = (): Option => urlOption().hideHelp();

/** @throws UsageError when --url was given; `why` says what it would take */
export function refuseUrl({ url }: PlaceOptions, why: string): void {
  if (url === undefined) return;
  throw new UsageError(
    `--url is not for this command: ${why}`,
    'Run it on the machine of the server, or where DATABASE_URL reaches its database.',
  );
}

/**
 * The result of an administration command, from the server that has the data open, or else from this process.
 * @throws Problem or Error as the command does
 */
export async function askData(effective: EffectiveSettings, name: string, input: unknown, doing: string): Promise<unknown> {
  const { runCommand } = await import('../server/attach.ts');
  const log = commandLog(effective);
  return withProgress(doing, (report) => runCommand({ effective, log, name, input, onProgress: report }));
}

/** The same for data that must exist already: a misspelt folder must not become an empty database. */
export async function askExistingData(options: PlaceOptions, name: string, input: unknown, doing: string): Promise<unknown> {
  const effective = settingsOf(options);
  await requireData(effective);
  return askData(effective, name, input, doing);
}

/** @throws Error when there is neither a database in the folder nor a server that knows another one */
export async function requireData(effective: EffectiveSettings): Promise<void> {
  const { settings } = effective;
  if (settings.databaseUrl !== undefined || hasEmbeddedDatabase(settings.data)) return;
  const { findServer } = await import('../server/attach.ts');
  if ((await findServer(settings)) !== undefined) return;
  throw new Error(
    `There is no database in ${resolve(settings.data)}. Choose the data folder with --data, set DATABASE_URL, or make a database with \`quarterdeck start\`.`,
  );
}

export function hasEmbeddedDatabase(data: string): boolean {
  return existsSync(join(data, 'database'));
}
