/** `measure` on a real server, and on servers that restart, hide behind a load balancer, do not answer, or are something else. */

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { measureByPrometheus } from '../../../src/production/measure/prometheus.ts';
import { type Measured, measureByScraping } from '../../../src/production/measure/scrape.ts';
import { type Workshop, createWorkshop, document, step } from '../../support/runbook.ts';
import { type TestServer, type TestUser, signUp, startTestServer } from '../../support/server.ts';

const never = new AbortController().signal;

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'quarterdeck-measure-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function measure(urls: readonly string[], windowMs = 50): Promise<Measured> {
  return measureByScraping({
    urls: urls.map((url) => `${url}/metrics`),
    token: undefined,
    windowMs,
    timeoutMs: 10_000,
    folder,
    signal: never,
  });
}

describe('of a real server', () => {
  let server: TestServer;
  let ada: TestUser;
  beforeAll(async () => {
    server = await startTestServer();
    ada = await signUp(server.url);
  });
  afterAll(() => server.close());

  test('has every number when there were requests', async () => {
    let done = false;
    const load = (async () => {
      while (!done) await ada.agent.get('/tasks');
    })();
    const { measurement, problems } = await measure([server.url], 500);
    done = true;
    await load;
    expect(problems).toEqual([]);
    expect(measurement).toMatchObject({ window_seconds: 0.5, replicas: 1, unreachable: 0, error_rate: 0, restarts: 0 });
    expect(measurement.requests).toBeGreaterThan(0);
    for (const name of ['p50_ms', 'p95_ms', 'p99_ms', 'rss_bytes', 'cpu', 'db_connections'] as const)
      expect(measurement[name], name).toBeGreaterThan(0);
    for (const name of ['in_flight', 'db_waiting'] as const) expect(measurement[name], name).toBeGreaterThanOrEqual(0);
  });

  test('has no latency and no error rate when there were none, and counts neither probes nor itself', async () => {
    // The requests of the test before are counted when their connections have seen the end of the answer.
    const quiet = async () => {
      const measuring = measure([server.url], 200);
      await fetch(`${server.url}/health`);
      return Object.keys(JSON.parse(JSON.stringify((await measuring).measurement)) as object);
    };
    await expect
      .poll(quiet, { timeout: 20_000 })
      .toEqual([
        'window_seconds',
        'replicas',
        'unreachable',
        'requests',
        'in_flight',
        'db_connections',
        'db_waiting',
        'restarts',
        'rss_bytes',
        'cpu',
      ]);
  });
});

describe('of what is not as it should be', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
  });

  /** Answers with one text after the other, and then the last one again and again. Its clock stands at `clock` seconds. */
  async function serve(...texts: (string | number)[]): Promise<string> {
    const server = createServer((_request, response) => {
      const answer = texts.length > 1 ? texts.shift() : texts[0];
      response.sendDate = false;
      response.setHeader('Date', new Date(clock * 1_000).toUTCString());
      response.writeHead(typeof answer === 'number' ? answer : 200).end(typeof answer === 'number' ? '' : answer);
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const clock = 10_000;
  const process = (started: number, requests: number) =>
    `# TYPE quarterdeck_http_requests_total counter\nquarterdeck_http_requests_total{route="/tasks",status="2xx"} ${requests}\nprocess_start_time_seconds ${started}\n`;

  test('a restart in the window is counted, and what the new process answered', async () => {
    const url = await serve(process(100, 50), process(100, 50), process(clock, 7));
    expect((await measure([url])).measurement).toMatchObject({ requests: 7, restarts: 1 });
    expect((await measure([url])).measurement).toMatchObject({ requests: 0, restarts: 1 });
  });

  test.each([
    ['at the beginning', [process(100, 50), process(200, 60)]],
    ['at the end', [process(100, 50), process(100, 50), process(200, 60)]],
  ])('two processes behind one address are noticed %s', async (_name, texts) => {
    const url = await serve(...texts);
    await expect(measure([url])).rejects.toThrow(/leads to more than one process.*name each replica with a --url of its own/);
  });

  test('when a replica does not answer, sums that would be too small are absent', async () => {
    const [good, bad] = [await serve(process(100, 50)), await serve(503)];
    const { measurement, problems } = await measure([good, bad]);
    expect(measurement).toMatchObject({ replicas: 1, unreachable: 1 });
    expect([measurement.requests, measurement.restarts]).toEqual([undefined, undefined]);
    expect(problems).toEqual([`${bad}/metrics: status 503`]);
  });

  test('a replica that was away and is older than the window is not measured', async () => {
    const url = await serve(503, 503, process(100, 50));
    await expect(measure([url])).rejects.toThrow(/^Nothing could be measured: .*status 503/);
    const back = await serve(503, 503, process(clock, 5));
    expect((await measure([back])).measurement).toMatchObject({ requests: 5, unreachable: 0 });
  });

  test.each([
    [404, /METRICS_TOKEN/],
    ['<!doctype html>', /are no metrics/],
  ])('nothing at all is an error: %s', async (answer, why) => {
    await expect(measure([await serve(answer)])).rejects.toThrow(why);
  });

  test('through Prometheus, what it does not know is absent, and a start that it told of late is a restart all the same', async () => {
    const starts = [100, 100, 7_000];
    const server = createServer(async (request, response) => {
      const query = new URLSearchParams(await text(request)).get('query') ?? '';
      const known = query.startsWith('process_start_time_seconds');
      const value = known ? starts.shift() : 0;
      const result = known ? [{ metric: { instance: 'a' }, value: [clock, String(value)] }] : [];
      response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }));
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ask = async () => {
      const question = { url, selector: 'job="x"', token: undefined, windowMs: 60_000, timeoutMs: 10_000, folder, signal: never };
      return JSON.parse(JSON.stringify((await measureByPrometheus(question)).measurement)) as unknown;
    };
    const known = { window_seconds: 60, replicas: 1 };
    expect(await ask()).toEqual({ ...known, restarts: 0 });
    expect(await ask()).toEqual({ ...known, restarts: 0 });
    expect(await ask()).toEqual({ ...known, restarts: 1 });
  });

  describe('in a runbook', () => {
    let workshop: Workshop;
    beforeEach(() => void (workshop = createWorkshop()));
    afterEach(() => workshop.remove());

    test('a watch rolls back a release whose replica crashes again and again', async () => {
      const starts = [100, 100, 100, clock, clock, clock, clock + 1, clock + 2].map((started) => process(started, 50));
      const url = await serve(...starts);
      const file = workshop.write(
        'release.md',
        document(
          '{}',
          step('name=release', 'echo release >> log'),
          step('undo=release', 'echo undo >> log'),
          step('name=watch every=50ms for=2m', `quarterdeck measure --url ${url} --for 50ms --json`),
          '| Metric | Hold | Roll back |\n| --- | --- | --- |\n| restarts | | > 1 in 5m |',
        ),
      );
      const environment = { XDG_STATE_HOME: folder };
      expect(await workshop.last(['run', file], { environment })).toMatchObject({
        outcome: 'rolled_back',
        reason: expect.stringContaining('restarts is'),
      });
      expect(workshop.read('log')).toBe('release\nundo\n');
    });
  });
});
