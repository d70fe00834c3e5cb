/** What telemetry costs and risks: nothing is loaded while it is off, the last spans arrive, and a collector that is down harms nobody. */

import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { sql } from 'kysely';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { logBug } from '../../src/platform/telemetry/bugs.ts';
import { createLog } from '../../src/platform/telemetry/log.ts';
import { type Collector, startCollector } from '../support/collector.ts';
import { client, signUp, spawnServer, startTestServer } from '../support/server.ts';

/** Prints the name of each package of telemetry that the process loads. */
const watcher = `import { registerHooks } from 'node:module';
registerHooks({ resolve(name, context, next) {
  if (/^@(opentelemetry|sentry)\\//.test(name)) process.stderr.write('loaded ' + name + '\\n');
  return next(name, context);
} });`;

async function loadedBy(environment: Record<string, string>): Promise<string[]> {
  const hook = `--import=data:text/javascript;base64,${Buffer.from(watcher).toString('base64')}`;
  const server = await spawnServer({ environment: { ...environment, NODE_OPTIONS: hook } });
  onTestFinished(() => server.close());
  await client(server.url).get('/health');
  await server.kill();
  const names = [...server.output.stderr.matchAll(/^loaded (\S+)$/gm)].map(([, name = '']) => name);
  // Better Auth loads the API and the names of attributes; without an SDK behind them they do nothing.
  return [...new Set(names)].filter((name) => !['@opentelemetry/api', '@opentelemetry/semantic-conventions'].includes(name));
}

test('nothing of OpenTelemetry or Sentry is loaded while neither is set', async () => {
  expect(await loadedBy({})).toEqual([]);
});

test('the check above sees what is loaded when one is set', async () => {
  expect(await loadedBy({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', SENTRY_DSN: 'http://public@127.0.0.1:9/1' })).toEqual(
    expect.arrayContaining(['@opentelemetry/sdk-trace', '@opentelemetry/exporter-trace-otlp-proto', '@sentry/core']),
  );
});

describe('the collector', () => {
  test('gets the last spans at shutdown, in protobuf unless told otherwise', async () => {
    const collector = await startCollector();
    onTestFinished(() => collector.close());
    const server = await startTestServer({ environment: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } });
    await client(server.url).get('/version');
    await server.close();
    expect(spanNames(collector)).toContain('GET /version');
    expect(collector.requests.map(({ path }) => path)).toContain('/v1/metrics');
  });

  test.each(['that is down', 'that never answers'])(
    '%s is worth one line in the log, and no request or shutdown waits for it',
    async (what) => {
      const silent = createServer(() => undefined);
      await once(silent.listen(0, '127.0.0.1'), 'listening');
      const { port } = silent.address() as AddressInfo;
      if (what === 'that is down') silent.close();
      onTestFinished(() => {
        silent.closeAllConnections();
        silent.close();
      });
      const lines: string[] = [];
      const stream = new Writable({ write: (chunk, _encoding, done) => done(void lines.push(String(chunk))) });
      const environment = {
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
        OTEL_BSP_SCHEDULE_DELAY: '100',
        OTEL_METRIC_EXPORT_INTERVAL: '200',
      };
      const server = await startTestServer({ environment, log: pino({}, stream) });
      const statuses = await Promise.all(Array.from({ length: 200 }, async () => (await client(server.url).get('/version')).status));
      expect(new Set(statuses)).toEqual(new Set([200]));
      const complaints = () => lines.filter((line) => line.includes('telemetry was not sent'));
      await expect.poll(() => complaints().length, { timeout: 30_000 }).toBe(1);
      await server.close();
      expect(lines.at(-1)).toContain('stopped');
      expect(complaints()).toHaveLength(1);
    },
  );
});

describe('Sentry', () => {
  test('is told of a mistake of the program, with the id of the request, and of nothing secret or refused', async () => {
    const sink = await startCollector();
    onTestFinished(() => sink.close());
    const environment = { SENTRY_DSN: sink.url.replace('://', '://public@') + '/7', SENTRY_ENVIRONMENT: 'test' };
    const server = await startTestServer({ environment });
    onTestFinished(() => server.close());
    const ada = await signUp(server.url);
    expect((await ada.agent.get('/tasks/ME-404')).status).toBe(404);
    await sql`alter table tasks rename to tasks_gone`.execute(server.platform.database.owner);
    expect((await ada.agent.get('/tasks', { 'x-request-id': 'broken-1' })).status).toBe(500);
    logBug(createLog({ logLevel: 'silent' }), new Error(`with ${ada.key} for postgres://deck:hunter2@db/deck`), 'a test', {});
    await expect.poll(() => sink.requests.length, { timeout: 20_000 }).toBe(2);
    const events = sink.requests.map(({ body }) => readEnvelope(body));
    const event = events.find(({ tags }) => tags?.['request_id'] === 'broken-1');
    expect(sink.requests[0]?.path).toMatch(/^\/api\/7\/envelope\//);
    expect(event).toMatchObject({
      environment: 'test',
      release: expect.stringMatching(/^quarterdeck@\d/),
      user: { id: ada.key_id },
      tags: { request_id: 'broken-1', operation: 'list_tasks', face: 'rest' },
      exception: {
        values: [
          {
            value: expect.stringContaining('does not exist'),
            stacktrace: { frames: expect.arrayContaining([expect.objectContaining({ lineno: expect.any(Number) })]) },
          },
        ],
      },
    });
    const text = JSON.stringify(events);
    expect([ada.key, ada.email, 'hunter2'].filter((secret) => text.includes(secret))).toEqual([]);
  });
});

interface SentryEvent {
  tags?: Record<string, string>;
}

/** The payload of the one item: an envelope is a header, then a header and a payload for each item, one a line. */
function readEnvelope(body: Buffer): SentryEvent {
  const [, itemHeader = '', payload = ''] = body.toString().split('\n');
  expect(JSON.parse(itemHeader)).toMatchObject({ type: 'event' });
  return JSON.parse(payload) as SentryEvent;
}

/** The names of the spans in exports of traces, by their field numbers in trace.proto. */
function spanNames({ requests }: Collector): string[] {
  const bodies = requests.filter(({ path, headers }) => path === '/v1/traces' && headers['content-type'] === 'application/x-protobuf');
  const [resourceSpans, scopeSpans, span, name] = [1, 2, 2, 5];
  return [resourceSpans, scopeSpans, span, name]
    .reduce(
      (parts, number) => parts.flatMap((part) => fieldsOf(part, number)),
      bodies.map(({ body }) => body),
    )
    .map(String);
}

/** The values of the length-delimited fields with this number. */
function fieldsOf(message: Buffer, wanted: number): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at] ?? 0;
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const kind = tag & 7;
    if (kind === 0) varint();
    else if (kind === 1) at += 8;
    else if (kind === 5) at += 4;
    else {
      const length = varint();
      if (tag >>> 3 === wanted) found.push(message.subarray(at, at + length));
      at += length;
    }
  }
  return found;
}
