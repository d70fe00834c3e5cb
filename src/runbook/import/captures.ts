/** A step that only sets a variable, `POD=$(kubectl get …)`, as one whose output later steps have by that name. */

import { isReserved } from '../names.ts';
import { parseShell } from '../shell/parse.ts';
import { isSecret } from './inputs.ts';
import type { PartOfStep } from './steps.ts';

export interface Captured {
  readonly name: string;
  /** What prints the value. */
  readonly script: string;
}

const whole = /^(?:"\$\(([\s\S]*)\)"|\$\(([\s\S]*)\))$/;

/** undefined: it does more than that, or what it sets must not be written down. */
export function captureOf({ script, output, assertions }: PartOfStep): Captured | undefined {
  const { statements, commands } = parseShell(script);
  const [statement] = statements;
  const [command] = commands;
  const [assignment, ...others] = command?.assignments ?? [];
  if (statement === undefined || statements.length > 1 || others.length > 0 || output.length > 0 || assertions.length > 0) return undefined;
  const exported = command?.words[0]?.value === 'export' && command.words.length === 2;
  if (assignment?.value === undefined || (command?.words.length !== 0 && !exported)) return undefined;
  // A list, a loop or a pipe around it is something else.
  if (command.start !== statement.start || command.end !== statement.end) return undefined;
  const [, quoted, bare] = whole.exec(assignment.value.text) ?? [];
  const inner = (quoted ?? bare)?.trim();
  const read = inner === undefined ? undefined : parseShell(inner);
  // What looks like one substitution may be two with something between them.
  if (inner === undefined || read === undefined || read.faults.length > 0 || read.commands.length === 0) return undefined;
  if (isReserved(assignment.name) || isSecret(assignment.name)) return undefined;
  return { name: assignment.name, script: script.slice(0, statement.start) + inner + script.slice(statement.end) };
}
