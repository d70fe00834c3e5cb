/** The Prometheus metrics as OpenTelemetry sees them: the same numbers, so that nothing is counted twice. */

import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import { hrTime } from '@opentelemetry/core';
import { emptyResource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import type { Registry } from 'prom-client';

/** Where the semantic conventions have a name of their own for what we count. */
const conventions: Readonly<Record<string, { name: string; attributes: Readonly<Record<string, string>> }>> = {
  quarterdeck_mcp_request_duration_seconds: {
    name: 'mcp.server.operation.duration',
    attributes: { method: 'mcp.method.name', tool: 'gen_ai.tool.name', protocol: 'mcp.protocol.version', outcome: 'error.type' },
  },
  quarterdeck_model_call_duration_seconds: {
    name: 'gen_ai.client.operation.duration',
    attributes: { model: 'gen_ai.request.model', outcome: 'error.type' },
  },
  quarterdeck_http_request_duration_seconds: {
    name: 'http.server.request.duration',
    attributes: { method: 'http.request.method', route: 'http.route' },
  },
};

/** One line of the text format. */
interface Sample {
  value: number;
  labels: Record<string, string | number>;
  metricName?: string;
}

export function createMetricProducer(registry: Registry, version: string): MetricProducer {
  const startTime = hrTime();
  return {
    async collect() {
      const times = { startTime, endTime: hrTime() };
      const found = await registry.getMetricsAsJSON();
      const metrics = found.flatMap((metric) => {
        const { name, help, values } = metric as unknown as { name: string; help: string; values: Sample[] };
        return convert({ name, help, type: String(metric.type), values }, times);
      });
      const scope = { name: 'quarterdeck', version };
      return { resourceMetrics: { resource: emptyResource(), scopeMetrics: [{ scope, metrics }] }, errors: [] };
    },
  };
}

interface Times {
  startTime: HrTime;
  endTime: HrTime;
}

function convert(metric: { name: string; help: string; type: string; values: Sample[] }, times: Times): MetricData[] {
  const { name, help: description, type, values } = metric;
  const unit = /_seconds(_total)?$/.test(name) ? 's' : /_bytes(_total)?$/.test(name) ? 'By' : '1';
  const common = {
    descriptor: { name: conventions[name]?.name ?? name, description, unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const points = () => values.map(({ labels, value }) => ({ ...times, attributes: attributesOf(name, labels), value }));
  if (type === 'counter') return [{ ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints: points() }];
  if (type === 'gauge') return [{ ...common, dataPointType: DataPointType.GAUGE, dataPoints: points() }];
  if (type === 'histogram') return [{ ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints: histograms(name, values, times) }];
  return [];
}

/** Prometheus counts each bucket together with those below it and gives each a line; here one point holds them, each by itself. */
function histograms(name: string, values: readonly Sample[], times: Times): DataPoint<Histogram>[] {
  const points = new Map<string, { labels: Sample['labels']; cumulative: [number, number][]; sum: number; count: number }>();
  for (const { labels: all, value, metricName = '' } of values) {
    const { le, ...labels } = all;
    const key = JSON.stringify(labels);
    const point = points.get(key) ?? { labels, cumulative: [], sum: 0, count: 0 };
    points.set(key, point);
    if (metricName.endsWith('_sum')) point.sum = value;
    else if (metricName.endsWith('_count')) point.count = value;
    else if (le !== '+Inf') point.cumulative.push([Number(le), value]);
  }
  return [...points.values()].map(({ labels, cumulative, sum, count }) => {
    const counts = [...cumulative.map(([, seen]) => seen), count].map((seen, index, all) => seen - (all[index - 1] ?? 0));
    const value = { buckets: { boundaries: cumulative.map(([bound]) => bound), counts }, sum, count };
    return { ...times, attributes: attributesOf(name, labels), value };
  });
}

/** No attribute where there is nothing to say: no tool, or no error. */
function attributesOf(name: string, labels: Sample['labels']): Attributes {
  const named = conventions[name]?.attributes ?? {};
  return Object.fromEntries(
    Object.entries(labels)
      .map(([label, value]) => [named[label] ?? label, value] as const)
      .filter(([label, value]) => value !== '' && !(label === 'error.type' && value === 'ok')),
  );
}
