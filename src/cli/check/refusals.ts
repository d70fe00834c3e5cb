/** `quarterdeck check refusals` and `check clock`: why people are told 401. */

import { defaultApartMs } from '../../production/check/clock.ts';
import { defaultFew, defaultRefusedShare } from '../../production/check/refusals.ts';
import { type CliCommand, UsageError } from '../command.ts';
import { addressOf, collect, countOf, durationOf, optionOf, secretFrom, shareOf } from '../options.ts';
import { type ReleaseOptions, stateFolder, withState } from '../release/place.ts';
import { settingsOf } from '../settings.ts';
import { type CheckOptions, checkCommand, runCheck } from './run.ts';

type RefusalsOptions = CheckOptions & ReleaseOptions & { url?: string[]; for: number; maxShare: number; few: number; tokenEnv?: string };

/** As long as a sample of a watch. */
const windowMs = 15_000;

export function refusalsCommand(): CliCommand {
  const command = checkCommand('refusals', {
    summary: 'How many requests to Quarterdeck are refused with 401 for their credential, and for which cause.',
    details:
      'From the metrics of each replica: those of a release on this machine, or each --url. METRICS_TOKEN is sent when it is set. In JSON, `measured.cause` is the most frequent cause, or none.',
    example: 'quarterdeck check refusals --state ./release --for 15s',
  });
  withState(command)
    .option('--url <url>', 'A replica elsewhere; its metrics are below at /metrics. Give one for each.', collect)
    .addOption(optionOf('--for <duration>', 'The window.', durationOf, windowMs, '15s'))
    .addOption(optionOf('--max-share <share>', 'Of all requests.', shareOf, defaultRefusedShare, '10%'))
    .option('--few <number>', 'Less than so many are daily life, whatever their share.', countOf, defaultFew)
    .option('--token-env <name>', 'Variable of the environment with the bearer token to send. (default: METRICS_TOKEN)');
  return command.action(async (options: RefusalsOptions) => {
    await runCheck(options, 'measuring', async (signal) => {
      const { checkRefusals } = await import('../../production/check/refusals.ts');
      const urls = options.url?.map((url) => `${addressOf(url).href.replace(/\/+$/, '')}/metrics`) ?? (await replicasOf(options));
      const token = options.tokenEnv === undefined ? process.env['METRICS_TOKEN'] || undefined : secretFrom(options.tokenEnv);
      const { for: window, timeout: timeoutMs, maxShare: share, few } = options;
      return checkRefusals({ urls, token, windowMs: window, timeoutMs, signal }, { share, few });
    });
  });
}

/** Of those that get requests. */
async function replicasOf(options: ReleaseOptions): Promise<string[]> {
  const { readState } = await import('../../production/release/state.ts');
  const state = readState(stateFolder(options));
  const serving = state?.desired.slots.filter(({ weight }) => weight > 0).map(({ name }) => name) ?? [];
  const places =
    state?.places.filter(({ slot, leaving, process: running }) => serving.includes(slot) && !leaving && running !== null) ?? [];
  return places.map(({ port }) => `http://127.0.0.1:${port}/metrics`);
}

export function clockCommand(): CliCommand {
  const command = checkCommand('clock', {
    summary: 'Whether this machine, the database and another server agree on the time.',
    example: 'quarterdeck check clock --against https://deck.example.org',
  });
  command
    .option('--url-env <name>', 'Variable with the address of any PostgreSQL. (default: DATABASE_URL, also from .env)')
    .option('--against <url>', 'A server that is not this machine: the Date of its answer.')
    .addOption(optionOf('--max-apart <duration>', 'How far apart they may be.', durationOf, defaultApartMs, '5s'));
  return command.action(async (options: CheckOptions & { urlEnv?: string; against?: string; maxApart: number }) => {
    const databaseUrl = secretFrom(options.urlEnv) ?? settingsOf({}).settings.databaseUrl;
    const against = options.against === undefined ? undefined : addressOf(options.against).href;
    if (databaseUrl === undefined && against === undefined)
      throw new UsageError('There is nothing to compare with.', 'Set DATABASE_URL, or give --against.');
    await runCheck(options, 'asking for the time', async (signal) => {
      const { checkClock } = await import('../../production/check/clock.ts');
      return checkClock({ databaseUrl, against, timeoutMs: options.timeout, signal }, options.maxApart);
    });
  });
}
