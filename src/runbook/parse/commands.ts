/** Reads a fence with attributes as a step or as an undo. */

import type { Capture, Command, Language, Resume, Step, Undo, Watch } from '../document.ts';
import { type Values, isReserved, stepName, variableName } from '../names.ts';
import type { Fault } from '../source.ts';
import type { Fence } from './fences.ts';
import { AttributeReader } from './reader.ts';

/** Of a step, and of a command in a checklist. */
export const defaultTimeoutMs = 10 * 60_000;
/** A command that is tried more often than this is a watch. */
const mostRetries = 100;
const defaultRetryEveryMs = 5_000;

const common = ['timeout', 'retry', 'retry_every', 'when', 'cwd', 'run', 'excludeFromRunAll'];
const ofSteps = ['name', 'kind', 'approve', 'capture', 'capture_secret', 'no_undo', 'resume', ...common];
const ofWatches = ['every', 'for', 'warmup', 'min_requests', 'no_data', 'hold_max', 'hold_then'];
const ofUndos = ['undo', 'undo_if', ...common];

/** `values`: of the inputs, or undefined while they are not known. Expectations and tables come later, from what follows the fence. */
export function readStep(fence: Fence, values: Values | undefined, faults: Fault[]): Step {
  const reader = readerOf(fence, values, faults);
  const watched = reader.has('every') || reader.has('for');
  reader.allow(watched ? [...ofSteps, ...ofWatches] : ofSteps, watched ? 'A watch' : 'A step');
  const name = readName(reader, 'name');
  const kind = reader.choice('kind', ['check', 'change'], watched ? 'check' : 'change');
  const resume = readResume(reader, kind);
  const capture = readCapture(reader);
  if (capture?.secret === true && kind === 'change' && resume.how !== 'rerun')
    reader.fault(
      'capture_secret',
      'A secret is never written down, so its step runs again when the run is resumed.',
      'Say kind=check or resume=rerun.',
    );
  return {
    type: 'step',
    ...readCommand(fence, reader, name),
    kind,
    approve: reader.text('approve'),
    capture,
    resume,
    noUndo: reader.text('no_undo'),
    watch: watched ? readWatch(reader) : undefined,
  };
}

export function readUndo(fence: Fence, values: Values | undefined, faults: Fault[]): Undo {
  const reader = readerOf(fence, values, faults);
  reader.allow(ofUndos, 'An undo');
  return { type: 'undo', ...readCommand(fence, reader, readName(reader, 'undo')), undoIf: reader.text('undo_if') };
}

function readerOf({ attributes }: Fence, values: Values | undefined, faults: Fault[]): AttributeReader {
  return new AttributeReader(attributes ?? new Map(), values, faults);
}

function readCommand({ place, language, text }: Fence, reader: AttributeReader, name: string): Command {
  return {
    name,
    place,
    language: language as Language,
    script: text,
    timeoutMs: reader.time('timeout', defaultTimeoutMs),
    retries: reader.count('retry', 0, mostRetries),
    retryEveryMs: reader.duration('retry_every', defaultRetryEveryMs),
    cwd: reader.text('cwd'),
    when: reader.condition('when'),
    expectations: [],
  };
}

function readName(reader: AttributeReader, attribute: 'name' | 'undo'): string {
  const name = reader.text(attribute) ?? '';
  if (!stepName.test(name))
    reader.fault(attribute, `${JSON.stringify(name)} cannot be the name of a step.`, 'Use up to 64 letters, digits, dots, - and _.');
  return name;
}

function readCapture(reader: AttributeReader): Capture | undefined {
  const secret = reader.has('capture_secret');
  const attribute = secret ? 'capture_secret' : 'capture';
  const text = reader.text(attribute);
  if (text === undefined) return undefined;
  if (secret && reader.has('capture')) reader.fault('capture', 'A step has one capture.', 'Keep capture or capture_secret.');
  const [, name = text, path] = /^([^:]*)(?::(.*))?$/.exec(text) ?? [];
  if (!variableName.test(name))
    reader.fault(attribute, `${JSON.stringify(name)} cannot be the name of a variable.`, 'Use letters, digits and _, or NAME:.json.path.');
  if (isReserved(name)) reader.fault(attribute, `${name} cannot be a capture: it decides how programs run.`, 'Give it another name.');
  return { name, path, secret };
}

function readResume(reader: AttributeReader, kind: Step['kind']): Resume {
  const text = reader.text('resume') ?? (kind === 'check' ? 'rerun' : 'ask');
  const [, probe] = /^probe=(.+)$/.exec(text) ?? [];
  if (probe !== undefined) return { how: 'probe', step: probe };
  if (text === 'rerun' || text === 'ask') return { how: text };
  reader.fault(
    'resume',
    `resume=${JSON.stringify(text)} is none of the values that it may have.`,
    'Write rerun, ask, or probe=NAME with the name of a check step.',
  );
  return { how: 'ask' };
}

function readWatch(reader: AttributeReader): Watch {
  for (const [given, missing] of [
    ['every', 'for'],
    ['for', 'every'],
  ] as const)
    if (!reader.has(missing))
      reader.fault(
        given,
        `A watch with ${given} needs ${missing} as well.`,
        `Add ${missing}=, for example ${missing}=${missing === 'every' ? '15s' : '30m'}.`,
      );
  return {
    everyMs: reader.time('every', 0),
    forMs: reader.time('for', 0),
    warmupMs: reader.duration('warmup', 0),
    minRequests: reader.count('min_requests', 0, 1_000_000_000),
    noData: reader.choice('no_data', ['hold', 'rollback', 'pass'], 'hold'),
    holdMaxMs: reader.duration('hold_max', undefined),
    holdThen: reader.choice('hold_then', ['stop', 'rollback'], 'stop'),
    rows: [],
  };
}
