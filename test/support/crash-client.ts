/** A client that writes as fast as it can to a server that dies again and again, and remembers what was acknowledged. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** One task's way through the queue, as far as the server acknowledged it. */
export interface Acknowledged {
  title: string;
  create_key: string;
  task_id: string;
  claimed: { fence: number } | undefined;
  finished: boolean;
}

export interface CrashClient {
  readonly acknowledged: readonly Acknowledged[];
  /** Writes that were acknowledged. */
  readonly written: number;
  /** Requests that got no answer and were sent again with the same idempotency key. */
  readonly repeated: number;
  /** Answers that neither acknowledge a write nor ask to try again. */
  readonly refused: readonly string[];
  /** Resolves when the write under way is acknowledged. */
  stop(): Promise<void>;
}

export interface CrashClientOptions {
  /** Where the server is now: another port after each start. */
  url(): string;
  key: string;
  project: string;
  name: string;
}

/** The server is on its way up. */
const retryMs = 25;

/** No answer for so long means that none will come: a dying server can leave a connection that says nothing. */
const answerTimeoutMs = 15_000;

export function startCrashClient(options: CrashClientOptions): CrashClient {
  const acknowledged: Acknowledged[] = [];
  const refused: string[] = [];
  let written = 0;
  let repeated = 0;
  let stopping = false;

  /** Sends one write until it is acknowledged; the key makes that one write, however often it is sent. */
  const write = async (path: string, input: object, idempotencyKey: string): Promise<Written> => {
    for (;;) {
      const answer = await send(options, path, input, idempotencyKey);
      if (answer !== undefined && answer.error === undefined) {
        written += 1;
        return answer;
      }
      if (answer?.error?.retryable === false) {
        refused.push(`${path}: ${answer.error.message}`);
        return {};
      }
      repeated += 1;
      await sleep(retryMs);
    }
  };

  const run = async (): Promise<void> => {
    while (!stopping) {
      const title = `${options.name} ${acknowledged.length + 1}`;
      const create_key = randomUUID();
      const { task } = await write('/tasks', { project: options.project, title }, create_key);
      if (task === undefined) return;
      const entry: Acknowledged = { title, create_key, task_id: task.id, claimed: undefined, finished: false };
      acknowledged.push(entry);
      const { claim } = await write('/queue/claim', { task_id: task.id }, randomUUID());
      if (claim === undefined) return;
      entry.claimed = { fence: claim.fence };
      const outputs = { by: options.name };
      const { task: finished } = await write('/queue/finish', { task_id: task.id, fence: claim.fence, outputs }, randomUUID());
      entry.finished = finished?.status === 'completed';
    }
  };

  const running = run();
  return {
    acknowledged,
    refused,
    get written() {
      return written;
    },
    get repeated() {
      return repeated;
    },
    stop() {
      stopping = true;
      return running;
    },
  };
}

interface Written {
  error?: { message: string; retryable: boolean };
  task?: { id: string; status: string };
  claim?: { fence: number };
}

/** The answer; undefined when the server was gone before it came. */
async function send({ url, key }: CrashClientOptions, path: string, input: object, idempotencyKey: string): Promise<Written | undefined> {
  try {
    const response = await fetch(`${url()}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
      body: JSON.stringify(input),
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    return (await response.json()) as Written;
  } catch {
    return undefined;
  }
}
