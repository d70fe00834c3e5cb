/** `quarterdeck backup`: copies of the database that are known to be good, because each was restored. */

import { createCommand } from './backup/create.ts';
import { listCommand } from './backup/list.ts';
import { pruneCommand } from './backup/prune.ts';
import { restoreCommand } from './backup/restore.ts';
import { verifyCommand } from './backup/verify.ts';
import { CliCommand } from './command.ts';

export function backupCommand(): CliCommand {
  const group = new CliCommand('backup', { summary: 'Backups of the database: made, restored to prove them, pruned.' });
  for (const command of [createCommand(), listCommand(), verifyCommand(), pruneCommand(), restoreCommand()]) group.addCommand(command);
  return group;
}
