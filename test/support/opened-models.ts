/** The models of some settings, opened as the server does, with everything that they log and count. */

import { onTestFinished } from 'vitest';
import { readSettings } from '../../src/platform/config/read.ts';
import { openModels } from '../../src/platform/models/open.ts';
import type { ChatModel, ChatPart, EmbeddingModel, Models } from '../../src/platform/models/types.ts';
import { Problem } from '../../src/platform/problem.ts';
import { createLog } from '../../src/platform/telemetry/log.ts';
import { createMetrics } from '../../src/platform/telemetry/metrics.ts';

export interface OpenedModels {
  models: Models;
  chat: ChatModel;
  embedding: EmbeddingModel;
  /** The lines of the log. */
  lines: string[];
  /** The value of a metric with these labels; undefined: nothing was counted. */
  metric(name: string, labels: Record<string, string>): Promise<number | undefined>;
}

/** `chat` and `embedding` are there when the settings switch them on; to use one that is not is an error of the test. */
export async function openTestModels(environment: Record<string, string>, clock?: () => number): Promise<OpenedModels> {
  const { settings } = readSettings({ environment, folder: '/nowhere' });
  const lines: string[] = [];
  const log = createLog({ logLevel: 'trace' }, { write: (line) => void lines.push(line) });
  const metrics = createMetrics('test');
  const models = await openModels({ settings, log, observer: metrics.models, clock });
  onTestFinished(() => models.close());
  return {
    models,
    get chat() {
      return given(models.chat);
    },
    get embedding() {
      return given(models.embedding);
    },
    lines,
    async metric(name, labels) {
      const samples = await metrics.samples();
      const fits = (found: Record<string, string>) => Object.entries(labels).every(([label, value]) => found[label] === value);
      return samples.find((sample) => sample.name === name && fits(sample.labels))?.value;
    },
  };
}

function given<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the settings of this test switch no such model on');
  return value;
}

/** A signal that nobody aborts. */
export const patient = (): AbortSignal => new AbortController().signal;

/** The pieces of an answer until it ends or fails, and how. */
export async function listen(stream: AsyncIterable<ChatPart>): Promise<{ pieces: string[]; end: ChatPart | undefined; problem: unknown }> {
  const pieces: string[] = [];
  let end: ChatPart | undefined;
  try {
    for await (const part of stream) {
      if (part.type === 'text') pieces.push(part.text);
      else end = part;
    }
  } catch (problem) {
    return { pieces, end, problem };
  }
  return { pieces, end, problem: undefined };
}

/** The problem that the work must raise. */
export async function problemOf(work: Promise<unknown>): Promise<Problem> {
  const problem = await work.then(
    (answer) => new Error(`there was an answer: ${JSON.stringify(answer)}`),
    (error: unknown) => error,
  );
  if (problem instanceof Problem) return problem;
  throw problem;
}
