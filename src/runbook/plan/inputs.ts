/** Finds the values of a runbook's inputs, and says where each came from. */

import { type Input, refusal } from '../parse/front-matter.ts';

export interface InputSources {
  /** From `--input NAME=VALUE`. */
  readonly given: ReadonlyMap<string, string>;
  /** From the file behind `--inputs`. */
  readonly file: { readonly name: string; readonly values: ReadonlyMap<string, string> } | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The text of the file that `NAME_FILE` names. @throws Error when it cannot be read */
  readSecretFile(path: string): string;
}

export interface ResolvedInput {
  readonly name: string;
  readonly value: string;
  readonly secret: boolean;
  /** In words: `--input`, `INPUT_REGION`, `default`. */
  readonly source: string;
}

/** Shorter ones would be cut out of half of the words of an output. */
const shortestSecret = 8;

/** What was found. Each problem is a sentence that says what to do; a secret that has no value yet may still be asked for. */
export interface ResolvedInputs {
  readonly inputs: readonly ResolvedInput[];
  readonly missingSecrets: readonly string[];
  readonly problems: readonly string[];
}

export function resolveInputs(declared: Readonly<Record<string, Input>>, sources: InputSources): ResolvedInputs {
  const inputs: ResolvedInput[] = [];
  const missingSecrets: string[] = [];
  const problems = unknownNames(declared, sources);
  for (const [name, input] of Object.entries(declared)) {
    if (input.secret && (sources.given.has(name) || sources.file?.values.has(name) === true)) {
      problems.push(
        `${name} is a secret, and would be seen in the list of processes or stay in a file: set ${name}, or ${name}_FILE to a file that has it.`,
      );
      continue;
    }
    try {
      const found = input.secret ? findSecret(name, input, sources) : find(name, input, sources);
      if (found === undefined && input.secret) missingSecrets.push(name);
      else if (found === undefined) problems.push(`${name} has no value${about(input)}: give it with --input ${name}=…`);
      else {
        const problem = problemOf(name, found.value, input);
        if (problem === undefined) inputs.push({ name, secret: input.secret, ...found });
        else problems.push(`${problem} (from ${found.source})`);
      }
    } catch (error) {
      problems.push(`${name}_FILE cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
    }
  }
  return { inputs, missingSecrets, problems };
}

/** Why this cannot be the value; undefined: it can. What a secret is does not appear in it. */
export function problemOf(name: string, value: string, input: Input): string | undefined {
  if (input.secret && value === '' && input.default === '') return undefined;
  if (input.secret && value.length < shortestSecret)
    return `${name} is shorter than ${shortestSecret} characters, so it could not be cut out of what steps print: use a longer secret.`;
  const refused = refusal(value, input);
  if (refused === undefined) return undefined;
  return input.secret ? `${name} ${refused}.` : `${name} ${refused}, and ${JSON.stringify(value)} does not.`;
}

type Found = { value: string; source: string } | undefined;

function find(name: string, input: Input, { given, file, environment }: InputSources): Found {
  const candidates: [string | undefined, string][] = [
    [given.get(name), '--input'],
    [file?.values.get(name), file?.name ?? ''],
    [environment[`INPUT_${name}`], `INPUT_${name}`],
    [input.default, 'default'],
  ];
  const [value, source] = candidates.find(([candidate]) => candidate !== undefined) ?? [];
  return value === undefined || source === undefined ? undefined : { value, source };
}

function findSecret(name: string, input: Input, { environment, readSecretFile }: InputSources): Found {
  for (const variable of [name, `INPUT_${name}`]) {
    const value = environment[variable];
    if (value !== undefined && value !== '') return { value, source: variable };
  }
  const path = environment[`${name}_FILE`];
  // Editors and `echo` end a file with a line end that is no part of the secret.
  if (path !== undefined && path !== '') return { value: readSecretFile(path).replace(/\r?\n$/, ''), source: `${name}_FILE` };
  return input.default === undefined ? undefined : { value: input.default, source: 'default' };
}

function unknownNames(declared: Readonly<Record<string, Input>>, { given, file }: InputSources): string[] {
  const names = Object.keys(declared);
  const known = names.length === 0 ? 'this runbook has no inputs' : `its inputs are ${names.join(', ')}`;
  const from = (values: Iterable<string>, source: string) =>
    [...values].filter((name) => !Object.hasOwn(declared, name)).map((name) => `${source} gives ${name}, which is no input: ${known}.`);
  return [...from(given.keys(), '--input'), ...(file === undefined ? [] : from(file.values.keys(), file.name))];
}

function about({ description, enum: values }: Input): string {
  const what = description ?? values?.join(', ');
  return what === undefined ? '' : ` (${what})`;
}
