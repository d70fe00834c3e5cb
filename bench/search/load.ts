/** Takes the made-up corpus in, and searches it. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Server, runLoad } from '../process.ts';
import { restPost } from '../requests.ts';
import { createCorpus } from './corpus.ts';

/** Paragraphs of one source: two of them are a chunk. */
const paragraphs = 20;

/** Sources that are sent at once. */
const senders = 4;

/** Different questions; each is asked many times, and no answer is kept. */
const questions = 2_000;

export async function fill({ url }: Server, key: string, chunks: number): Promise<void> {
  const corpus = createCorpus(1);
  let [sources, taken] = [0, 0];
  const started = performance.now();
  await Promise.all(
    Array.from({ length: senders }, async () => {
      while (taken < chunks) {
        sources += 1;
        if (sources % 500 === 0) console.error(`${taken} of ${chunks} chunks`);
        const body = JSON.stringify({ title: `Source ${sources}`, content: corpus.document(paragraphs), format: 'text', language: 'any' });
        const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
        const send = () => fetch(new URL('/ingest', url), { method: 'POST', headers, body });
        let answer = await send();
        // On a busy machine the server may say that it is too busy: whoever sends many sources tries again.
        for (let again = 0; answer.status === 503 && again < 5; again += 1) {
          await sleep(1_000);
          answer = await send();
        }
        if (!answer.ok) throw new Error(`/ingest answered ${answer.status}: ${await answer.text()}`);
        taken += ((await answer.json()) as { source: { chunks: number } }).source.chunks;
      }
    }),
  );
  const seconds = (performance.now() - started) / 1_000;
  console.log(
    `taken in and indexed: ${taken} chunks of ${sources} sources in ${seconds.toFixed(0)} s, ${(taken / seconds).toFixed(0)} chunks a second, ${senders} senders`,
  );
}

/** How long questions are asked before it counts, so that most of their words were asked before. */
const warmUpSeconds = 60;

/** With so many clients, first right after the start and then warm, and with one. `expected` is in every answer. */
export async function measureSearches(
  server: Server & { postmaster?: number | undefined },
  key: string,
  clients: number,
  seconds: number,
  expected: string,
): Promise<void> {
  const corpus = createCorpus(2);
  const requests = Array.from({ length: questions }, () => restPost(key, '/search', { query: corpus.query() }));
  console.log(
    '\n| clients | words | a second | p50 ms | p95 ms | p99 ms | server ms | database ms |\n| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |',
  );
  for (const { connections, words, before } of [
    { connections: clients, words: 'new', before: 0 },
    { connections: clients, words: 'asked before', before: warmUpSeconds },
    { connections: 1, words: 'asked before', before: 1 },
  ]) {
    const { perSecond, p50, p95, p99, used } = await runLoad({
      url: server.url,
      requests,
      connections,
      seconds,
      warmUpSeconds: before,
      expected,
      watched: { server: server.pid, postmaster: server.postmaster },
    });
    const numbers = [p50, p95, p99, used?.server, used?.database].map((value) => value?.toFixed(1) ?? '');
    console.log(`| ${[connections, words, perSecond.toFixed(0), ...numbers].join(' | ')} |`);
  }
}
