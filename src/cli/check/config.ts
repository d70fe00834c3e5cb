/** `quarterdeck check config`: the settings of a place, before anything runs there. */

import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { type CliCommand, UsageError } from '../command.ts';
import { collect } from '../options.ts';
import { type CheckOptions, checkCommand, runCheck } from './run.ts';

interface ConfigOptions extends CheckOptions {
  envFrom?: string;
  require?: string[];
  secret?: string[];
}

export function configCheckCommand(): CliCommand {
  const command = checkCommand('config', {
    summary: 'Whether every setting is there that this place needs, and whether its secrets are long enough and not well known.',
    details:
      'From the environment and `.env`, as a server that is started here would read them, or from the file that --env-from names, and nothing else. No secret is printed.',
    example: 'quarterdeck check config',
  });
  command
    .option('--env-from <file>', 'A file of NAME=value lines, as containers and systemd read them, in place of the environment.')
    .option('--require <name>', 'A variable that must be set as well. May be given several times.', collect)
    .option('--secret <name>', 'A variable that must hold a good secret as well. May be given several times.', collect);
  return command.action(async (options: ConfigOptions) => {
    const { envFrom, require: required = [], secret: secrets = [] } = options;
    if (envFrom !== undefined && !existsSync(envFrom)) throw new UsageError(`There is no file ${envFrom}.`, 'Check --env-from.');
    const variables = envFrom === undefined ? { ...readHere(), ...process.env } : parseEnv(readFileSync(envFrom, 'utf8'));
    const inputs = envFrom === undefined ? {} : { environment: {}, envFile: envFrom };
    await runCheck(options, 'reading the settings', async () => {
      const { checkConfig } = await import('../../production/check/config.ts');
      return checkConfig({ inputs, variables, required, secrets });
    });
  });
}

function readHere(): Record<string, string | undefined> {
  return existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {};
}
