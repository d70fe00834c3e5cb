/** `quarterdeck runbook lint`: what is dangerous in a document. */

import { Option } from 'commander';
import { CliCommand, UsageError } from '../command.ts';
import { print } from '../output.ts';
import { readDocument } from './document.ts';

interface LintOptions {
  json?: boolean;
  format: 'text' | 'json' | 'sarif';
  rule: string[];
  ignore: string[];
}

export function lintCommand(): CliCommand {
  const command = new CliCommand('lint', {
    summary: 'Say what is dangerous in runbooks, or in any Markdown with commands, with why and what to write instead.',
    details:
      'Reads the commands as a shell does. `<!-- lint-ignore R07: reason -->` silences the block after it, within a line that line; without a reason it silences nothing. ' +
      'The exit status is 1 when a finding has the level of an error.',
    example: 'quarterdeck runbook lint README.md',
  });
  const list = (value: string, all: string[]) => [...all, ...value.split(',')];
  command
    .argument('<file...>', 'The documents.')
    .addOption(
      new Option('--format <format>', 'For people, for programs, or for code scanning.').choices(['text', 'json', 'sarif']).default('text'),
    )
    .option('--rule <id>', 'Only this rule, such as R07. May be repeated.', list, [])
    .option('--ignore <id>', 'All rules but this one. May be repeated.', list, []);
  return command.action(async (files: string[], options: LintOptions) => lintFiles(files, options));
}

async function lintFiles(files: readonly string[], { json, format, rule, ignore }: LintOptions): Promise<void> {
  // Loaded here, so that other commands start without a Markdown parser.
  const [{ lint }, { rules }, { lintText, sarif }] = await Promise.all([
    import('../../runbook/lint/lint.ts'),
    import('../../runbook/lint/rules.ts'),
    import('./lint-report.ts'),
  ]);
  const unknown = [...rule, ...ignore].find((id) => !rules.some((each) => each.id === id));
  if (unknown !== undefined) throw new UsageError(`There is no rule ${unknown}.`, `Name one of ${rules.map(({ id }) => id).join(', ')}.`);
  const sources = await Promise.all(files.map(async (file) => ({ file, text: await readDocument(file) })));
  const results = sources.map((source) => ({ source, ...lint(source, { only: rule.length === 0 ? undefined : rule, without: ignore }) }));
  const asJson = json === true || format !== 'text';
  const result =
    json !== true && format === 'sarif'
      ? sarif(results, rules)
      : { files: results.map(({ file, findings, ignored }) => ({ file, findings, ignored })) };
  print(asJson, result, () => lintText(results));
  if (results.some(({ findings }) => findings.some(({ severity }) => severity === 'error'))) process.exitCode = 1;
}
