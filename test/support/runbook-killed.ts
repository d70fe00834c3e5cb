/** The program, as a process that kills itself with SIGKILL at one moment of a run: KILL_AT says at which. */

import { existsSync, readFileSync } from 'node:fs';
import { type Entry, Journal } from '../../src/runbook/journal/journal.ts';

/** `child`: while the process of the step runs; the step leaves its name in the file `begun`. */
export const moments = ['before intent', 'after intent', 'after spawn', 'child', 'before result', 'after result'] as const;
export type Moment = (typeof moments)[number];

const types: Readonly<Record<Moment, string>> = {
  'before intent': 'step.intended',
  'after intent': 'step.intended',
  'after spawn': 'step.spawned',
  child: 'step.spawned',
  'before result': 'step.ended',
  'after result': 'step.ended',
};

const [step, moment] = (process.env['KILL_AT'] ?? '').split('/') as [string, Moment | undefined];

if (moment !== undefined) {
  const append = Journal.prototype.append;
  Journal.prototype.append = function killing<One extends Entry>(this: Journal<Entry>, entry: One) {
    const here = entry.type === types[moment] && 'step' in entry && entry.step === step;
    if (here && moment.startsWith('before')) die();
    const record = append.call(this, entry);
    if (here && moment.startsWith('after')) die();
    if (here && moment === 'child') setInterval(() => hasBegun() && die(), 2);
    return record as ReturnType<typeof append<One>>;
  };
}

function hasBegun(): boolean {
  return existsSync('begun') && readFileSync('begun', 'utf8').split('\n').includes(step);
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

// A test that only asks for the moments is no runner.
if (moment !== undefined) {
  // Only the runner dies, not what its steps start in their turn.
  delete process.env['KILL_AT'];
  await import('../../src/cli/main.ts');
}
