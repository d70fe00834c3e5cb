/** Takes in the files that were found, some at a time, and says what became of each. */

import { readFile } from 'node:fs/promises';
import { Problem, unreadable } from '../../platform/problem.ts';
import type { FoundFile } from './files.ts';
import { type IngestPlace, takeIn } from './place.ts';

export interface FileOutcome {
  file: string;
  outcome: 'created' | 'replaced' | 'unchanged' | 'refused';
  source_id?: string;
  /** Why it was refused. */
  code?: string;
  reason?: unknown;
  message?: string;
  next?: string;
}

export interface IngestRun {
  place: IngestPlace;
  project: string | undefined;
  /** No further file is begun once it is aborted. */
  signal: AbortSignal;
  /** Told of each file. */
  onOutcome(outcome: FileOutcome): void;
}

/** Files on the way at once: the server reads two at a time and stores one, so each of the three has its next. */
const atOnce = 4;

/** @throws Problem for what is wrong with the whole, such as the project; Error when the server cannot be reached */
export async function ingestFiles(files: readonly FoundFile[], run: IngestRun): Promise<void> {
  const waiting = files.values();
  const failed = new AbortController();
  const signal = AbortSignal.any([run.signal, failed.signal]);
  const work = async (): Promise<void> => {
    for (const file of waiting) {
      if (signal.aborted) return;
      run.onOutcome(await ingestFile(file, run));
    }
  };
  const workers = Array.from({ length: atOnce }, () =>
    work().catch((error: unknown) => {
      failed.abort();
      throw error;
    }),
  );
  const [first] = (await Promise.allSettled(workers)).filter(({ status }) => status === 'rejected');
  if (first?.status === 'rejected') throw first.reason;
}

async function ingestFile({ path, name, size }: FoundFile, { place, project }: IngestRun): Promise<FileOutcome> {
  try {
    const { assertFileSize, toFileInput } = await import('../../toolsets/knowledge/index.ts');
    if (place.maxBytes !== undefined) assertFileSize(size, place.maxBytes);
    const { content, format } = toFileInput(name, await readFile(path).catch(cannotRead));
    const { change, source } = await takeIn(place, { project, url: `file:${name}`, content, format });
    return { file: name, outcome: change === 'appended' ? 'replaced' : change, source_id: source.id };
  } catch (error) {
    if (!isAboutFile(error)) throw error;
    const { code, message, next, details } = error;
    return { file: name, outcome: 'refused', code, ...('reason' in details && { reason: details['reason'] }), message, next };
  }
}

function cannotRead(error: unknown): never {
  throw unreadable({
    message: `The file cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
    next: 'Look at its rights, and that it is still there.',
  });
}

/** Anything else would be said of every other file too. */
function isAboutFile(error: unknown): error is Problem {
  return error instanceof Problem && (error.code === 'invalid_input' || error.code === 'too_large' || error.code === 'unreadable');
}
