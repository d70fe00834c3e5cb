/** Reads the settings from flags, environment and `.env`, and lists everything that is wrong at once. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { checkModels } from './model-settings.ts';
import { type SettingName, type Settings, settingDefinitions } from './settings.ts';

export type SettingSource = 'flag' | 'environment' | '.env' | 'default';

export interface EffectiveSettings {
  settings: Settings;
  sources: Record<SettingName, SettingSource>;
}

/** Raised at start when settings are wrong; the message has one line for each. */
export class SettingsError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `${problems.length === 1 ? 'A setting is' : `${problems.length} settings are`} wrong:\n${problems.map((line) => `  ${line}`).join('\n')}`,
    );
    this.name = 'SettingsError';
    this.problems = problems;
  }
}

export interface SettingInputs {
  /** By setting name, as typed. */
  flags?: Partial<Record<SettingName, string>>;
  environment?: Readonly<Record<string, string | undefined>>;
  /** The folder whose `.env` is read. */
  folder?: string;
  /** Read in place of that `.env`; it must be there. */
  envFile?: string | undefined;
}

/** @throws SettingsError with every problem, and what each setting wants instead. */
export function readSettings({
  flags = {},
  environment = process.env,
  folder = process.cwd(),
  envFile,
}: SettingInputs = {}): EffectiveSettings {
  const file = envFile === undefined ? readEnvFile(folder) : parseEnv(readFileSync(envFile, 'utf8'));
  const problems = unknownVariables(environment, file);
  const values: Record<string, unknown> = {};
  const sources: Record<string, SettingSource> = {};
  for (const [name, definition] of Object.entries(settingDefinitions)) {
    const { text, source, label } = find(name as SettingName, flags, environment, file);
    const parsed = definition.schema.safeParse(text);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(`${label}: ${parsed.error.issues.map((issue) => issue.message).join('; ')}. ${definition.description}`);
    sources[name] = source;
  }
  if (problems.length > 0) throw new SettingsError(problems);
  const settings = values as Settings;
  const together = checkTogether(settings);
  if (together.length > 0) throw new SettingsError(together);
  return { settings, sources };
}

function find(
  name: SettingName,
  flags: Partial<Record<SettingName, string>>,
  environment: Readonly<Record<string, string | undefined>>,
  file: Readonly<Record<string, string | undefined>>,
): { text: string | undefined; source: SettingSource; label: string } {
  const definition: { variable: string; flag?: string } = settingDefinitions[name];
  const flag = flags[name];
  if (flag !== undefined) return { text: flag, source: 'flag', label: `--${definition.flag ?? name}` };
  const variables = name === 'port' ? [definition.variable, 'PORT'] : [definition.variable];
  for (const variable of variables) {
    const text = environment[variable];
    if (text !== undefined && text !== '') return { text, source: 'environment', label: variable };
  }
  for (const variable of variables) {
    const text = file[variable];
    if (text !== undefined && text !== '') return { text, source: '.env', label: `${variable} in .env` };
  }
  return { text: undefined, source: 'default', label: definition.variable };
}

function readEnvFile(folder: string): Record<string, string | undefined> {
  try {
    return parseEnv(readFileSync(join(folder, '.env'), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

/** Variables with our prefix that are not settings: the command line's own, and what a run of a runbook gives to its steps. */
const otherVariables = new Set([
  'QUARTERDECK_TOKEN',
  'QUARTERDECK_LOCK_STORE',
  ...['RUN', 'STEP', 'ATTEMPT', 'FENCE', 'PARENT'].map((name) => `QUARTERDECK_${name}`),
]);

/** A misspelt variable would silently do nothing; our prefix makes it recognisable. */
function unknownVariables(...environments: Readonly<Record<string, string | undefined>>[]): string[] {
  const known = new Set<string>(Object.values(settingDefinitions).map((definition) => definition.variable));
  const given = new Set(environments.flatMap((environment) => Object.keys(environment)));
  return [...given]
    .filter((variable) => variable.startsWith('QUARTERDECK_') && !known.has(variable) && !otherVariables.has(variable))
    .map((variable) => `${variable}: there is no such setting. See docs/reference/settings.md, or unset it.`);
}

/** Rules over more than one setting. */
function checkTogether(settings: Settings): string[] {
  const problems: string[] = [];
  if (settings.replicas > 1 && settings.databaseUrl === undefined)
    problems.push(
      'QUARTERDECK_REPLICAS: more than one replica needs PostgreSQL; the embedded database serves one process. Set DATABASE_URL.',
    );
  if (settings.replicas > 1 && settings.authSecret === undefined)
    problems.push('BETTER_AUTH_SECRET: more than one replica must share it. Set it to the output of `openssl rand -base64 32`.');
  if (settings.replicas > 1 && settings.url === undefined)
    problems.push(
      'QUARTERDECK_URL: more than one replica must share it, because tokens name it as their issuer. Set it to the address that clients use.',
    );
  if (!isLoopback(settings.host) && settings.authSecret === undefined)
    problems.push(
      `BETTER_AUTH_SECRET: must be given when listening on ${settings.host}. Set it to the output of \`openssl rand -base64 32\`.`,
    );
  return [...problems, ...checkNesting(settings), ...checkModels(settings)];
}

/** After this time MCP clients and proxies give up by default. */
const clientsGiveUpMs = 60_000;

/**
 * Each time-out ends before the one around it: row lock, statement, request, client. Otherwise the outer one ends first, its answer
 * says less, and the inner work goes on for nobody. 0 is no time-out, which only the outermost may have.
 */
function checkNesting(settings: Settings): string[] {
  const problems: string[] = [];
  const endless = (ms: number) => (ms === 0 ? Infinity : ms);
  if (endless(settings.lockTimeoutMs) > endless(settings.statementTimeoutMs))
    problems.push('QUARTERDECK_LOCK_TIMEOUT_MS: must not be longer than QUARTERDECK_STATEMENT_TIMEOUT_MS.');
  if (endless(settings.statementTimeoutMs) > endless(settings.requestTimeoutMs))
    problems.push('QUARTERDECK_STATEMENT_TIMEOUT_MS: must not be longer than QUARTERDECK_REQUEST_TIMEOUT_MS.');
  if (endless(settings.poolTimeoutMs) > endless(settings.requestTimeoutMs))
    problems.push('QUARTERDECK_POOL_TIMEOUT_MS: must not be longer than QUARTERDECK_REQUEST_TIMEOUT_MS.');
  if (settings.requestTimeoutMs >= clientsGiveUpMs)
    problems.push(
      `QUARTERDECK_REQUEST_TIMEOUT_MS: must be shorter than ${clientsGiveUpMs}, after which MCP clients and proxies give up. With 0 the server sets no limit.`,
    );
  return problems;
}

/** True for addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
