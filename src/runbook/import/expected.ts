/** Reads comments that say what a command should give: `# Expected: {"status": "healthy"}`, `# should return 3 lines`, `# → ready`. */

import { parseAssertion } from '../expect/assertions.ts';
import { parseShell } from '../shell/parse.ts';

export interface Expected {
  /** The script without the comments that became assertions. */
  readonly script: string;
  readonly assertions: readonly string[];
  /** The lines that all of the output should be. */
  readonly output: readonly string[];
  /** What could not be read as an assertion; it stays in the script. */
  readonly open: readonly string[];
}

const opening =
  /^(?:expect(?:ed|s)?(?: (?:output|result|response|status|value))?\s*(?::|=|→|->|=>)|(?:this |it )?should (?:return|show|print|output|say|give|be|list|see)\b:?|(?:returns?|output|result)\s*:|→|->|=>)\s*/i;

/** What it says should come; undefined: the comment is about something else. */
export function expectedIn(comment: string): string | undefined {
  return opening.test(comment) ? comment.replace(opening, '').trim() : undefined;
}

export function readExpected(script: string): Expected {
  const { comments, statements } = parseShell(script);
  const first = statements[0]?.start ?? 0;
  const assertions: string[] = [];
  const output: string[] = [];
  const open: string[] = [];
  const taken: { readonly start: number; readonly end: number }[] = [];
  for (const [index, comment] of comments.entries()) {
    const said = expectedIn(comment.text);
    if (said === undefined || comment.start < first) continue;
    if (said === '') {
      // The lines below it, each a comment, are the output.
      const lines = following(script, comments.slice(index));
      if (statements.length !== 1 || lines.length === 0) continue;
      output.push(...lines.map(({ start, end }) => script.slice(start, end).replace(/^# ?/, '').trimEnd()));
      taken.push(comment, ...lines);
      continue;
    }
    const read = assertionsOf(said, statements.length === 1);
    if (read === undefined) open.push(said);
    else {
      assertions.push(...read);
      taken.push(comment);
    }
  }
  return { script: without(script, taken), assertions, output, open };
}

function following<Each extends { readonly start: number; readonly end: number }>(script: string, comments: readonly Each[]): Each[] {
  const [head, ...rest] = comments;
  const lines: Each[] = [];
  let end = head?.end ?? 0;
  for (const comment of rest) {
    if (!/^[ \t]*\n[ \t]*$/.test(script.slice(end, comment.start))) break;
    lines.push(comment);
    end = comment.end;
  }
  return lines;
}

/** Words that tell how it should be, and that no output need have in it. */
const judgements =
  /^(?:success|successful|successfully|ok|okay|pass|passed|passing|yes|no|error|errors|failure|working|works|true|false|valid|the|an?|all)$/i;

/** undefined: it cannot be read as an assertion. `alone`: one command prints all of the output. */
function assertionsOf(said: string, alone: boolean): string[] | undefined {
  const text = said.replace(/[.;]$/, '').trim();
  const [, code] = /^exit(?:s with)?(?: code| status)?[: ]+(\d{1,3})$/i.exec(text) ?? [];
  const [, count] = /^(?:exactly )?(\d+) lines?$/i.exec(text) ?? [];
  const [, quoted] = /^(?:"([^"]+)"|'([^']+)'|`([^`]+)`)$/.exec(text)?.filter((part) => part !== undefined) ?? [];
  const lines =
    alone && /^[{[]/.test(text)
      ? jsonAssertions(text)
      : code !== undefined
        ? [`exit ${code}`]
        : count !== undefined && alone
          ? [`lines == ${count}`]
          : /^(?:nothing|no output|empty|\(empty\))$/i.test(text)
            ? ['stdout empty']
            : quoted !== undefined
              ? [`stdout contains ${quoted.trim()}`]
              : /^[\w.:/-]{2,}$/.test(text) && !judgements.test(text) && !/^\d{3}$/.test(text)
                ? [`stdout contains ${text}`]
                : undefined;
  // A name in braces would be replaced, and nobody gives it a value.
  return lines?.every((line) => parseAssertion(line) !== undefined && !line.includes('${') && !line.includes('\n')) === true
    ? lines
    : undefined;
}

/** More would be a copy of the answer, and not what matters in it. */
const mostLeaves = 12;

function jsonAssertions(text: string): string[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const leaves = leavesOf(value, '');
  return leaves.length > 0 && leaves.length <= mostLeaves ? leaves : undefined;
}

function leavesOf(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return path === '' ? [] : [`json ${path} == ${JSON.stringify(value)}`];
  const entries = Object.entries(value);
  if (entries.length === 0) return [`json ${path || '.'} exists`];
  return entries.flatMap(([key, inner]) => {
    const step = Array.isArray(value) ? `[${key}]` : /^[A-Za-z_][\w-]*$/.test(key) ? `.${key}` : `."${key}"`;
    return leavesOf(inner, Array.isArray(value) && path === '' ? `.${step}` : path + step);
  });
}

/** Without these comments, and without the lines that held nothing else. */
function without(script: string, taken: readonly { readonly start: number; readonly end: number }[]): string {
  return taken
    .toSorted((a, b) => b.start - a.start)
    .reduce((text, { start, end }) => {
      const line = text.lastIndexOf('\n', start - 1) + 1;
      const alone = text.slice(line, start).trim() === '';
      const before = alone ? text.slice(0, Math.max(0, line - 1)) : text.slice(0, start).trimEnd();
      return before + text.slice(end);
    }, script)
    .replace(/^\n+|\n+$/g, '');
}
