/** `quarterdeck check release`: whether a release on this machine serves as it should. */

import { defaultMaxEnds, defaultNewMs, defaultWithinMs } from '../../production/check/release.ts';
import type { CliCommand } from '../command.ts';
import { durationOf, optionOf, wholeOf } from '../options.ts';
import { type ReleaseOptions, stateFolder, withState } from '../release/place.ts';
import { type CheckOptions, checkCommand, runCheck } from './run.ts';

type ReleaseCheckOptions = CheckOptions & ReleaseOptions & { maxEnds: number; within: number; newFor: number };

export function releaseCheckCommand(): CliCommand {
  const command = checkCommand('release', {
    summary: 'Whether a release on this machine serves: its supervisor, its proxy, its replicas, and how many of them ended.',
    details:
      'Also when its supervisor is gone. In JSON, `measured.condition` says in one word what is wrong: serving, stopped, unsupervised, no-proxy, nothing-live, crash-loop, no-replica or degraded.',
    example: 'quarterdeck check release --state ./release',
  });
  withState(command)
    .option('--max-ends <number>', 'How many replicas may have ended by themselves.', wholeOf, defaultMaxEnds)
    .addOption(optionOf('--within <duration>', 'Within how long.', durationOf, defaultWithinMs, '10m'))
    .addOption(optionOf('--new-for <duration>', 'How long a version is new, for `measured.new`.', durationOf, defaultNewMs, '24h'));
  return command.action(async (options: ReleaseCheckOptions) => {
    await runCheck(options, 'looking at the release', async () => {
      const { checkRelease } = await import('../../production/check/release.ts');
      const { maxEnds, within: withinMs, newFor: newMs } = options;
      return checkRelease(stateFolder(options), options.timeout, { maxEnds, withinMs, newMs });
    });
  });
}
