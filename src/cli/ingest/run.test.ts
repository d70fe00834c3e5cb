import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { invalidInput, notFound, rateLimited } from '../../platform/problem.ts';
import type { FoundFile } from './files.ts';
import type { IngestPlace } from './place.ts';
import { type FileOutcome, ingestFiles } from './run.ts';

let folder: string;
let files: FoundFile[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quarterdeck-'));
  files = Array.from({ length: 12 }, (_, n) => ({ path: join(folder, `${n}.txt`), name: `docs/${n}.txt`, size: 9 }));
  for (const { path } of files) await writeFile(path, `File ${path}`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const answer = { change: 'created', source: { id: 's' } };

/** Runs on a server that answers so. */
async function ingest(call: IngestPlace['call'], options: { signal?: AbortSignal; given?: FoundFile[]; maxBytes?: number } = {}) {
  const outcomes: FileOutcome[] = [];
  const { signal = new AbortController().signal, given = files, maxBytes } = options;
  const place = { call, maxBytes, close: async () => undefined };
  await ingestFiles(given, { place, project: 'WEB', signal, onOutcome: (outcome) => outcomes.push(outcome) });
  return outcomes;
}

test('files go out with their address, a few at a time', async () => {
  const sent: unknown[] = [];
  const four = Promise.withResolvers<void>();
  let busy = 0;
  let busiest = 0;
  const outcomes = await ingest(async (_operation, input) => {
    sent.push(input);
    if (sent.length === 4) four.resolve();
    busiest = Math.max(busiest, (busy += 1));
    await four.promise;
    busy -= 1;
    return answer;
  });
  expect(busiest).toBe(4);
  expect(sent).toContainEqual({ project: 'WEB', url: 'file:docs/0.txt', content: `File ${files[0]?.path}`, format: undefined });
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(files.map(() => 'created'));
});

describe('a file', () => {
  test('that is refused does not stop the others', async () => {
    const refusal = invalidInput({ message: 'It is broken.', next: 'Mend it.', details: { reason: 'damaged' } });
    const outcomes = await ingest((_operation, { url }) => (url === 'file:docs/3.txt' ? Promise.reject(refusal) : Promise.resolve(answer)));
    expect(outcomes).toHaveLength(12);
    expect(outcomes.filter(({ outcome }) => outcome === 'refused')).toEqual([
      { file: 'docs/3.txt', outcome: 'refused', code: 'invalid_input', reason: 'damaged', message: 'It is broken.', next: 'Mend it.' },
    ]);
  });

  test('that is too large is not sent', async () => {
    const [first] = await ingest(() => Promise.reject(new Error('sent')), { given: files.slice(0, 1), maxBytes: 8 });
    expect(first).toMatchObject({ outcome: 'refused', reason: 'too_large' });
  });

  test('that is gone is refused', async () => {
    const gone = { path: join(folder, 'gone.txt'), name: 'docs/gone.txt', size: 1 };
    const [first] = await ingest(async () => answer, { given: [gone] });
    expect(first).toMatchObject({ outcome: 'refused', code: 'unreadable' });
  });

  test('that is taken in by a job is waited for', async () => {
    const job = (more: object) => ({ job: { id: 'j', status: 'running', result: null, problem: null, ...more } });
    const answers = [job({}), job({}), job({ status: 'done', result: { ...answer, change: 'replaced' } })];
    const asked: unknown[] = [];
    const outcomes = await ingest(
      async (operation, input) => {
        asked.push([operation, input['job_id']]);
        return answers.shift() ?? answer;
      },
      { given: files.slice(0, 1) },
    );
    expect(outcomes).toEqual([{ file: 'docs/0.txt', outcome: 'replaced', source_id: 's' }]);
    expect(asked).toEqual([
      ['ingest_source', undefined],
      ['get_job', 'j'],
      ['get_job', 'j'],
    ]);
  });

  test('whose job fails is refused for its reason', async () => {
    const problem = { code: 'invalid_input', message: 'Scanned.', next: 'Run OCR.', retryable: false, details: { reason: 'scanned' } };
    const outcomes = await ingest(async () => ({ job: { id: 'j', status: 'failed', result: null, problem } }), {
      given: files.slice(0, 1),
    });
    expect(outcomes).toMatchObject([{ outcome: 'refused', reason: 'scanned', message: 'Scanned.', next: 'Run OCR.' }]);
  });

  test('is sent again when the server says that it may pass later', async () => {
    const later = rateLimited({ message: 'Too many.', next: 'Wait.', details: { retry_after_seconds: 0 } });
    const refusals = [later, later];
    const outcomes = await ingest(
      async () => {
        const refusal = refusals.shift();
        if (refusal !== undefined) throw refusal;
        return answer;
      },
      { given: files.slice(0, 1) },
    );
    expect(outcomes).toMatchObject([{ outcome: 'created' }]);
  });
});

test('what is wrong with the whole ends it, after what is on the way', async () => {
  let calls = 0;
  const call = async () => {
    calls += 1;
    if (calls === 1) throw notFound({ message: 'There is no project.', next: 'Make one.' });
    await new Promise((resolve) => setTimeout(resolve, 10));
    return answer;
  };
  await expect(ingest(call)).rejects.toMatchObject({ code: 'not_found' });
  expect(calls).toBe(4);
});

test('no file is begun once it is to stop', async () => {
  const stop = new AbortController();
  const outcomes = await ingest(
    async () => {
      stop.abort();
      return answer;
    },
    { signal: stop.signal },
  );
  expect(outcomes.length).toBeLessThanOrEqual(4);
  expect(outcomes).toContainEqual(expect.objectContaining({ outcome: 'created' }));
});
