/** A drill: the newest backup, restored somewhere else, with a server on it that has to answer; measured against what was promised. */

import type { Settings } from '../../platform/config/settings.ts';
import { openDatabase, waitForDatabase } from '../../platform/database/open.ts';
import type { Manifest } from '../backup/manifest.ts';
import { type VerifyOptions, verifyBackup } from '../backup/verify.ts';
import { type KnownTask, type Question, askServer, findKnownTask } from './questions.ts';
import { startDrillServer } from './server.ts';

export interface DrillOptions extends VerifyOptions {
  /** The file that starts this program. */
  program: string;
  /** An API key of this person in this workspace of the restored database. */
  makeKey(settings: Settings, who: Pick<KnownTask, 'email' | 'workspace_id'>): Promise<string>;
  objectives: Objectives;
}

export interface Objectives {
  rto_seconds: number;
  rpo_seconds: number;
}

export interface Drill {
  backup: string;
  /** From the start to the last answer. */
  rto_seconds: number;
  /** From the moment that the backup holds to the start: what would be lost. */
  rpo_seconds: number;
  objectives: Objectives;
  questions: Question[];
  passed: boolean;
}

/** @throws FaultyBackup when it cannot be restored; Error when no server comes up on it. The scratch place is gone in any case. */
export async function runDrill(options: DrillOptions): Promise<Drill> {
  const { backup, objectives } = options;
  const { manifest } = backup;
  const started = performance.now();
  const rpo_seconds = Math.max(0, Math.round((Date.now() - Date.parse(manifest.created_at)) / 1_000));
  const { questions, rto_seconds } = await verifyBackup(options, async ({ settings }) => {
    const answered = [comparison(manifest), ...(await askRestored(options, settings))];
    return { questions: answered, rto_seconds: Math.round(performance.now() - started) / 1_000 };
  });
  const passed =
    questions.every((question) => question.passed) && rto_seconds <= objectives.rto_seconds && rpo_seconds <= objectives.rpo_seconds;
  return { backup: manifest.backup, rto_seconds, rpo_seconds, objectives, questions, passed };
}

/** Restoring would have failed otherwise. */
function comparison({ rows }: Manifest): Question {
  const total = Object.values(rows).reduce((sum, count) => sum + count, 0);
  const text = `${total} rows in ${Object.keys(rows).length} tables, as in the manifest`;
  return { question: 'Does every table have its rows?', expected: text, answer: text, passed: true, seconds: 0 };
}

async function askRestored(options: DrillOptions, settings: Settings): Promise<Question[]> {
  const { log, signal, progress = () => undefined, program, makeKey } = options;
  const database = await openDatabase({ settings, log });
  const task = await waitForDatabase(database, log, AbortSignal.any([AbortSignal.timeout(settings.poolTimeoutMs), ...signals(signal)]))
    .then(() => findKnownTask(database))
    .finally(() => database.close());
  signal?.throwIfAborted();
  progress('starting a server on it');
  const server = await startDrillServer({ program, settings, live: options.settings, signal });
  try {
    progress('asking it');
    const key = task === undefined ? null : await makeKey(settings, task);
    const questions = await askServer({ url: server.url, task: task ?? null, key, signal });
    signal?.throwIfAborted();
    return questions;
  } finally {
    await server.stop();
  }
}

function signals(signal: AbortSignal | undefined): AbortSignal[] {
  return signal === undefined ? [] : [signal];
}
