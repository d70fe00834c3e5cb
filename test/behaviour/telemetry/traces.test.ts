/** Traces and metrics as a collector receives them, over REST and over MCP in both eras. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CollectedSpan, type Collector, startCollector } from '../../support/collector.ts';
import { type TestServer, type TestUser, client, signUp, startTestServer } from '../../support/server.ts';
import { program } from '../../support/quarterdeck.ts';
import { connect } from '../mcp/support/clients.ts';
import { openKitchen } from '../mcp/support/kitchen.ts';
import { send } from '../mcp/support/send.ts';

const { instead, open } = openKitchen();
let collector: Collector;
let server: TestServer;
let ada: TestUser;

beforeAll(async () => {
  collector = await startCollector();
  server = await startTestServer({
    instead,
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-team=a%20b',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      OTEL_METRIC_EXPORT_INTERVAL: '500',
      OTEL_BSP_SCHEDULE_DELAY: '100',
    },
  });
  ada = await signUp(server.url);
});
afterAll(async () => {
  await server.close();
  await collector.close();
});

const internal = 1;
const serving = 2;
const calling = 3;

let traces = 0;
/** A caller's own trace, so that its spans are found among those of others. */
function newTrace(): { trace: string; parent: string; traceparent: string } {
  traces += 1;
  const trace = traces.toString(16).padStart(32, 'a');
  const parent = traces.toString(16).padStart(16, 'b');
  return { trace, parent, traceparent: `00-${trace}-${parent}-01` };
}

/** The spans of a trace, once one with this name has arrived: parents arrive last, so all of them have. */
async function spansOf(trace: string, last: string): Promise<CollectedSpan[]> {
  const found = () => collector.spans.filter(({ traceId }) => traceId === trace);
  await expect.poll(() => found().map(({ name }) => name), { timeout: 25_000, interval: 100 }).toContain(last);
  return found();
}

function one(spans: readonly CollectedSpan[], name: string): CollectedSpan {
  const [span, ...others] = spans.filter((candidate) => candidate.name === name);
  if (span === undefined || others.length > 0)
    throw new Error(`${others.length + 1} spans ${name} among ${spans.map((s) => s.name).join(', ')}`);
  return span;
}

/** The names from this span up to the last that was collected. */
function ancestry(spans: readonly CollectedSpan[], span: CollectedSpan): string[] {
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
  return [span.name, ...(parent === undefined ? [] : ancestry(spans, parent))];
}

describe('REST', () => {
  test('the request, the operation, its transaction and its statements hang together under the caller', async () => {
    const { trace, parent, traceparent } = newTrace();
    const { status } = await ada.agent.post('/tasks', { title: "a 'private' title" }, { traceparent });
    expect(status).toBe(201);
    const spans = await spansOf(trace, 'POST /tasks');
    const request = one(spans, 'POST /tasks');
    expect(request).toMatchObject({ parentSpanId: parent, kind: serving, status: 0 });
    expect(request.attributes).toMatchObject({ 'http.route': '/tasks', 'http.request.method': 'POST' });
    expect(Number(request.attributes['http.response.status_code'])).toBe(201);
    const operation = one(spans, 'create_task');
    expect(operation).toMatchObject({ parentSpanId: request.spanId, kind: internal });
    expect(operation.attributes).toMatchObject({ 'quarterdeck.principal.id': ada.key_id, 'quarterdeck.workspace.id': ada.workspace.id });
    const insert = spans.find(({ attributes }) => String(attributes['db.query.text']).startsWith('insert into "tasks"'));
    expect(insert).toMatchObject({ kind: calling, name: 'INSERT', attributes: { 'db.system.name': 'postgresql' } });
    expect(ancestry(spans, insert as CollectedSpan)).toEqual(['INSERT', 'transaction', 'create_task', 'POST /tasks']);
    expect(JSON.stringify(spans.map(({ attributes }) => attributes['db.query.text']))).not.toMatch(
      new RegExp(`private|${ada.workspace.id}`),
    );
  });

  test('what the caller did wrong is no error of the server, and has its code', async () => {
    const { trace, traceparent } = newTrace();
    await ada.agent.get('/tasks/ME-9999', { traceparent });
    const spans = await spansOf(trace, 'GET /tasks/{task_id}');
    expect(one(spans, 'get_task')).toMatchObject({ status: 0, attributes: { 'error.type': 'not_found' } });
    expect(one(spans, 'GET /tasks/{task_id}')).toMatchObject({ status: 0, attributes: { 'error.type': '404' } });
  });

  test('a traceparent that is none begins a new trace, and one that is not sampled is not sent', async () => {
    const before = collector.spans.length;
    const unsampled = newTrace();
    await ada.agent.get('/me', { traceparent: unsampled.traceparent.replace(/01$/, '00') });
    await client(server.url).get('/version', { traceparent: 'hostile' });
    await expect
      .poll(() => collector.spans.slice(before).find(({ name }) => name === 'GET /version'), { timeout: 25_000 })
      .toMatchObject({ parentSpanId: undefined });
    expect(collector.spans.filter(({ traceId }) => traceId === unsampled.trace)).toEqual([]);
  });
});

