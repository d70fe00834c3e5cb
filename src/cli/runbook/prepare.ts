/** Reads a runbook with its inputs, as every command that plans or runs one does. */

import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Runbook } from '../../runbook/document.ts';
import type { InputSources, ResolvedInput } from '../../runbook/plan/inputs.ts';
import type { Plan } from '../../runbook/plan/plan.ts';
import { type CliCommand, UsageError } from '../command.ts';
import { readDocument } from './document.ts';
import { askSecret } from './people.ts';

export interface InputOptions {
  input: string[];
  inputs?: string;
}

/** The options by which inputs are given. */
export function withInputs(command: CliCommand): CliCommand {
  command
    .option('--input <name=value>', 'The value of an input. May be repeated.', (value: string, all: string[]) => [...all, value], [])
    .option('--inputs <file>', 'A YAML or JSON file with values of inputs.');
  return command;
}

export interface Prepared {
  readonly runbook: Runbook;
  readonly plan: Plan;
  readonly inputs: readonly ResolvedInput[];
  /** Absolute: where steps run. */
  readonly repository: string;
}

export interface Document {
  /** As messages name it. */
  readonly file: string;
  /** undefined: it is read. */
  readonly text?: string;
}

/**
 * `secrets`: what happens to one that has no value: a plan does without, and a run asks at a terminal.
 * @throws UsageError and FaultyDocument, with all that is wrong
 */
export async function prepare({ file, text }: Document, sources: InputSources, secrets: 'needed' | 'later'): Promise<Prepared> {
  // Loaded here, so that other commands start without a Markdown parser.
  const [{ parseRunbook }, { problemOf, resolveInputs }, { makePlan }, { readerFor, repositoryOf }] = await Promise.all([
    import('../../runbook/parse/parse.ts'),
    import('../../runbook/plan/inputs.ts'),
    import('../../runbook/plan/plan.ts'),
    import('../../runbook/repository.ts'),
  ]);
  const source = { file, text: text ?? (await readDocument(file)) };
  const declared = parseRunbook(source).front.inputs;
  const { inputs: found, missingSecrets, problems } = resolveInputs(declared, sources);
  if (problems.length > 0) throw wrong(problems);
  const known = new Map(found.filter(({ secret }) => !secret).map(({ name, value }) => [name, value]));
  const runbook = parseRunbook(source, known);
  const repository = repositoryOf(file);
  const later = missingSecrets.map((name): ResolvedInput => ({ name, value: '', secret: true, source: 'not set yet' }));
  // As the document has them, wherever they came from: the hash of the plan is the same for whoever has the secrets and whoever has not.
  const names = Object.keys(declared);
  const inOrder = (inputs: readonly ResolvedInput[]) => inputs.toSorted((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
  const plan = makePlan({ runbook, inputs: inOrder([...found, ...later]), readChild: readerFor(file) });
  if (secrets === 'later' || missingSecrets.length === 0) return { runbook, plan, inputs: found, repository };
  const inputs = [...found];
  for (const name of missingSecrets) {
    const value = await askSecret(name, declared[name]?.description);
    if (value === undefined)
      throw wrong(
        missingSecrets.map((each) => `${each} is a secret and has no value: set ${each}, or ${each}_FILE to a file that has it.`),
      );
    const input = declared[name];
    const problem = input === undefined ? undefined : problemOf(name, value, input);
    if (problem !== undefined) throw wrong([problem]);
    inputs.push({ name, value, secret: true, source: 'terminal' });
  }
  return { runbook, inputs, repository, plan: makePlan({ runbook, inputs: inOrder(inputs), readChild: readerFor(file) }) };
}

function wrong([first = '', ...others]: readonly string[]): UsageError {
  return new UsageError([first, ...others].join('\n'), 'Nothing was run.');
}

/** What the command line, the file behind `--inputs` and the environment say. */
export async function sourcesOf({ input, inputs }: InputOptions): Promise<InputSources> {
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
