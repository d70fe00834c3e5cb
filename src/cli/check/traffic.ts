/** `quarterdeck check traffic`: whether the requests of a release fail or are slow, and whose doing it is. */

import { defaultErrorRate, defaultMinRequests } from '../../production/check/traffic.ts';
import type { CliCommand } from '../command.ts';
import { countOf, durationOf, optionOf, shareOf } from '../options.ts';
import { type ReleaseOptions, stateFolder, withState } from '../release/place.ts';
import { type CheckOptions, checkCommand, runCheck } from './run.ts';

type TrafficOptions = CheckOptions & ReleaseOptions & { for: number; maxErrors: number; p95?: number; minRequests: number };

/** As long as a sample of a watch. */
const windowMs = 15_000;

export function trafficCommand(): CliCommand {
  const command = checkCommand('traffic', {
    summary: 'Whether the requests of a release on this machine fail or are slow, as its proxy sees them, and whose doing it is.',
    details:
      'In JSON, `measured.spread` is nobody, replica, version, everybody, some or unknown, `measured.culprit` the replica or version, and `measured.before` whether the version before was good, bad or unknown while it served.',
    example: 'quarterdeck check traffic --state ./release --for 15s --p95 500ms',
  });
  withState(command)
    .addOption(optionOf('--for <duration>', 'The window.', durationOf, windowMs, '15s'))
    .addOption(
      optionOf('--max-errors <share>', 'Share of requests that may fail, of all and of each replica.', shareOf, defaultErrorRate, '1%'),
    )
    .option('--p95 <duration>', 'What 95 of 100 requests must not exceed. (default: not judged)', durationOf)
    .option('--min-requests <number>', 'Below so many there is no verdict.', countOf, defaultMinRequests);
  return command.action(async (options: TrafficOptions) => {
    await runCheck(options, 'measuring', async (signal) => {
      const { checkTraffic } = await import('../../production/check/traffic.ts');
      const { for: window, maxErrors: errorRate, p95: p95Ms, minRequests } = options;
      return checkTraffic({ folder: stateFolder(options), windowMs: window, signal }, { errorRate, p95Ms, minRequests });
    });
  });
}
