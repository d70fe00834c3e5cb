/** What a run of a runbook would do, before it does anything: in which order, with which inputs, and what can be undone. */

import { createHash } from 'node:crypto';
import { type Condition, holds, namesOf } from '../condition.ts';
import type { Capture, Command, Expectation, Item, Runbook, Step, Undo, Watch } from '../document.ts';
import { type Values, referencesIn } from '../names.ts';
import { parseShell } from '../shell/parse.ts';
import { type Fault, FaultyDocument } from '../source.ts';
import { type ChildFile, childrenOf } from './children.ts';
import type { ResolvedInput } from './inputs.ts';

/** `unknown`: captures decide, which nobody has yet. */
export type Runs = 'yes' | 'no' | 'unknown';

export interface PlannedStep {
  readonly name: string;
  readonly stage: string;
  readonly kind: 'check' | 'change' | 'confirmation';
  /** What it is about, for an item of a checklist. */
  readonly text: string | null;
  readonly command: string | null;
  readonly runs: Runs;
  readonly when: string | null;
  readonly approve: string | null;
  /** The command of its undo. */
  readonly undo: string | null;
  readonly no_undo: string | null;
  readonly watch: PlannedWatch | null;
  readonly timeout_ms: number | null;
  readonly expects: readonly string[];
  readonly captures: string | null;
  readonly children: readonly PlannedChild[];
}

export interface PlannedWatch {
  readonly every_ms: number;
  readonly for_ms: number;
  readonly min_requests: number;
  readonly no_data: string;
  readonly rows: readonly { metric: string; hold: string; roll_back: string }[];
}

export interface PlannedChild {
  /** As it is written; null: only the shell will know. */
  readonly file: string | null;
  /** SHA-256 of the file; null: it is opaque, and cannot be approved ahead. */
  readonly sha256: string | null;
}

export interface Plan {
  readonly title: string;
  /** SHA-256, hex, of everything that decides what a run does. An approval is bound to it. */
  readonly hash: string;
  readonly inputs: readonly PlannedInput[];
  readonly steps: readonly PlannedStep[];
  /** Lines of shell fences that nobody marked, and that never run. */
  readonly not_run: readonly number[];
  readonly lock: string | null;
}

export interface PlannedInput {
  readonly name: string;
  /** null: a secret. */
  readonly value: string | null;
  readonly source: string;
}

export interface PlanParts {
  /** Parsed with the values of those inputs that are no secrets. */
  readonly runbook: Runbook;
  readonly inputs: readonly ResolvedInput[];
  /** The text of a runbook that a step runs; undefined: there is no such file. `cwd`: of that step. */
  readChild(file: string, cwd: string | undefined): string | undefined;
}

/** @throws FaultyDocument when a step needs what a skipped one would have captured */
export function makePlan({ runbook, inputs, readChild }: PlanParts): Plan {
  const values: Values = new Map(inputs.map(({ name, value }) => [name, value]));
  const steps = runbook.stages.flatMap(({ title, items }) =>
    items.map((item) => plannedStep(item, { stage: title, values, undo: runbook.undos.get(item.name), readChild })),
  );
  const faults = unsetCaptures(runbook, steps);
  if (faults.length > 0) throw new FaultyDocument(runbook.source, faults);
  const plan = {
    title: runbook.title,
    inputs: inputs.map(({ name, value, secret, source }) => ({ name, value: secret ? null : value, source })),
    steps,
    not_run: runbook.illustrations.map(({ line }) => line),
    lock: runbook.front.lock ?? null,
  };
  return { ...plan, hash: hashOf(runbook, inputs, steps) };
}

interface Surroundings extends Pick<PlanParts, 'readChild'> {
  readonly stage: string;
  readonly values: Values;
  readonly undo: Undo | undefined;
}

function plannedStep(item: Item, { stage, values, undo, readChild }: Surroundings): PlannedStep {
  const { name } = item;
  if (item.type !== 'step') {
    const command = item.type === 'check' ? item.script : null;
    const kind = item.type;
    const nothing = { when: null, approve: null, undo: null, no_undo: null, watch: null, timeout_ms: null, captures: null };
    return {
      name,
      stage,
      kind,
      text: item.text,
      command,
      runs: 'yes',
      ...nothing,
      expects: [],
      children: childrenIn(command ?? '', undefined, readChild),
    };
  }
  return {
    name,
    stage,
    kind: item.kind,
    text: null,
    command: item.script,
    runs: runsOf(item.when, values),
    when: item.when?.text ?? null,
    approve: item.approve ?? null,
    undo: undo?.script ?? null,
    no_undo: item.noUndo ?? null,
    watch: item.watch === undefined ? null : plannedWatch(item.watch),
    timeout_ms: item.timeoutMs,
    expects: item.expectations.map(({ text }) => text),
    captures: item.capture === undefined ? null : showCapture(item.capture),
    children: [...childrenIn(item.script, item.cwd, readChild), ...childrenIn(undo?.script ?? '', undo?.cwd, readChild)],
  };
}

