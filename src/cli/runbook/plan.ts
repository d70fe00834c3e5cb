/** `quarterdeck runbook plan`: what a run would do. */

import { CliCommand } from '../command.ts';
import { print } from '../output.ts';
import { type InputOptions, prepare, sourcesOf, withInputs } from './prepare.ts';
import { lockPlace } from './request.ts';

export function planCommand(): CliCommand {
  const command = new CliCommand('plan', {
    summary: 'Show what a run would do, in order, and what of it can be undone. Nothing is run.',
    details: 'A secret is never given with --input: set the variable of its name, or NAME_FILE to a file that has it.',
    example: 'quarterdeck runbook plan runbooks/deploy.md --input ENVIRONMENT=staging',
  });
  withInputs(command)
    .argument('<file>', 'The runbook.')
    .option('--lock-store <place>', 'Where a run would keep its lock (default: QUARTERDECK_LOCK_STORE, or the state folder of this user).');
  return command.action(async (file: string, options: InputOptions & { json?: boolean; lockStore?: string }) => {
    const { plan } = await prepare({ file }, await sourcesOf(options), 'later');
    const [{ showPlan }, { withoutPassword }] = await Promise.all([
      import('../../runbook/plan/show.ts'),
      import('../../runbook/lock/place.ts'),
    ]);
    print(options.json, plan, () => showPlan(plan, withoutPassword(lockPlace(options))));
  });
}
