/** `quarterdeck release status`: what runs and who gets the requests. */

import type { ReleaseStatus } from '../../production/release/status.ts';
import { CliCommand } from '../command.ts';
import { print } from '../output.ts';
import { statusText } from './picture.ts';
import { type ReleaseOptions, askSupervisor, withState } from './place.ts';

export function statusCommand(): CliCommand {
  const command = new CliCommand('status', {
    summary: 'What runs, how it is, and who gets the requests.',
    example: 'quarterdeck release status --state ./release',
  });
  return withState(command).action(async (options: ReleaseOptions) => {
    const status = (await askSupervisor(options, 'status', null, 'asking')) as ReleaseStatus;
    print(options.json, status, () => statusText(status));
  });
}
