/** Expected output, line by line: `...` is any number of lines, `(glob)` and `(re)` at the end of a line make it a pattern. */

import { stripped } from './text.ts';

type Line = { readonly text: string } & (
  { readonly kind: 'any' } | { readonly kind: 'literal' } | { readonly kind: 'pattern'; readonly pattern: RegExp }
);

export interface ExpectedOutput {
  readonly lines: readonly Line[];
}

/** undefined: a line ends in `(re)` and is no regular expression; `line` counts from 0. */
export function parseOutput(text: string): ExpectedOutput | { readonly faultyLine: number } {
  const lines: Line[] = [];
  for (const [index, line] of linesOf(text).entries()) {
    const parsed = parseLine(line);
    if (parsed === undefined) return { faultyLine: index };
    lines.push(parsed);
  }
  return { lines };
}

function parseLine(text: string): Line | undefined {
  if (text === '...') return { kind: 'any', text };
  const [, body = '', kind] = /^(.*) \((glob|re)\)$/.exec(text) ?? [];
  if (kind === undefined) return { kind: 'literal', text };
  try {
    return { kind: 'pattern', text, pattern: kind === 're' ? new RegExp(`^(?:${body})$`) : fromGlob(body) };
  } catch {
    return undefined;
  }
}

/** `*` is anything, `?` one character; everything else is itself. */
function fromGlob(glob: string): RegExp {
  const source = glob
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll(/\*+/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`);
}

export type OutputMismatch = { readonly message: string };

/** undefined: all of the output matches. Otherwise the first line at which no reading of the dots helps. */
export function matchOutput({ lines }: ExpectedOutput, stdout: string): OutputMismatch | undefined {
  const actual = linesOf(stripped(stdout).replace(/\n$/, ''), stdout === '');
  // Which numbers of lines the first expected lines can account for; with `...` there may be many.
  let reached = new Set([0]);
  for (const expected of lines) {
    const next = step(expected, actual, reached);
    if (next.size === 0) return { message: whereItStopped(expected, actual, reached) };
    reached = next;
  }
  if (reached.has(actual.length)) return undefined;
  const furthest = Math.max(...reached);
  return { message: `line ${furthest + 1} of the output was not expected: ${JSON.stringify(actual[furthest] ?? '')}` };
}

function step(expected: Line, actual: readonly string[], reached: ReadonlySet<number>): Set<number> {
  const next = new Set<number>();
  if (expected.kind === 'any') {
    for (let at = Math.min(...reached); at <= actual.length; at += 1) next.add(at);
    return next;
  }
  for (const at of reached) {
    const line = actual[at];
    if (line !== undefined && fits(expected, line)) next.add(at + 1);
  }
  return next;
}

function fits(expected: Line, line: string): boolean {
  return expected.kind === 'pattern' ? expected.pattern.test(line) : expected.text === line;
}

function whereItStopped(expected: Line, actual: readonly string[], reached: ReadonlySet<number>): string {
  const wanted = JSON.stringify(expected.text);
  // After dots the line may be anywhere, so no single line is the wrong one.
  if (reached.size > 1) return `no line of the output is ${wanted}`;
  const at = Math.max(...reached);
  const line = actual[at];
  return line === undefined ? `the output ends before ${wanted}` : `line ${at + 1} of the output is ${JSON.stringify(line)}, not ${wanted}`;
}

/** `nothing`: there is not even an empty line. */
function linesOf(text: string, nothing = text === ''): string[] {
  return nothing ? [] : text.split(/\r?\n/).map((line) => line.replace(/[ \t]+$/, ''));
}
