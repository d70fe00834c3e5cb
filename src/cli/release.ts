/** `quarterdeck release`: versions of any HTTP service on one machine, behind a proxy. */

import { CliCommand } from './command.ts';
import { promoteCommand, replaceCommand, rollbackCommand, shiftCommand } from './release/change.ts';
import { deployCommand } from './release/deploy.ts';
import { logsCommand } from './release/logs.ts';
import { pruneCommand } from './release/prune.ts';
import { statusCommand } from './release/status.ts';
import { startCommand, stopCommand } from './release/supervisor.ts';

export function releaseCommand(): CliCommand {
  const command = new CliCommand('release', {
    summary: 'Versions of an HTTP service on this machine, behind a proxy: released, shared, rolled back without a lost request.',
  });
  const changes = [deployCommand(), shiftCommand(), promoteCommand(), rollbackCommand(), replaceCommand()];
  for (const each of [startCommand(), ...changes, statusCommand(), logsCommand(), pruneCommand(), stopCommand()]) command.addCommand(each);
  return command;
}
