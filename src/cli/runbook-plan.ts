/** `quarterdeck runbook plan`: what a run would do. */

import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { InputSources, ResolvedInput } from '../runbook/plan/inputs.ts';
import { CliCommand, UsageError } from './command.ts';
import { readDocument } from './document.ts';
import { print } from './output.ts';

export interface InputOptions {
  input: string[];
  inputs?: string;
}

export function planCommand(): CliCommand {
  const command = new CliCommand('plan', {
    summary: 'Show what a run would do, in order, and what of it can be undone. Nothing is run.',
    details: 'A secret is never given with --input: set the variable of its name, or NAME_FILE to a file that has it.',
    example: 'quarterdeck runbook plan runbooks/deploy.md --input ENVIRONMENT=staging',
  });
  withInputs(command).argument('<file>', 'The runbook.');
  return command.action(async (file: string, options: InputOptions & { json?: boolean }) => {
    const plan = await planFile(file, options);
    const { showPlan } = await import('../runbook/plan/show.ts');
    print(options.json, plan, () => showPlan(plan));
  });
}

/** The options by which inputs are given. */
export function withInputs(command: CliCommand): CliCommand {
  command
    .option('--input <name=value>', 'The value of an input. May be repeated.', (value: string, all: string[]) => [...all, value], [])
    .option('--inputs <file>', 'A YAML or JSON file with values of inputs.');
  return command;
}

/** @throws UsageError and FaultyDocument, with all that is wrong */
async function planFile(file: string, options: InputOptions) {
  // Loaded here, so that other commands start without a Markdown parser.
  const [{ parseRunbook }, { resolveInputs }, { makePlan }, { readerIn, repositoryOf }] = await Promise.all([
    import('../runbook/parse/parse.ts'),
    import('../runbook/plan/inputs.ts'),
    import('../runbook/plan/plan.ts'),
    import('../runbook/repository.ts'),
  ]);
  const source = { file, text: await readDocument(file) };
  const { inputs, missingSecrets, problems } = resolveInputs(parseRunbook(source).front.inputs, await sourcesOf(options));
  const [first, ...others] = problems;
  if (first !== undefined) throw new UsageError([first, ...others].join('\n'), 'Nothing was run.');
  const known = new Map(inputs.filter(({ secret }) => !secret).map(({ name, value }) => [name, value]));
  const runbook = parseRunbook(source, known);
  const later = missingSecrets.map((name): ResolvedInput => ({ name, value: '', secret: true, source: 'not set yet' }));
  return makePlan({ runbook, inputs: [...inputs, ...later], readChild: readerIn(repositoryOf(file)) });
}

async function sourcesOf({ input, inputs }: InputOptions): Promise<InputSources> {
  const given = new Map<string, string>();
  for (const pair of input) {
    const [, name, value] = /^([^=]+)=([\s\S]*)$/.exec(pair) ?? [];
    if (name === undefined || value === undefined) throw new UsageError(`--input ${pair} has no value.`, 'Write --input NAME=VALUE.');
    given.set(name, value);
  }
  const file = inputs === undefined ? undefined : { name: inputs, values: await readInputs(inputs) };
  return { given, file, environment: process.env, readSecretFile: (path) => readFileSync(path, 'utf8') };
}

const inputsFile = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String));

async function readInputs(file: string): Promise<ReadonlyMap<string, string>> {
  const { parse } = await import('yaml');
  const text = await readDocument(file);
  try {
    return new Map(Object.entries(inputsFile.parse(parse(text) ?? {})));
  } catch {
    throw new UsageError(`${file} has no inputs in it.`, 'Write NAME: value, one a line, as YAML or JSON.');
  }
}
