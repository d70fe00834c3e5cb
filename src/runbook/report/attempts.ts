/** Each attempt of a step or an undo, with the end of what it wrote. */

import { stripVTControlCharacters } from 'node:util';
import type { RunRecord, StepOutcome } from '../run/records.ts';

export interface Attempt {
  readonly attempt: number;
  /** null: nothing was run for it; somebody or a probe said how it is. */
  readonly started_at: string | null;
  /** null: its end is not known. */
  readonly ended_at: string | null;
  readonly outcome: StepOutcome | 'running';
  readonly exit: number | null;
  readonly reason: string;
  /** The last lines that it wrote; empty: none. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Which step or undo. */
export interface Which {
  readonly step: string;
  readonly undo: boolean;
}

/** What an attempt wrote to a stream, secrets cut out; undefined: nothing. */
export type OutputOf = (which: Which & { readonly attempt: number }, stream: 'stdout' | 'stderr') => string | undefined;

export function attemptsOf({ step, undo }: Which, records: readonly RunRecord[], outputOf: OutputOf): Attempt[] {
  const attempts: Attempt[] = [];
  for (const record of records) {
    if ((record.type !== 'step.intended' && record.type !== 'step.ended') || record.step !== step || record.undo !== undo) continue;
    const { attempt, at } = record;
    if (record.type === 'step.intended') {
      const output = (stream: 'stdout' | 'stderr') => endOf(outputOf({ step, undo, attempt }, stream) ?? '');
      const [stdout, stderr] = [output('stdout'), output('stderr')];
      attempts.push({ attempt, started_at: at, ended_at: null, outcome: 'running', exit: null, reason: '', stdout, stderr });
      continue;
    }
    const { outcome, exit, reason } = record;
    const open = attempts.at(-1);
    const runs = open?.attempt === attempt && open.outcome === 'running' ? attempts.pop() : undefined;
    attempts.push({ ...(runs ?? { attempt, started_at: null, stdout: '', stderr: '' }), ended_at: at, outcome, exit, reason });
  }
  return attempts;
}

/** As much as a person reads, and the evidence of one check fits in: all of it lies in the folder of the run. */
const most = { lines: 60, characters: 8_000 } as const;

function endOf(output: string): string {
  const lines = stripVTControlCharacters(output.slice(-4 * most.characters))
    .replaceAll(/\r\n?/g, '\n')
    .trimEnd()
    .split('\n');
  const end = lines.slice(-most.lines).join('\n').slice(-most.characters).toWellFormed();
  return lines.length > most.lines || output.length > 4 * most.characters ? `[…]\n${end}` : end;
}
