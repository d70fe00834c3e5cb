/** The whole command line: every command, in the order in which a user meets them. */

import { checkGroup } from './check.ts';
import { backupCommand } from './backup.ts';
import { CliCommand } from './command.ts';
import { drillCommand } from './drill.ts';
import { version } from './invocation.ts';
import { configCommand } from './config.ts';
import { databaseGroup } from './database.ts';
import { doctorCommand } from './doctor.ts';
import { ingestCommand } from './ingest.ts';
import { keyCommand } from './key.ts';
import { measureCommand } from './measure.ts';
import { migrateDataCommand } from './migrate-data.ts';
import { migrateCommand } from './migrate.ts';
import { rehearseCommand } from './rehearse.ts';
import { releaseCommand } from './release.ts';
import { runbookCommand } from './runbook.ts';
import { serveCommand, startCommand } from './start.ts';
import { stdioCommand } from './stdio.ts';
import { userCommand } from './user.ts';

export function createProgram(): CliCommand {
  const program = new CliCommand('quarterdeck', {
    summary: 'A shared workspace for a team of AI agents and the people they work for, over one MCP endpoint.',
  });
  program.version(version, '-V, --version', 'Print the version.').helpCommand('help [command]', 'Show the help of a command.');
  // `release deploy --version v2` is not the version of this program.
  program.enablePositionalOptions();
  const commands = [
    startCommand(),
    serveCommand(),
    stdioCommand(),
    userCommand(),
    keyCommand(),
    ingestCommand(),
    migrateCommand(),
    migrateDataCommand(),
    databaseGroup(),
    configCommand(),
    doctorCommand(),
    runbookCommand(),
    checkGroup(),
    measureCommand(),
    releaseCommand(),
    backupCommand(),
    drillCommand(),
    rehearseCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  return program;
}
