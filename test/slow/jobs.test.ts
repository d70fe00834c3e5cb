/** A job whose server is killed, as the next server on the same data carries it on. */

import { expect, onTestFinished, test } from 'vitest';
import { type Place, type SpawnedServer, client, createPlace, signUp, spawnServer } from '../support/server.ts';

interface Job {
  id: string;
  status: string;
  attempts: number;
  result: { change: string; source: { id: string; characters: number } } | null;
}

async function start(place: Place): Promise<SpawnedServer> {
  const server = await spawnServer({
    place,
    environment: {
      BETTER_AUTH_SECRET: 'the secret of every server on this database',
      QUARTERDECK_URL: 'http://127.0.0.1:9',
      QUARTERDECK_JOB_LEASE_SECONDS: '3',
      QUARTERDECK_JOB_POLL_MS: '500',
      QUARTERDECK_INGEST_AT_ONCE: '1000',
    },
  });
  onTestFinished(() => server.close());
  return server;
}

/** Takes seconds to be taken in: long enough to be killed meanwhile. */
const content = Array.from({ length: 60_000 }, (_, n) => `Sentence ${n} says word${n % 5_000} about a harbour and its ships.`).join('\n\n');

test.each(['embedded', 'postgres'] as const)('%s: what it worked on is taken up by another, and is there once', async (kind) => {
  const place = await createPlace(kind);
  onTestFinished(() => place.remove());
  const first = await start(place);
  const { key } = await signUp(first.url);
  const { status, body } = await client(first.url, key).post<{ job: Job }>('/ingest', { title: 'Harbours', content });
  expect(status).toBe(202);
  const jobAt = async ({ url }: SpawnedServer) => (await client(url, key).get<{ job: Job }>(`/jobs/${body.job.id}`)).body.job;
  await expect.poll(async () => (await jobAt(first)).status, { timeout: 60_000, interval: 20 }).toBe('running');
  await first.kill('SIGKILL');

  const next = await start(place);
  await expect.poll(async () => (await jobAt(next)).status, { timeout: 120_000 }).toBe('done');
  expect(await jobAt(next)).toMatchObject({ attempts: 2, result: { change: 'created', source: { characters: content.length } } });
  const { items } = (await client(next.url, key).get<{ items: unknown[] }>('/sources')).body;
  expect(items).toHaveLength(1);
});
