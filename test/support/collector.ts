/** A collector for tests: takes OTLP over HTTP, in JSON or protobuf, and shows what came. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface CollectedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  name: string;
  /** 1 internal, 2 server, 3 client. */
  kind: number;
  attributes: Record<string, unknown>;
  /** 2: error. */
  status: number;
  links: { traceId: string; spanId: string }[];
}

export interface CollectedPoint {
  name: string;
  attributes: Record<string, unknown>;
  count: number | undefined;
  value: number | undefined;
  bounds: number[];
  buckets: number[];
}

export interface Collector {
  readonly url: string;
  readonly spans: CollectedSpan[];
  /** Of the newest export. */
  readonly points: CollectedPoint[];
  readonly resource: Record<string, unknown>;
  /** The headers and bodies as they came. */
  readonly requests: { path: string; headers: NodeJS.Dict<string | string[]>; body: Buffer }[];
  close(): Promise<void>;
}

interface KeyValue {
  key: string;
  value: Record<string, unknown>;
}
interface WireSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  attributes?: KeyValue[];
  status?: { code?: number };
  links?: { traceId: string; spanId: string }[];
}
interface WirePoint {
  attributes?: KeyValue[];
  count?: number | string;
  asDouble?: number;
  asInt?: number | string;
  explicitBounds?: number[];
  bucketCounts?: (number | string)[];
}
interface Wire {
  resourceSpans?: { resource: { attributes: KeyValue[] }; scopeSpans: { spans: WireSpan[] }[] }[];
  resourceMetrics?: {
    scopeMetrics: {
      metrics: {
        name: string;
        sum?: { dataPoints: WirePoint[] };
        gauge?: { dataPoints: WirePoint[] };
        histogram?: { dataPoints: WirePoint[] };
      }[];
    }[];
  }[];
}

export async function startCollector(): Promise<Collector> {
  const requests: Collector['requests'] = [];
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    requests.push({
      path: incoming.url ?? '',
      headers: incoming.headers,
      body: incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw,
    });
    outgoing.setHeader('Content-Type', 'application/json').end('{}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const exports = (path: string) =>
    requests
      .filter((request) => request.path === path && request.headers['content-type'] === 'application/json')
      .map(({ body }) => JSON.parse(body.toString()) as Wire);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get spans() {
      return exports('/v1/traces').flatMap(({ resourceSpans = [] }) =>
        resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans.map(readSpan))),
      );
    },
    get points() {
      const [newest] = exports('/v1/metrics').slice(-1);
      return (newest?.resourceMetrics ?? []).flatMap(({ scopeMetrics }) =>
        scopeMetrics.flatMap(({ metrics }) =>
          metrics.flatMap(
            ({ name, sum, gauge, histogram }) => (sum ?? gauge ?? histogram)?.dataPoints.map((point) => readPoint(name, point)) ?? [],
          ),
        ),
      );
    },
    get resource() {
      return attributesOf(exports('/v1/traces')[0]?.resourceSpans?.[0]?.resource.attributes);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function readSpan({ traceId, spanId, parentSpanId, name, kind, attributes, status, links = [] }: WireSpan): CollectedSpan {
  return {
    traceId,
    spanId,
    parentSpanId: parentSpanId === '' ? undefined : parentSpanId,
    name,
    kind,
    attributes: attributesOf(attributes),
    status: status?.code ?? 0,
    links: links.map((link) => ({ traceId: link.traceId, spanId: link.spanId })),
  };
}

function readPoint(name: string, point: WirePoint): CollectedPoint {
  const value = point.asDouble ?? point.asInt;
  return {
    name,
    attributes: attributesOf(point.attributes),
    count: point.count === undefined ? undefined : Number(point.count),
    value: value === undefined ? undefined : Number(value),
    bounds: point.explicitBounds ?? [],
    buckets: (point.bucketCounts ?? []).map(Number),
  };
}

function attributesOf(pairs: readonly KeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map(({ key, value }) => [key, value['stringValue'] ?? value['intValue'] ?? value['doubleValue'] ?? value['boolValue']]),
  );
}
