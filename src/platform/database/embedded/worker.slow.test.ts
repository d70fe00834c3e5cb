import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { databaseCode } from './code.ts';
import type { Answer, Request } from './messages.ts';

/** What it needs to open takes half of this. */
const heapMb = 64;

function query(text: string): Uint8Array<ArrayBuffer> {
  const message = Buffer.from(`Q\0\0\0\0${text}\0`);
  message.writeUInt32BE(message.length - 1, 1);
  return new Uint8Array(message);
}

test('keeps nothing of what it has answered', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quarterdeck-worker-'));
  const settings = { folder: join(folder, 'data'), code: await databaseCode() };
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: settings,
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 8 },
  });
  try {
    const ask = async (request: Request): Promise<Answer> => {
      worker.postMessage(request, []);
      const [answer] = (await once(worker, 'message')) as [Answer];
      return answer;
    };
    expect(await ask({ kind: 'attach' })).toMatchObject({ kind: 'done' });
    let bytes = 0;
    for (let count = 0; count < 1_500; count += 1) {
      const answer = await ask({ kind: 'protocol', bytes: query('select number, number, number from generate_series(1, 200) number') });
      bytes += answer.kind === 'done' ? (answer.bytes?.length ?? 0) : 0;
    }
    // Several times what it may hold, once it is parsed.
    expect(bytes).toBeGreaterThan(5 * 1024 * 1024);
    await ask({ kind: 'close' });
  } finally {
    await worker.terminate();
    await rm(folder, { recursive: true, force: true });
  }
});
