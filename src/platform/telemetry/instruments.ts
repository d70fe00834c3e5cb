/** Every counter and histogram, with its help, its labels and its buckets. */

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Seconds. From a cached read (1 ms) to the default request time-out (30 s). */
const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Seconds. From a statement on an index (100 µs) to the default statement time-out (10 s). */
const databaseBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 10];

/** Seconds, as the semantic conventions of OpenTelemetry for MCP advise, with three more below for calls that need no model. */
const mcpBuckets = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

/** Seconds. From a vector of a small model nearby (10 ms) to the default limit of a call (3 min). */
const modelBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 180];

/** Seconds. From a text that is just too long for a request to the largest that is read. */
const jobBuckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

export type Instruments = ReturnType<typeof defineInstruments>;

export function defineInstruments(registry: Registry, version: string) {
  const registers = [registry];
  new Gauge({ name: 'quarterdeck_build_info', help: 'Always 1; the version is a label.', labelNames: ['version'], registers }).set(
    { version },
    1,
  );
  return {
    ...requestInstruments(registers),
    ...databaseInstruments(registers),
    ...eventInstruments(registers),
    models: modelInstruments(registers),
    jobs: jobInstrument(registers),
  };
}

function requestInstruments(registers: Registry[]) {
  const http = ['route', 'method', 'status'] as const;
  const operation = ['operation', 'face', 'outcome'] as const;
  return {
    http: {
      count: new Counter({
        name: 'quarterdeck_http_requests_total',
        help: 'HTTP requests answered, by route pattern, method and status class.',
        labelNames: http,
        registers,
      }),
      duration: new Histogram({
        name: 'quarterdeck_http_request_duration_seconds',
        help: 'Time from the head of a request to the end of its answer. Event streams are left out: how long they live is no latency.',
        labelNames: http,
        buckets: requestBuckets,
        registers,
      }),
    },
    operations: {
      count: new Counter({
        name: 'quarterdeck_operations_total',
        help: 'Operations called, by face and outcome: ok or the code of the problem.',
        labelNames: operation,
        registers,
      }),
      duration: new Histogram({
        name: 'quarterdeck_operation_duration_seconds',
        help: 'Time in the operation, from validation to commit.',
        labelNames: operation,
        buckets: requestBuckets,
        registers,
      }),
    },
    mcp: new Histogram({
      name: 'quarterdeck_mcp_request_duration_seconds',
      help: 'MCP requests over HTTP, by method, tool and protocol revision. The outcome is ok, tool_error, or the code of the JSON-RPC or HTTP error.',
      labelNames: ['method', 'tool', 'protocol', 'outcome'] as const,
      buckets: mcpBuckets,
      registers,
    }),
  };
}

function databaseInstruments(registers: Registry[]) {
  return {
    waits: new Histogram({
      name: 'quarterdeck_database_connection_wait_seconds',
      help: 'Time until a caller had a connection of the pool, or gave up.',
      buckets: databaseBuckets,
      registers,
    }),
    transactions: new Histogram({
      name: 'quarterdeck_database_transaction_duration_seconds',
      help: 'Transactions from the wait for a connection to the commit. The outcome is ok, the code of the problem that rolled it back, or bug.',
      labelNames: ['mode', 'outcome'] as const,
      buckets: databaseBuckets,
      registers,
    }),
    statements: new Histogram({
      name: 'quarterdeck_database_statement_duration_seconds',
      help: 'Statements, by their first word, from when they are sent to their answer.',
      labelNames: ['statement', 'outcome'] as const,
      buckets: databaseBuckets,
      registers,
    }),
  };
}

function modelInstruments(registers: Registry[]) {
  return {
    duration: new Histogram({
      name: 'quarterdeck_model_call_duration_seconds',
      help: 'Calls of the chat and the embedding model, with their repetitions. The outcome is ok, cancelled, not_called after several failures in a row, or the kind of the failure.',
      labelNames: ['model', 'outcome'] as const,
      buckets: modelBuckets,
      registers,
    }),
    tokens: new Counter({
      name: 'quarterdeck_model_tokens_total',
      help: 'Tokens that models took (input) and wrote (output), as their APIs count them.',
      labelNames: ['model', 'direction'] as const,
      registers,
    }),
    retries: new Counter({
      name: 'quarterdeck_model_retries_total',
      help: 'Calls of models that were tried again after an error that may pass.',
      labelNames: ['model'] as const,
      registers,
    }),
  };
}

function jobInstrument(registers: Registry[]) {
  return new Histogram({
    name: 'quarterdeck_job_duration_seconds',
    help: 'Runs of jobs. The outcome is done, failed, again for one that is tried again or was given back by a server that stopped, and lost for one that was cancelled or taken by another replica.',
    labelNames: ['kind', 'outcome'] as const,
    buckets: jobBuckets,
    registers,
  });
}

function eventInstruments(registers: Registry[]) {
  return {
    claims: new Counter({
      name: 'quarterdeck_claims_total',
      help: 'What happened to claims: taken, renewed, released, finished, expired, and stale for a call that was refused because its fence was old.',
      labelNames: ['event'] as const,
      registers,
    }),
    authFailures: new Counter({
      name: 'quarterdeck_auth_failures_total',
      help: 'Requests that were answered 401, by cause. The caller is never told which.',
      labelNames: ['cause'] as const,
      registers,
    }),
    limits: new Counter({
      name: 'quarterdeck_limits_hit_total',
      help: 'Requests that were refused because of a limit.',
      labelNames: ['limit'] as const,
      registers,
    }),
    sweeps: new Counter({
      name: 'quarterdeck_sweeps_total',
      help: 'Runs of the background work that tidies up, by outcome.',
      labelNames: ['sweep', 'outcome'] as const,
      registers,
    }),
    swept: new Counter({
      name: 'quarterdeck_swept_total',
      help: 'Rows that the background work dealt with.',
      labelNames: ['sweep'] as const,
      registers,
    }),
  };
}
