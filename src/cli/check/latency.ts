/** `quarterdeck check latency`: how slow the slow requests are, and how sure that is. */

import { type Percentile, defaultRequests } from '../../production/check/latency.ts';
import { type CliCommand, UsageError } from '../command.ts';
import { addressOf, bearer, countOf, durationOf, optionOf, secretFrom, shareOf } from '../options.ts';
import { type CheckOptions, checkCommand, runCheck, tokenHelp } from './run.ts';

interface LatencyOptions extends CheckOptions, Partial<Record<Percentile, number>> {
  requests: number;
  concurrency: number;
  maxErrors: number;
  tokenEnv?: string;
}

const mostErrors = 0.01;
const concurrency = 4;

export function latencyCommand(): CliCommand {
  const command = checkCommand('latency', {
    summary:
      'Many requests, and what they prove of the slow ones: p50, p95, p99 and errors, each with the confidence that their number allows.',
    details:
      'Passes only when the upper bound of a percentile is below its limit, fails when the lower bound is above it, and is inconclusive in between or with too few requests.',
    example: 'quarterdeck check latency http://127.0.0.1:8000/health --p95 500ms --requests 300',
  });
  command
    .argument('<url>', 'What to ask, with GET.')
    .option('--p50 <duration>', 'What half of the answers must stay below.', durationOf)
    .option('--p95 <duration>', 'What 95 of 100 answers must stay below.', durationOf)
    .option('--p99 <duration>', 'What 99 of 100 answers must stay below.', durationOf)
    .addOption(optionOf('--max-errors <share>', 'What the share of errors must stay below.', shareOf, mostErrors, '1%'))
    .option('--requests <number>', 'How many to send.', countOf, defaultRequests)
    .option('--concurrency <number>', 'How many at once.', countOf, concurrency)
    .option('--token-env <name>', tokenHelp);
  return command.action(async (address: string, options: LatencyOptions) => {
    const { p50, p95, p99, requests, timeout: timeoutMs } = options;
    if (p50 === undefined && p95 === undefined && p99 === undefined)
      throw new UsageError('It is not said what is too slow.', 'Give --p50, --p95 or --p99.');
    const url = addressOf(address).href;
    const headers = bearer(secretFrom(options.tokenEnv));
    await runCheck(options, `asking ${url} ${requests} times`, async (signal) => {
      const { checkLatency } = await import('../../production/check/latency.ts');
      const wishes = { limits: { p50, p95, p99 }, errorRate: options.maxErrors };
      return checkLatency({ url, headers, timeoutMs, signal }, { requests, concurrency: options.concurrency }, wishes);
    });
  });
}