function runsOf(when: Condition | undefined, values: Values): Runs {
  if (when === undefined) return 'yes';
  const open = [...namesOf(when), ...referencesIn(when.text)].some((name) => !values.has(name));
  if (open) return 'unknown';
  return holds(when, values) ? 'yes' : 'no';
}

function plannedWatch({ everyMs, forMs, minRequests, noData, rows }: Watch): PlannedWatch {
  const shown = rows.map(({ metric, hold, rollBack }) => ({
    metric,
    hold: hold.map(({ text }) => text).join(' and '),
    roll_back: rollBack.map(({ text }) => text).join(' and '),
  }));
  return { every_ms: everyMs, for_ms: forMs, min_requests: minRequests, no_data: noData, rows: shown };
}

function showCapture({ name, path, secret }: Capture): string {
  return `${name}${path === undefined ? '' : `:${path}`}${secret ? ' (secret)' : ''}`;
}

function childrenIn(script: string, cwd: string | undefined, readChild: PlanParts['readChild']): PlannedChild[] {
  return childrenOf(script).map((file: ChildFile) => {
    const text = file === undefined ? undefined : readChild(file, cwd);
    return { file: file ?? null, sha256: text === undefined ? null : createHash('sha256').update(text).digest('hex') };
  });
}

/** What a step needs of one that is certain to be skipped. */
function unsetCaptures({ stages, undos }: Runbook, planned: readonly PlannedStep[]): Fault[] {
  const steps = stages.flatMap(({ items }) => items.filter((item) => item.type === 'step'));
  const runs = new Map(planned.map((step) => [step.name, step.runs]));
  const skipped = new Map<string, Step>();
  const faults: Fault[] = [];
  for (const step of steps) {
    if (runs.get(step.name) === 'no') {
      if (step.capture !== undefined) skipped.set(step.capture.name, step);
      continue;
    }
    const undo = undos.get(step.name);
    for (const command of undo === undefined ? [step] : [step, undo])
      for (const name of new Set(namesUsedBy(command))) {
        const from = skipped.get(name);
        if (from === undefined) continue;
        const message = `${command.name} uses ${name}, which ${from.name} would have captured, and that step is skipped.`;
        faults.push({ ...command.place, message, fix: 'Give both the same when, or capture it in a step that runs.' });
      }
    if (step.capture !== undefined) skipped.delete(step.capture.name);
  }
  return faults;
}

function namesUsedBy({ script, expectations, when, cwd }: Command): string[] {
  const inScript = parseShell(script).commands.flatMap(({ words, assignments }) =>
    [...words, ...assignments.flatMap(({ value }) => (value === undefined ? [] : [value]))].flatMap(({ variables }) =>
      variables.filter(({ guarded }) => !guarded).map(({ name }) => name),
    ),
  );
  return [
    ...inScript,
    ...expectations.flatMap(({ text }) => referencesIn(text)),
    ...(when === undefined ? [] : namesOf(when)),
    ...referencesIn(cwd ?? ''),
  ];
}

/** Whatever changes what a run does changes this, and nothing else: not the prose, not where a step stands in the file. */
function hashOf(runbook: Runbook, inputs: readonly ResolvedInput[], planned: readonly PlannedStep[]): string {
  const items = runbook.stages.flatMap(({ title, items: inStage }) => inStage.map((item) => ({ stage: title, ...withoutPlaces(item) })));
  const undos = [...runbook.undos.values()].map(withoutPlaces);
  const values = inputs.map(({ name, value, secret }) => (secret ? { name } : { name, value }));
  const children = planned.flatMap((step) => step.children);
  const decisive = { version: 1, items, undos, inputs: values, children, lock: runbook.front.lock ?? null };
  return createHash('sha256').update(canonical(decisive)).digest('hex');
}

/** SHA-256, hex, of a step or an undo with its attributes and expectations, wherever it stands. */
export function hashOfCommand(command: Command): string {
  return createHash('sha256')
    .update(canonical(withoutPlaces(command)))
    .digest('hex');
}

function withoutPlaces(item: Item | Command): object {
  const plain: object = 'expectations' in item ? { ...item, expectations: item.expectations.map(textOf) } : item;
  return JSON.parse(JSON.stringify(plain, (key, value: unknown) => (key === 'place' ? undefined : value))) as object;
}

function textOf({ kind, text }: Expectation): object {
  return { kind, text };
}

/** JSON with the keys of each object in one order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
