/** Checks an input before its handler sees it, and words everything that is wrong with it. */

import type { z } from 'zod';
import { type Problem, invalidInput } from '../platform/problem.ts';

/** Deepest nesting of an input. Our own deepest shape has five levels; the rest is the caller's JSON. */
export const maxDepth = 64;

/** Most problems listed at once: enough to fix a form, short enough to read. */
const maxListed = 20;

interface InputProblem {
  path: string;
  message: string;
}

/** @throws Problem `invalid_input` with every problem and its path. */
export function parseInput<Schema extends z.ZodType>(name: string, schema: Schema, input: unknown): z.output<Schema> {
  const unsafe = findUnsafeText(input);
  if (unsafe !== undefined) throw wrongInput(name, [unsafe]);
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw wrongInput(name, parsed.error.issues.flatMap(toProblems));
}

function wrongInput(name: string, problems: InputProblem[]): Problem {
  const listed = problems.slice(0, maxListed);
  const text = listed.map((problem) => (problem.path === '' ? problem.message : `${problem.path}: ${problem.message}`)).join('; ');
  return invalidInput({
    message: `The input of ${name} is wrong: ${text}.`,
    next: 'Correct these fields and call again.',
    details: { problems: listed, total: problems.length },
  });
}

function toProblems(issue: z.core.$ZodIssue): InputProblem[] {
  const path = formatPath(issue.path);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: formatPath([...issue.path, key]), message: 'there is no such field' }));
  if (issue.code === 'invalid_type' && issue.input === undefined && issue.message.endsWith('received undefined'))
    return [{ path, message: 'is required' }];
  return [{ path, message: issue.message.charAt(0).toLowerCase() + issue.message.slice(1) }];
}

function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const name = String(part).slice(0, 100);
    return text === '' ? name : `${text}.${name}`;
  }, '');
}

/** Where the walk is; it points back up, so that a path is only written down for what is wrong. */
interface Place {
  value: unknown;
  key: PropertyKey;
  above: Place | undefined;
  depth: number;
}

/**
 * Text that a database cannot store, or nesting that a parser should not follow. Walks with its own stack,
 * because a recursive walk over hostile input ends the process.
 */
function findUnsafeText(input: unknown): InputProblem | undefined {
  const open: Place[] = [{ value: input, key: '', above: undefined, depth: 0 }];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const { value, depth } = place;
    if (typeof value === 'string') {
      const wrong = wrongText(value);
      if (wrong !== undefined) return { path: formatPath(pathOf(place)), message: wrong };
    } else if (typeof value === 'object' && value !== null) {
      if (depth >= maxDepth) return { path: formatPath(pathOf(place).slice(0, 3)), message: `is nested deeper than ${maxDepth} levels` };
      const isArray = Array.isArray(value);
      for (const [key, child] of Object.entries(value)) {
        if (!isArray && wrongText(key) !== undefined)
          return { path: formatPath(pathOf(place)), message: `has a field name that ${wrongText(key)}` };
        if (typeof child === 'string' || typeof child === 'object')
          open.push({ value: child, key: isArray ? Number(key) : key, above: place, depth: depth + 1 });
      }
    }
  }
  return undefined;
}

/** What PostgreSQL refuses in text or in jsonb. */
function wrongText(text: string): string | undefined {
  if (text.includes('\0')) return 'must not contain the character U+0000';
  return text.isWellFormed() ? undefined : 'must not contain half of a surrogate pair';
}

function pathOf(place: Place): PropertyKey[] {
  const path: PropertyKey[] = [];
  for (let at = place; at.above !== undefined; at = at.above) path.unshift(at.key);
  return path;
}
