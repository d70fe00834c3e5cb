/** A script by itself as the linter sees one: its commands with what they call. */

import { type Call, callsOf } from '../lint/calls.ts';
import { parseShell } from '../shell/parse.ts';
import type { ShellScript } from '../shell/types.ts';

export interface ReadScript {
  readonly shell: ShellScript;
  readonly calls: readonly Call[];
}

const nowhere = { title: '', depth: 0, at: { line: 1, column: 1 }, path: [], part: 0 };

export function readScript(text: string): ReadScript {
  const shell = parseShell(text);
  const script = {
    kind: 'fence' as const,
    language: 'bash',
    shell,
    section: nowhere,
    meta: '',
    step: true,
    expected: false,
    sequence: shell,
    placeholders: [],
    place: () => ({ line: 1, column: 1 }),
  };
  return { shell, calls: callsOf([script]) };
}

/** What the last of a chain of programs is: of `sudo docker exec web alembic current` alembic. */
export function programOf({ calls }: ReadScript): string | undefined {
  const [first] = calls;
  if (first === undefined) return undefined;
  const inner = calls.filter(({ via, command }) => via !== undefined || command === first.command).at(-1) ?? first;
  return moduleOf(inner)?.program ?? inner.program;
}

/** `python -m alembic current` is a call of alembic. */
export function moduleOf(call: Call): Call | undefined {
  if (!/^python[\d.]*$/.test(call.program)) return undefined;
  const [flag, name, ...args] = call.args;
  return flag?.text === '-m' && name?.known === true ? { ...call, program: name.text, args } : undefined;
}
