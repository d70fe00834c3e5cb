/** `measure` through a real Prometheus: the same numbers as from the replica itself. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Measurement } from '../../src/production/measure/measurement.ts';
import { measureByPrometheus } from '../../src/production/measure/prometheus.ts';
import { measureByScraping } from '../../src/production/measure/scrape.ts';
import { type SpawnedServer, signUp, spawnServer } from '../support/server.ts';

const hasPrometheus = spawnSync('prometheus', ['--version']).status === 0;

let folder: string;
let server: SpawnedServer;
let prometheus: ChildProcess;
let url: string;

beforeAll(async () => {
  if (!hasPrometheus) return;
  folder = mkdtempSync(join(tmpdir(), 'quarterdeck-prometheus-'));
  server = await spawnServer({ kind: 'embedded' });
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const jobs = { scrape_interval: '1s', static_configs: [{ targets: [new URL(server.url).host] }] };
  const own = { scrape_interval: '1s', job_name: 'prometheus', static_configs: [{ targets: [`127.0.0.1:${port}`] }] };
  // JSON is YAML.
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify({ scrape_configs: [{ job_name: 'quarterdeck', ...jobs }, own] }));
  const flags = ['--config.file=prometheus.yml', `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`];
  prometheus = spawn('prometheus', flags, { cwd: folder, stdio: 'ignore' });
});
afterAll(async () => {
  if (!hasPrometheus) return;
  prometheus.kill();
  await once(prometheus, 'exit');
  await server.close();
  rmSync(folder, { recursive: true });
});

async function freePort(): Promise<number> {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  taken.close();
  await once(taken, 'close');
  return port;
}

const common = { token: undefined, timeoutMs: 10_000, signal: new AbortController().signal };

test('measures the same through Prometheus as from the replica itself', async (context) => {
  context.skip(!hasPrometheus, 'prometheus is not installed');
  const ada = await signUp(server.url);
  let done = false;
  const load = (async () => {
    while (!done) await ada.agent.get('/tasks');
  })();
  const ask = async (selector = ''): Promise<Measurement> =>
    (await measureByPrometheus({ ...common, url, selector, windowMs: 10_000, folder: join(folder, 'memory') })).measurement;
  // Prometheus has just begun: until it has scraped a few times it knows no rate.
  await expect
    .poll(
      () =>
        ask('job="quarterdeck"').then(
          ({ cpu }) => cpu,
          () => undefined,
        ),
      { timeout: 60_000 },
    )
    .toBeGreaterThan(0);
  const scraping = measureByScraping({ ...common, urls: [`${server.url}/metrics`], windowMs: 3_000, folder: join(folder, 'memory') });
  const direct = (await scraping).measurement;
  const asked = await ask();
  done = true;
  await load;
  expect(Object.keys(asked).sort()).toEqual(Object.keys(direct).sort());
  expect(asked).toMatchObject({ replicas: 1, unreachable: 0, error_rate: 0, restarts: 0 });
  expect(asked.requests).toBeGreaterThan(0);
  expect(asked.rss_bytes).toBeGreaterThan(10_000_000);
  expect(asked.p95_ms).toBeGreaterThan(0);
  expect(asked.db_connections).toBe(direct.db_connections);
  // Without requests in the window they are no numbers.
  await expect(ask('job="nothing"')).rejects.toThrow(/knows no replica with \{job="nothing"\}/);
  await expect(ask('job=')).rejects.toThrow(/refused .*parse error/);
});
