/** `quarterdeck runbook`: procedures as Markdown. */

import { CliCommand } from './command.ts';
import { approveCommand, unlockCommand } from './runbook/approve.ts';
import { importCommand } from './runbook/import.ts';
import { lintCommand } from './runbook/lint.ts';
import { planCommand } from './runbook/plan.ts';
import { reportCommand } from './runbook/report.ts';
import { abortCommand, resumeCommand, undoCommand } from './runbook/resume.ts';
import { runCommand } from './runbook/run.ts';
import { listCommand, showCommand } from './runbook/runs.ts';

export function runbookCommand(): CliCommand {
  const command = new CliCommand('runbook', {
    summary: 'Procedures as Markdown: checked, planned, run, gone on with after a crash, undone.',
  });
  const running = [runCommand(), resumeCommand(), approveCommand(), undoCommand(), abortCommand(), unlockCommand()];
  for (const each of [lintCommand(), planCommand(), ...running, listCommand(), showCommand(), reportCommand(), importCommand()])
    command.addCommand(each);
  return command;
}
