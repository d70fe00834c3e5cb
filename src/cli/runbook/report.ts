/** `quarterdeck runbook report`: the deployment log of a run. */

import { writeFile } from 'node:fs/promises';
import { Option } from 'commander';
import type { DeploymentLog } from '../../runbook/report/log.ts';
import { RunFolder } from '../../runbook/run/folder.ts';
import { CliCommand, UsageError } from '../command.ts';
import { type StateOptions, stateFolder, withState } from './request.ts';

interface ReportOptions extends StateOptions {
  format: 'md' | 'html' | 'json';
  output?: string;
  json?: boolean;
}

export function reportCommand(): CliCommand {
  const command = new CliCommand('report', {
    summary: 'The deployment log of a run: who did what and when, what came of it, and the evidence.',
    details:
      'Made from the journal, at any time. HTML is one file that opens without a network, with the watch as charts; Markdown is for a ticket or a pull request; ' +
      'JSON has everything, with every sample. It says whether the journal is as it was written.',
    example: 'quarterdeck runbook report 20261121-140502-3f9a1c --format html -o deployment.html',
  });
  withState(command)
    .argument('<run>', 'Its name, or the beginning of it.')
    .addOption(new Option('--format <format>', 'Markdown, a page, or data.').choices(['md', 'html', 'json']).default('md'))
    .option('-o, --output <file>', 'Write it to this file (default: standard output).');
  return command.action(report);
}

async function report(run: string, options: ReportOptions): Promise<void> {
  const { readDeploymentLog } = await import('../../runbook/report/read.ts');
  const folder = RunFolder.find(stateFolder(options), run);
  const log = readDeploymentLog(folder);
  if (log === undefined) throw new UsageError(`Run ${folder.run} never began.`, 'See quarterdeck runbook list.');
  const text = await render(options.json === true ? 'json' : options.format, log);
  if (options.output === undefined) process.stdout.write(text);
  else await write(options.output, text);
  const { damage } = log.journal;
  if (damage !== null) process.stderr.write(`${folder.journal}:${damage.line}: ${damage.message}. The report says so.\n`);
}

async function render(format: ReportOptions['format'], log: DeploymentLog): Promise<string> {
  switch (format) {
    case 'md': {
      const { markdownReport } = await import('../../runbook/report/markdown.ts');
      return markdownReport(log);
    }
    case 'html': {
      const { htmlReport } = await import('../../runbook/report/html.ts');
      return htmlReport(log);
    }
    case 'json':
      return `${JSON.stringify(log)}\n`;
  }
}

/** @throws UsageError when the file cannot be written */
async function write(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((error: unknown) => {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new UsageError(`${file} cannot be written: ${why}.`, 'Name another file with -o.');
  });
}