describe.each(['2026-07-28', '2025'] as const)('MCP %s', (kind) => {
  const protocol = kind === '2025' ? '2025-11-25' : kind;

  test('the message is a child of its sender and linked to the request that carried it', async () => {
    const agent = await connect(kind, { url: `${server.url}/mcp`, token: ada.key });
    const { trace, parent, traceparent } = newTrace();
    await agent.callTool('create_task', { title: 'traced' }, { meta: { traceparent } });
    await agent.close();
    const spans = await spansOf(trace, 'tools/call create_task');
    const call = one(spans, 'tools/call create_task');
    expect(call).toMatchObject({ parentSpanId: parent, kind: serving, status: 0 });
    expect(call.attributes).toMatchObject({
      'mcp.method.name': 'tools/call',
      'gen_ai.tool.name': 'create_task',
      'gen_ai.operation.name': 'execute_tool',
      'mcp.protocol.version': protocol,
    });
    const insert = spans.find(({ attributes }) => String(attributes['db.query.text']).startsWith('insert into "tasks"'));
    expect(ancestry(spans, insert as CollectedSpan)).toEqual(['INSERT', 'transaction', 'create_task', 'tools/call create_task']);
    const [link] = call.links;
    const carrier = await spansOf(link?.traceId ?? '', 'POST /mcp');
    expect(one(carrier, 'POST /mcp').spanId).toBe(link?.spanId);
  });

  test('a tool that refuses is an error of the call, under the request when the message names no trace', async () => {
    const agent = await connect(kind, { url: `${server.url}/mcp`, token: ada.key });
    const before = collector.spans.length;
    await agent.callTool('get_task', { task_id: 'ME-9999' });
    await agent.close();
    const call = () => collector.spans.slice(before).find(({ name }) => name === 'tools/call get_task');
    await expect.poll(call, { timeout: 25_000 }).toMatchObject({ status: 2, attributes: { 'error.type': 'tool_error' } });
    const spans = await spansOf(call()?.traceId ?? '', 'POST /mcp');
    expect(ancestry(spans, one(spans, 'get_task'))).toEqual(['get_task', 'tools/call get_task', 'POST /mcp']);
  });
});

test.each(['2026-07-28', '2025'] as const)('stdio: a message of a client of %s is a child of its sender as well', async (kind) => {
  const { trace, parent, traceparent } = newTrace();
  const agent = await connect(kind, { program, args: ['stdio', '--data', server.place.data] });
  await agent.callTool('get_task', { task_id: 'ME-9999' }, { meta: { traceparent } });
  await agent.close();
  const spans = await spansOf(trace, 'tools/call get_task');
  expect(one(spans, 'tools/call get_task')).toMatchObject({
    parentSpanId: parent,
    kind: serving,
    status: 2,
    attributes: { 'network.transport': 'pipe', 'error.type': 'tool_error' },
  });
  expect(one(spans, 'tools/call get_task').attributes['mcp.protocol.version']).toBe(kind === '2025' ? undefined : kind);
  expect(ancestry(spans, one(spans, 'get_task'))).toEqual(['get_task', 'tools/call get_task']);
});

test('a call that goes on after its request stays in the trace of the request', async () => {
  const { trace, traceparent } = newTrace();
  const params = { name: 'brew_tea', arguments: { gate: 'traced' } };
  const { result } = await send(`${server.url}/mcp`, 'tools/call', params, { token: ada.key, meta: { traceparent } });
  expect(result.resultType).toBe('task');
  await spansOf(trace, 'tools/call brew_tea');
  open('traced');
  const spans = await spansOf(trace, 'brew_tea');
  expect(ancestry(spans, one(spans, 'brew_tea'))).toEqual(['brew_tea', 'tools/call brew_tea']);
});

test('metrics are the same numbers, under the names of the conventions where there are some', async () => {
  const durations = () => collector.points.filter(({ name }) => name === 'mcp.server.operation.duration');
  await expect.poll(() => durations().map(({ attributes }) => attributes['gen_ai.tool.name']), { timeout: 25_000 }).toContain('get_task');
  const refused = durations().find(({ attributes }) => attributes['gen_ai.tool.name'] === 'get_task');
  expect(refused?.attributes).toMatchObject({ 'mcp.method.name': 'tools/call', 'error.type': 'tool_error' });
  expect(refused?.buckets.length).toBe((refused?.bounds.length ?? 0) + 1);
  expect(refused?.buckets.reduce((sum, bucket) => sum + bucket, 0)).toBe(refused?.count);
  expect(collector.points.map(({ name }) => name)).toEqual(expect.arrayContaining(['http.server.request.duration', 'quarterdeck_backlog']));
});

test('the collector gets its headers, and learns which service this is', () => {
  expect(collector.resource).toMatchObject({
    'service.name': 'quarterdeck',
    'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    'deployment.environment.name': 'test',
  });
  expect(collector.requests.every(({ headers }) => headers['x-team'] === 'a b')).toBe(true);
});
