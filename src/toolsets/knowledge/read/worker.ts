/** The thread that a reader works in: reads one source, and tells what came of it. */

import { parentPort, workerData } from 'node:worker_threads';
import { Problem, type ProblemText } from '../../../platform/problem.ts';
import type { Progress, ReadLimits, ReadText } from './document.ts';
import { type Source, readHere } from './reader.ts';

export interface WorkerInput {
  source: Source;
  limits: ReadLimits;
}

/** Problems are not cloned as such; all that a reader raises are `invalid_input`. */
export type WorkerAnswer =
  { kind: 'progress'; progress: Progress } | { kind: 'read'; read: ReadText } | { kind: 'refused'; text: ProblemText };

const { source, limits } = workerData as WorkerInput;
const tell = (answer: WorkerAnswer) => parentPort?.postMessage(answer, []);

try {
  tell({ kind: 'read', read: await readHere(source, limits, (progress) => tell({ kind: 'progress', progress })) });
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  const { message, next, details } = error;
  tell({ kind: 'refused', text: { message, next, details } });
}
