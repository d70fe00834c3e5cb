/** `quarterdeck release status`: what runs and who gets the requests. */

import type { ReleaseStatus } from '../../production/release/status.ts';
import { CliCommand } from '../command.ts';
import { durationOf } from '../options.ts';
import { print } from '../output.ts';
import { statusText } from './picture.ts';
import { type ReleaseOptions, askSupervisor, withState } from './place.ts';

export function statusCommand(): CliCommand {
  const command = new CliCommand('status', {
    summary: 'What runs, how it is, and who gets the requests.',
    example: 'quarterdeck release status --state ./release',
  });
  withState(command).option(
    '--wait <duration>',
    'How long to wait for a supervisor that is being started. Once it answers, the proxy listens. (default: not at all)',
    durationOf,
  );
  return command.action(async (options: ReleaseOptions & { wait?: number }) => {
    const status = (await askSupervisor(options, 'status', null, 'asking', options.wait)) as ReleaseStatus;
    print(options.json, status, () => statusText(status));
  });
}
