/** `quarterdeck release deploy`: a version goes live, or gets a share. */

import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { Option } from 'commander';
import { type Strategy, strategies } from '../../production/release/changes.ts';
import type { VersionSpec } from '../../production/release/desired.ts';
import type { ChangeAnswer } from '../../production/release/serve.ts';
import { CliCommand, UsageError } from '../command.ts';
import { durationOf, optionOf } from '../options.ts';
import { print } from '../output.ts';
import { statusText } from './picture.ts';
import { type ReleaseOptions, askSupervisor, withState } from './place.ts';

interface DeployOptions extends ReleaseOptions {
  version: string;
  command: string;
  cwd: string;
  env: Record<string, string>;
  envFrom?: string;
  replicas: number;
  strategy: Strategy;
  weight: number;
  health: string;
  deployTimeout: number;
  drainTimeout: number;
  stopTimeout: number;
  healthTimeout: number;
  hangTimeout: number;
}

export function deployCommand(): CliCommand {
  const command = new CliCommand('deploy', {
    summary: 'Release a version: it gets requests once all its replicas are healthy, and never before.',
    details:
      'rolling replaces one replica after the other. blue-green starts all of the new version beside the old, switches at once, and keeps the old one running to go back to. ' +
      'canary gives the new version a share and waits for `shift`, `promote` or `rollback`.\n\n' +
      'The command gets PORT and HOST, beside the environment of the supervisor. It must listen there, answer the health path with 2xx when it can serve, ' +
      'and end in order when it is sent SIGTERM. When it does not become healthy, what was live has never stopped.',
    example: 'quarterdeck release deploy --state ./release --version v2 --command "node server.js" --cwd ./v2 --replicas 3',
  });
  withState(command)
    .requiredOption('--version <name>', 'What to call it; metrics have it as a label.')
    .requiredOption('--command <command>', 'How one replica is started, for bash.')
    .option('--cwd <folder>', 'Where it is started.', '.')
    .option(
      '--env <name=value>',
      'For its environment; repeat it for more. Not for secrets: whoever may list processes sees them.',
      gather,
      {},
    )
    .option('--env-from <file>', 'More of its environment, such as secrets, in the form of a .env file.')
    .option('--replicas <count>', 'How many processes.', whole(1, 64), 3)
    .addOption(new Option('--strategy <strategy>', 'How it takes over.').choices(strategies).default('rolling'))
    .option('--weight <percent>', 'Share of a canary.', percentFrom, 10)
    .option(
      '--health <path>',
      'What answers 2xx when a replica can serve; mcp:/mcp for an MCP server that has no such path.',
      '/health/ready',
    )
    .addOption(
      optionOf('--deploy-timeout <duration>', 'For all replicas to be healthy (of each, when it is rolling).', durationOf, 30_000, '30s'),
    )
    .addOption(
      optionOf(
        '--drain-timeout <duration>',
        'For requests in flight on a replica that goes, before they are cut.',
        durationOf,
        30_000,
        '30s',
      ),
    )
    .addOption(optionOf('--stop-timeout <duration>', 'From SIGTERM to SIGKILL.', durationOf, 15_000, '15s'))
    .addOption(optionOf('--health-timeout <duration>', 'For one answer to a check of health.', durationOf, 5_000, '5s'))
    .addOption(
      optionOf(
        '--hang-timeout <duration>',
        'Without any answer, before a replica that was healthy is killed and started again.',
        durationOf,
        30_000,
        '30s',
      ),
    );
  return command.action(deploy);
}

async function deploy(options: DeployOptions): Promise<void> {
  const { strategy, weight, version } = options;
  const input = { spec: specOf(options), strategy, weight };
  const answer = (await askSupervisor(options, 'deploy', input, `releasing ${version}`)) as ChangeAnswer;
  print(options.json, answer, () => statusText(answer));
}

function specOf(options: DeployOptions): VersionSpec {
  const cwd = resolve(options.cwd);
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new UsageError(`There is no folder ${cwd}.`, 'Say with --cwd where the command is to be started.');
  if (!/^(?:mcp:)?\//.test(options.health))
    throw new UsageError(`${options.health} is no path.`, 'Write for example --health /health/ready, or --health mcp:/mcp.');
  return {
    version: options.version,
    command: options.command,
    cwd,
    environment: { ...fileEnvironment(options.envFrom), ...options.env },
    replicas: options.replicas,
    health: options.health,
    patience: {
      deploy: options.deployTimeout,
      drain: options.drainTimeout,
      stop: options.stopTimeout,
      health: options.healthTimeout,
      hang: options.hangTimeout,
    },
  };
}

function fileEnvironment(file: string | undefined): Record<string, string> {
  if (file === undefined) return {};
  try {
    return { ...parseEnv(readFileSync(file, 'utf8')) } as Record<string, string>;
  } catch (error) {
    throw new UsageError(
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
      'Name a .env file with --env-from.',
    );
  }
}

function gather(text: string, before: Record<string, string>): Record<string, string> {
  const [, name, value = ''] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new UsageError(`${text} is not NAME=value.`, 'Write for example --env LOG_LEVEL=warn.');
  return { ...before, [name]: value };
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (!Number.isInteger(count) || count < least || count > most)
      throw new UsageError(`${text} is no number from ${least} to ${most}.`, 'Write a whole number.');
    return count;
  };
}

export const percentFrom = whole(1, 99);
