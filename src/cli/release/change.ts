/** `quarterdeck release shift`, `promote`, `rollback` and `replace`: what becomes of a version that was released. */

import type { ChangeAnswer } from '../../production/release/serve.ts';
import { CliCommand } from '../command.ts';
import { print } from '../output.ts';
import { percentFrom } from './deploy.ts';
import { statusText } from './picture.ts';
import { type ReleaseOptions, askSupervisor, withState } from './place.ts';

export function shiftCommand(): CliCommand {
  const command = new CliCommand('shift', {
    summary: 'Change the share of the canary.',
    example: 'quarterdeck release shift --state ./release --weight 50',
  });
  withState(command).requiredOption(
    '--weight <percent>',
    'From 1 to 99. For all of the requests there is `promote`, for none `rollback`.',
    percentFrom,
  );
  return command.action((options: ReleaseOptions & { weight: number }) => change(options, 'shift', { weight: options.weight }, 'shifting'));
}

export function promoteCommand(): CliCommand {
  const command = new CliCommand('promote', {
    summary: 'Give the canary all requests; the version before stays to go back to.',
    example: 'quarterdeck release promote --state ./release',
  });
  return withState(command).action((options: ReleaseOptions) => change(options, 'promote', null, 'promoting'));
}

export function rollbackCommand(): CliCommand {
  const command = new CliCommand('rollback', {
    summary: 'Go back: to the version before, without the canary, or out of a release that is under way.',
    details:
      'At once after blue-green and canary, because the version before still runs; after rolling it is started first, and takes over when it is healthy. The version that is left is drained and ended.',
    example: 'quarterdeck release rollback --state ./release',
  });
  withState(command).option('--from <version>', 'Only when it is this version that would be left; otherwise nothing happens. For undos.');
  return command.action((options: ReleaseOptions & { from?: string }) =>
    change(options, 'rollback', { from: options.from ?? null }, 'going back'),
  );
}

export function replaceCommand(): CliCommand {
  const command = new CliCommand('replace', {
    summary: 'Put a fresh replica in the place of one that is slow or broken; the new one is healthy first.',
    example: 'quarterdeck release replace blue-2 --state ./release',
  });
  command.argument('<replica>', 'Which one, as `quarterdeck release status` shows it.');
  return withState(command).action((replica: string, options: ReleaseOptions) =>
    change(options, 'replace', { replica }, `replacing ${replica}`),
  );
}

async function change(options: ReleaseOptions, command: string, input: unknown, doing: string): Promise<void> {
  const answer = (await askSupervisor(options, command, input, doing)) as ChangeAnswer;
  const { switched_ms } = answer;
  const took = switched_ms === null ? '' : `Switched in ${switched_ms} ms.\n\n`;
  print(options.json, answer, () => `${took}${statusText(answer)}`);
}
