/** `quarterdeck runbook import`: a first draft in the format of runbooks, out of one in prose. */

import { realpath, writeFile } from 'node:fs/promises';
import { inQuotes } from '../../runbook/shell/quotes.ts';
import { CliCommand, UsageError, exampleAsTyped } from '../command.ts';
import { readDocument } from './document.ts';
import { facts, print, table } from '../output.ts';

interface ImportOptions {
  output: string;
  force?: boolean;
  json?: boolean;
}

export function importCommand(): CliCommand {
  const command = new CliCommand('import', {
    summary: 'Make a first draft of a runbook out of one in prose. The source is only read.',
    details:
      'Fences of shell commands become named steps, placeholders become inputs, alternatives are chosen by an input. What cannot be decided is a question in the text, which `runbook lint` finds. ' +
      'A document that has steps already is refused.',
    example: 'quarterdeck runbook import README.md -o draft.md',
  });
  command
    .argument('<file>', 'The document, in Markdown.')
    .requiredOption('-o, --output <file>', 'Where the draft is written.')
    .option('--force', 'Write over what is there.');
  return command.action(async (file: string, options: ImportOptions) => {
    const result = await importFile(file, options);
    print(options.json, result, () => importText(result));
  });
}

/** @throws UsageError and FaultyDocument; nothing is written then */
async function importFile(file: string, { output, force }: ImportOptions) {
  // Loaded here, so that other commands start without a Markdown parser.
  const [{ importRunbook, refusalOf }, { describeDraft }] = await Promise.all([
    import('../../runbook/import/import.ts'),
    import('../../runbook/import/describe.ts'),
  ]);
  const source = { file, text: await readDocument(file) };
  const refusal = refusalOf(source);
  if (refusal !== undefined) throw new UsageError(refusal, `Go on with it as it is: \`runbook lint ${file}\` tells what is open.`);
  const text = importRunbook(source);
  if (await isSame(file, output))
    throw new UsageError(`${output} is the document itself, which is only read.`, 'Name another file after -o.');
  await writeFile(output, text, { flag: force === true ? 'w' : 'wx' }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST')
      throw new UsageError(`${output} is there already.`, 'Name another file, or write over it with --force.');
    throw error;
  });
  const { inputs, ...draft } = describeDraft({ file: output, text });
  const given = inputs
    .filter(({ secret, default: value }) => !secret && value === null)
    .map(({ name, values }) => `--input ${name}=${values?.[0] ?? '…'}`);
  const path = /^[\w./-]+$/.test(output) ? output : inQuotes(output);
  const next = [`quarterdeck runbook lint ${path}`, ['quarterdeck runbook plan', path, ...given].join(' ')];
  return { file: output, ...draft, inputs, next };
}

async function isSame(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map((path) => realpath(path).catch(() => undefined)));
  return first !== undefined && first === second;
}

type ImportResult = Awaited<ReturnType<typeof importFile>>;

function importText({ file, steps, undos, inputs, confirmations, questions, next }: ImportResult): string {
  const secrets = inputs.filter(({ secret }) => secret).length;
  const counts = facts([
    ['draft', file],
    ['steps', `${steps.length} (${steps.filter(({ kind }) => kind === 'check').length} only read)`],
    ['undos', String(undos.length)],
    ['inputs', `${inputs.length}${secrets === 0 ? '' : ` (${secrets} secret)`}`],
    ['confirmations', String(confirmations.length)],
    ['open questions', String(questions.length)],
  ]);
  const open = table(
    questions,
    [
      { title: 'line', value: ({ line }) => String(line) },
      { title: 'to decide', value: ({ text }) => text },
    ],
    'Nothing is open.',
  );
  return `${counts}\n\n${open}\n\nNext:\n${next.map((each) => `  ${exampleAsTyped(each)}`).join('\n')}`;
}
