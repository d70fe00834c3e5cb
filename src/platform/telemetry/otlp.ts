/** OpenTelemetry: traces and metrics to a collector. Loaded only where an endpoint is set. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import {
  type Context,
  DiagLogLevel,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  diag,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Settings } from '../config/settings.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { createMetricProducer } from './otlp-metrics.ts';
import { type OpenSpan, type SpanStart, type TraceCarrier, type Tracing, judgeError, setTracing, tracing } from './traces.ts';

/** Spans that wait for the collector: about 4 MB. What comes when it is full is dropped, so a collector that is down costs no more. */
const mostQueued = 4_096;
const batchSize = 512;

/** A collector beside us answers in milliseconds. */
const exportTimeoutMs = 5_000;

/** How long the last spans may take at the end, so that a collector that is down does not hold up the shutdown. */
const lastExportMs = 2_000;

/** A statement is cut here: long enough for every text of ours. */
const longestAttribute = 4_096;

export interface OtlpOptions {
  settings: OtlpSettings;
  metrics: Metrics;
  log: Log;
  version: string;
}

export type OtlpSettings = Pick<
  Settings,
  | 'otlpEndpoint'
  | 'otlpProtocol'
  | 'otlpHeaders'
  | 'otelServiceName'
  | 'otelResourceAttributes'
  | 'otelTraceRatio'
  | 'otelBatchMs'
  | 'otelMetricMs'
>;

/** Starts both; returns how to send what is left and stop. */
export async function startOtlp({ settings, metrics, log, version }: OtlpOptions): Promise<() => Promise<void>> {
  reportFailures(log);
  const exporters = await loadExporters(settings);
  const resource = defaultResource().merge(
    resourceFromAttributes({
      // Each replica counts for itself, so their numbers must not be taken for one series.
      'service.instance.id': randomUUID(),
      ...readPairs(settings.otelResourceAttributes),
      'service.name': settings.otelServiceName,
      'service.version': version,
    }),
  );
  const traces = new TracerProvider({
    resource,
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(settings.otelTraceRatio) }),
    spanLimits: { attributeValueLengthLimit: longestAttribute },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: exporters.traces,
        maxQueueSize: mostQueued,
        maxExportBatchSize: batchSize,
        scheduledDelayMillis: settings.otelBatchMs,
        exportTimeoutMillis: exportTimeoutMs,
      }),
    ],
  });
  const reader = new PeriodicExportingMetricReader({
    exporter: exporters.metrics,
    exportIntervalMillis: settings.otelMetricMs,
    exportTimeoutMillis: Math.min(exportTimeoutMs, settings.otelMetricMs),
    metricProducers: [createMetricProducer(metrics.registry, version)],
  });
  const meters = new MeterProvider({ resource, readers: [reader] });
  const ours = createTracing(traces.getTracer('quarterdeck', version));
  setTracing(ours);
  return async () => {
    if (tracing() === ours) setTracing(undefined);
    const sent = Promise.allSettled([traces.shutdown(), meters.shutdown()]);
    await Promise.race([sent, new Promise((resolve) => setTimeout(resolve, lastExportMs).unref())]);
  };
}

async function loadExporters({ otlpEndpoint = '', otlpProtocol, otlpHeaders }: OtlpSettings) {
  const [{ OTLPTraceExporter }, { OTLPMetricExporter }] =
    otlpProtocol === 'http/json'
      ? await Promise.all([import('@opentelemetry/exporter-trace-otlp-http'), import('@opentelemetry/exporter-metrics-otlp-http')])
      : await Promise.all([import('@opentelemetry/exporter-trace-otlp-proto'), import('@opentelemetry/exporter-metrics-otlp-proto')]);
  const common = { headers: readPairs(otlpHeaders), timeoutMillis: exportTimeoutMs };
  return {
    traces: new OTLPTraceExporter({ ...common, url: `${otlpEndpoint}/v1/traces` }),
    metrics: new OTLPMetricExporter({ ...common, url: `${otlpEndpoint}/v1/metrics` }),
  };
}

/** Values are in percent-encoding (W3C Baggage); what is not means itself. */
function readPairs(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', ...rest] = pair.split('=');
      const value = rest.join('=').trim();
      return [name.trim(), decoded(value)];
    }),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** How often a collector that is down is worth a line. */
const reportEveryMs = 60_000;

function reportFailures(log: Log): void {
  let last = -Infinity;
  const warn = (message: string): void => {
    if (performance.now() - last < reportEveryMs) return;
    last = performance.now();
    log.warn({ reason: message.slice(0, 500) }, 'telemetry was not sent; requests are not affected. Check OTEL_EXPORTER_OTLP_ENDPOINT');
  };
  const quiet = (): void => undefined;
  diag.setLogger(
    { error: warn, warn, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const;
const propagator = new W3CTraceContextPropagator();
const getter = {
  keys: (carrier: TraceCarrier) => Object.keys(carrier),
  get: (carrier: TraceCarrier, key: string) => (key === 'traceparent' || key === 'tracestate' ? carrier[key] : undefined),
};

/** On a store of its own rather than the API's global one, so that no library of ours starts to make spans as well. */
function createTracing(tracer: Tracer): Tracing {
  const store = new AsyncLocalStorage<Context>();
  const around = () => store.getStore() ?? ROOT_CONTEXT;

  const open = ({ name, kind, attributes, from }: SpanStart): OpenSpan => {
    const ambient = around();
    const remote = from === undefined ? undefined : trace.getSpanContext(propagator.extract(ROOT_CONTEXT, from, getter));
    const context = remote === undefined ? ambient : trace.setSpanContext(ROOT_CONTEXT, remote);
    const link = remote === undefined ? undefined : trace.getSpanContext(ambient);
    const span = tracer.startSpan(name, { kind: kinds[kind], attributes, links: link === undefined ? [] : [{ context: link }] }, context);
    return wrap(span, (work) => store.run(trace.setSpan(context, span), work));
  };

  return {
    open,
    async span(start, work, judge = judgeError) {
      const span = open(start);
      try {
        return await span.run(() => work(span));
      } catch (error) {
        const { type, broken } = judge(error);
        span.fail(type, broken);
        throw error;
      } finally {
        span.end();
      }
    },
    get active() {
      return trace.getSpanContext(around()) !== undefined;
    },
    get trace_id() {
      return trace.getSpanContext(around())?.traceId;
    },
  };
}

function wrap(span: Span, run: OpenSpan['run']): OpenSpan {
  return {
    trace_id: span.spanContext().traceId,
    run,
    rename: (name) => void span.updateName(name),
    set: (attributes) => void span.setAttributes(attributes),
    fail(type, broken) {
      span.setAttribute('error.type', type);
      if (broken) span.setStatus({ code: SpanStatusCode.ERROR });
    },
    end: () => span.end(),
  };
}
