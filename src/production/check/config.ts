/** `check config`: whether every setting is there that this place needs, and whether its secrets are secrets. */

import { type SettingInputs, SettingsError, isLoopback, readSettings } from '../../platform/config/read.ts';
import type { Settings } from '../../platform/config/settings.ts';
import { type CheckResult, type Judgement, conclude, judged } from './result.ts';
import { weaknessOf } from './secrets.ts';

export interface ConfigQuestion {
  readonly inputs: SettingInputs;
  /** All variables that the place has, for those that are not ours. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Variables that must be set besides. */
  readonly required: readonly string[];
  /** Variables that must be good secrets besides. */
  readonly secrets: readonly string[];
}

/** As the settings demand it. */
const authSecretLength = 32;
const metricsTokenLength = 16;

/** Of what stands in a URL, where programs paste it and nobody types it. */
const passwordLength = 16;

export function checkConfig({ inputs, variables, required, secrets }: ConfigQuestion): CheckResult {
  const asked = [
    ...required.map((name) => judgePresent(name, variables[name])),
    ...secrets.map((name) => judgeSecret(name, variables[name], passwordLength)),
  ];
  try {
    const { settings, sources } = readSettings(inputs);
    const given = Object.values(sources).filter((source) => source !== 'default').length;
    return conclude('config', [...judgeSettings(settings), ...asked], { set: given, replicas: settings.replicas });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return conclude('config', [...error.problems.map(judgeProblem), ...asked]);
  }
}

function judgeProblem(problem: string): Judgement {
  const [name = '', ...rest] = problem.split(': ');
  return judged(name, rest.join(': '), 'a value that can be used', false, 'Correct it: docs/reference/settings.md lists every setting.');
}

export function judgeSettings(settings: Settings): Judgement[] {
  const { host, replicas, authSecret, metricsToken, databaseUrl, redisUrl } = settings;
  const reachable = !isLoopback(host) || replicas > 1;
  const where = replicas > 1 ? `${host}, one of ${replicas} replicas` : host;
  const judgements = [judged('place', reachable ? `${where}: others can reach it` : `${where}: this machine alone`, 'any', true, '')];
  if (authSecret === undefined)
    judgements.push(
      judged('BETTER_AUTH_SECRET', 'not set: the first start makes one', 'set where others can reach it', !reachable, makeSecret),
    );
  else judgements.push(judgeSecret('BETTER_AUTH_SECRET', authSecret, authSecretLength));
  if (metricsToken !== undefined) judgements.push(judgeSecret('METRICS_TOKEN', metricsToken, metricsTokenLength));
  if (authSecret !== undefined && authSecret === metricsToken)
    judgements.push(judged('METRICS_TOKEN', 'the same as BETTER_AUTH_SECRET', 'a secret of its own', false, makeSecret));
  if (reachable) judgements.push(judgeUrl(settings), judgeMetrics(settings));
  for (const [name, url] of [
    ['DATABASE_URL', databaseUrl],
    ['REDIS_URL', redisUrl],
  ] as const)
    if (url !== undefined) judgements.push(...judgePassword(name, url));
  return judgements;
}

const makeSecret = 'Set it to the output of `openssl rand -base64 32`, and keep it out of files that others read.';

function judgeUrl({ url }: Settings): Judgement {
  const next =
    'Set it to the https address that clients use: tokens name it as their issuer, and without TLS everybody on the way reads them.';
  const parsed = url === undefined ? null : URL.parse(url);
  const ok = parsed !== null && (parsed.protocol === 'https:' || isLoopback(parsed.hostname));
  return judged('QUARTERDECK_URL', url ?? 'not set', 'an https address', ok, next);
}

function judgeMetrics({ metricsToken, metricsPort, otlpEndpoint }: Settings): Judgement {
  const found =
    metricsPort !== undefined
      ? 'a private port'
      : metricsToken !== undefined
        ? 'with METRICS_TOKEN'
        : otlpEndpoint !== undefined
          ? 'sent to a collector'
          : 'nobody can read them';
  const ok = metricsPort !== undefined || metricsToken !== undefined || otlpEndpoint !== undefined;
  return judged(
    'metrics',
    found,
    'a way to read them',
    ok,
    'Set METRICS_TOKEN, QUARTERDECK_METRICS_PORT or OTEL_EXPORTER_OTLP_ENDPOINT: without numbers no release can be watched.',
  );
}

/** A database that only this machine reaches may do without; elsewhere a password is what keeps others out. */
function judgePassword(name: string, url: string): Judgement[] {
  const parsed = URL.parse(url);
  if (parsed === null || parsed.hostname === '' || isLoopback(parsed.hostname)) return [];
  // Certificates and identities of a cloud need none, and only the database knows.
  if (parsed.password === '') return [];
  return [judgeSecret(`password in ${name}`, decodeURIComponent(parsed.password), passwordLength)];
}

function judgePresent(name: string, value: string | undefined): Judgement {
  const set = value !== undefined && value !== '';
  return judged(name, set ? 'set' : 'not set', 'set', set, `Set ${name}.`);
}

function judgeSecret(name: string, value: string | undefined, atLeast: number): Judgement {
  if (value === undefined || value === '') return judgePresent(name, value);
  const weakness = weaknessOf(value, atLeast);
  return judged(
    name,
    weakness ?? 'set, and long enough',
    `at least ${atLeast} characters that nobody can guess`,
    weakness === undefined,
    makeSecret,
  );
}
