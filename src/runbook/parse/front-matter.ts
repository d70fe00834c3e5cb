/** What stands at the head of a runbook between dashes: title, owner, lock, inputs, required programs, notifications. */

import validRange from 'semver/ranges/valid.js';
import { LineCounter, type Node, isMap, isNode, isPair, isScalar, parseDocument } from 'yaml';
import { z } from 'zod';
import { isReserved, variableName } from '../names.ts';
import type { Fault, Place } from '../source.ts';

const text = z.string().trim().min(1);

const input = z
  .strictObject({
    description: text.optional(),
    default: z.union([z.string(), z.number(), z.boolean()]).transform(String).optional(),
    enum: z
      .array(z.union([z.string(), z.number(), z.boolean()]).transform(String))
      .min(1)
      .optional(),
    /** A regular expression that is found in the value, as in JSON Schema: anchor it to match all of it. */
    pattern: text.refine(isPattern, { error: 'is not a regular expression' }).optional(),
    secret: z.boolean().default(false),
  })
  // An empty one says that a run can do without.
  .refine((given) => !given.secret || given.default === undefined || given.default === '', {
    error: "a secret cannot have a default, which would stand in the file, but '' where a run can do without it",
  });

/** `'>=1.28'`, or `{ version: '>=1.28', command: … }`. Without quotes YAML reads 1.10 as 1.1, so a number is refused. */
const required = z.preprocess(
  (given) => (typeof given === 'object' && given !== null ? given : { version: given }),
  z.strictObject({
    version: z
      .string({ error: "needs a range of versions in quotes, such as '>=1.28'" })
      .refine((range) => range !== '' && validRange(range) !== null, {
        error: ({ input: range }) => `${JSON.stringify(range)} is not a range of versions, such as '>=1.28' or '^3.12'`,
      }),
    command: text.optional(),
  }),
);

/** As it is typed: a program on the PATH, or a path from the repository root. */
const programName = /^[\w.+/-]+$/;

export const notifyEvents = ['started', 'waiting', 'held', 'rolled_back', 'failed', 'finished'] as const;

const notification = z
  .strictObject({
    on: z.array(z.enum(notifyEvents)).min(1),
    to: z.enum(['slack', 'email', 'webhook']),
    url_env: z.string().regex(variableName, { error: 'is not the name of a variable' }).optional(),
    address: text.optional(),
  })
  .refine((given) => (given.url_env === undefined) !== (given.address === undefined), { error: 'needs either url_env or address' });

const frontMatter = z.strictObject({
  title: text.optional(),
  owner: text.optional(),
  escalate: text.optional(),
  lock: text.optional(),
  inputs: z.record(z.string(), z.union([input, z.null().transform(() => input.parse({}))])).default({}),
  requires: z.record(z.string().regex(programName, { error: 'is not the name of a program' }), required).default({}),
  notify: z.array(notification).default([]),
});

export type FrontMatter = z.output<typeof frontMatter>;
export type Input = FrontMatter['inputs'][string];

export interface ReadFrontMatter {
  readonly front: FrontMatter;
  readonly faults: readonly Fault[];
}

/** The YAML begins after the line of dashes at the very top. */
const firstLine = 2;

export function readFrontMatter(yaml: string): ReadFrontMatter {
  const empty = frontMatter.parse({});
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: line + firstLine - 1, column: Math.max(col, 1) };
  };
  const [error] = document.errors;
  if (error !== undefined) {
    const fault = {
      ...at(error.pos[0]),
      message: `The front matter is not YAML: ${error.message}.`,
      fix: 'Mend it, or take out the dashes around it.',
    };
    return { front: empty, faults: [fault] };
  }
  const parsed = frontMatter.safeParse(document.toJS() ?? {});
  const faults = parsed.success
    ? []
    : parsed.error.issues.flatMap((issue) => toFaults(issue, (path) => at(offsetOf(document.contents, path))));
  const front = parsed.success ? parsed.data : empty;
  return { front, faults: [...faults, ...inputFaults(front, (path) => at(offsetOf(document.contents, path)))] };
}

type Path = readonly PropertyKey[];

function toFaults(issue: z.core.$ZodIssue, at: (path: Path) => Place): Fault[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      ...at([...issue.path, key]),
      message: `The front matter has no ${key}${issue.path.length === 0 ? '' : ` in ${issue.path.join('.')}`}.`,
      fix: issue.path.length === 0 ? `It has ${Object.keys(frontMatter.shape).join(', ')}.` : 'Take it out, or correct its name.',
    }));
  const what = issue.path.length === 0 ? 'The front matter' : `In the front matter, ${issue.path.join('.')}`;
  // What is wrong with a name lies one deeper than what is wrong with a value.
  const why = (issue.code === 'invalid_key' ? issue.issues[0] : undefined)?.message ?? issue.message;
  return [{ ...at(issue.path), message: `${what}: ${why}.`, fix: 'See docs/runbooks.md for its form.' }];
}

function inputFaults({ inputs }: FrontMatter, at: (path: Path) => Place): Fault[] {
  return Object.entries(inputs).flatMap(([name, { default: value, enum: values, pattern }]): Fault[] => {
    const place = at(['inputs', name]);
    if (!variableName.test(name))
      return [{ ...place, message: `${name} cannot be the name of an input.`, fix: 'Use letters, digits and _, and begin with a letter.' }];
    if (isReserved(name))
      return [{ ...place, message: `${name} cannot be an input: it decides how programs run.`, fix: 'Give it another name.' }];
    if (value !== undefined && refusal(value, { enum: values, pattern }) !== undefined)
      return [
        {
          ...place,
          message: `The default of ${name} is none of the values that it may have.`,
          fix: 'Change the default, or what is allowed.',
        },
      ];
    return [];
  });
}

/** Why this is no value of the input; undefined: it is one. */
export function refusal(value: string, { enum: values, pattern }: Pick<Input, 'enum' | 'pattern'>): string | undefined {
  if (values !== undefined && !values.includes(value)) return `must be one of ${values.join(', ')}`;
  if (pattern !== undefined && !new RegExp(pattern).test(value)) return `must match ${pattern}`;
  return undefined;
}

function isPattern(source: string): boolean {
  try {
    new RegExp(source).test('');
    return true;
  } catch {
    return false;
  }
}

/** Where the value of a path stands, or the nearest above it that does. */
function offsetOf(contents: unknown, path: Path): number {
  let node: unknown = contents;
  let offset = 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(key));
      if (pair === undefined) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isNode(node) && 'items' in node && Array.isArray(node.items)) {
      node = node.items[Number(key)];
      offset = startOf(node) ?? offset;
    } else break;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}
