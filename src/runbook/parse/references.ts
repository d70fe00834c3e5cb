/** Looks at what refers to something else in a runbook: undos, probes, variables, captures. */

import { namesOf } from '../condition.ts';
import { type Check, type Command, type Confirmation, type Runbook, type Step, type Undo, itemsOf } from '../document.ts';
import { referencesIn } from '../names.ts';
import type { Fault, Place } from '../source.ts';

export function checkReferences(runbook: Runbook): Fault[] {
  const faults: Fault[] = [];
  const items = itemsOf(runbook);
  const steps = items.filter((item) => item.type === 'step');
  const known = new Map<string, Known>(
    Object.entries(runbook.front.inputs).map(([name, { secret }]) => [name, { secret, from: undefined }]),
  );
  const fault = (place: Place, message: string, fix: string) => void faults.push({ ...place, message, fix });

  for (const item of items) {
    if (item.type !== 'step') continue;
    checkCommand(item, known, fault);
    checkStep(item, { steps, undo: runbook.undos.get(item.name), known }, fault);
    if (item.capture === undefined) continue;
    const { name, secret } = item.capture;
    if (known.get(name) !== undefined && known.get(name)?.from === undefined)
      fault(item.place, `The capture ${name} has the name of an input.`, 'Give it another name.');
    known.set(name, { secret, from: item });
  }
  for (const undo of runbook.undos.values()) {
    // By the time that it runs, everything may have been captured.
    checkCommand(undo, known, fault);
    if (undo.undoIf !== undefined && !isCheck(items, undo.undoIf))
      fault(undo.place, `undo_if names ${undo.undoIf}, which is not a check step.`, 'Name a step with kind=check.');
  }
  return faults;
}

interface Known {
  readonly secret: boolean;
  /** undefined: an input. */
  readonly from: Step | undefined;
}

type Tell = (place: Place, message: string, fix: string) => void;

/** That every name it asks for has a value by then. */
function checkCommand({ place, when, cwd, expectations }: Command, known: ReadonlyMap<string, Known>, fault: Tell): void {
  const asks = [...(when === undefined ? [] : [...namesOf(when), ...referencesIn(when.text)]), ...referencesIn(cwd ?? '')];
  for (const name of asks) if (!known.has(name)) fault(place, unknown(name), unknownFix);
  for (const { text, place: line } of expectations)
    for (const name of referencesIn(text)) {
      if (!known.has(name)) fault(line, unknown(name), unknownFix);
      if (known.get(name)?.secret === true)
        fault(line, `${name} is a secret, and an expectation would show it.`, 'Compare it inside the step.');
    }
}

interface StepSurroundings {
  readonly steps: readonly Step[];
  readonly undo: Undo | undefined;
  readonly known: ReadonlyMap<string, Known>;
}

function checkStep(step: Step, { steps, undo, known }: StepSurroundings, fault: Tell): void {
  const { name, place, kind, resume, noUndo, watch } = step;
  if (undo !== undefined && kind === 'check')
    fault(undo.place, `${name} is a check, which changes nothing.`, 'Say kind=change, or leave out the undo.');
  if (undo !== undefined && noUndo !== undefined)
    fault(place, `${name} says that it has no undo, and has one in line ${undo.place.line}.`, 'Keep one of the two.');
  if (resume.how === 'probe' && !isCheck(steps, resume.step))
    fault(place, `probe names ${resume.step}, which is not a check step.`, 'Name a step with kind=check.');
  if (watch === undefined) return;
  if (watch.rows.length === 0)
    fault(place, `The watch ${name} has no decision table.`, 'Put a table with the columns Metric, Hold, Roll back right after it.');
  for (const row of watch.rows)
    for (const { relativeTo } of [...row.hold, ...row.rollBack])
      if (relativeTo !== undefined && known.get(relativeTo)?.from === undefined)
        fault(
          row.place,
          `Nothing before the watch captures ${relativeTo}.`,
          `Capture it in a step before the change: {name=… kind=check capture=${relativeTo}}.`,
        );
}

function isCheck(items: readonly (Step | Check | Confirmation)[], name: string): boolean {
  return items.some((item) => item.name === name && (item.type === 'check' || (item.type === 'step' && item.kind === 'check')));
}

const unknown = (name: string) => `${name} is no input, and nothing before this captures it.`;
const unknownFix = 'Declare it under inputs, or capture it in a step before.';
