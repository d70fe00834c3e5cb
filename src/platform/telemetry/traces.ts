/** Spans, as the rest of the program sees them. While tracing is off there is nothing behind it, and nothing of it is loaded. */

/** Where a span comes from when that is not the work around it: the headers of a request, or the `_meta` of a message. */
export interface TraceCarrier {
  traceparent?: string | undefined;
  tracestate?: string | undefined;
}

export interface SpanStart {
  name: string;
  kind: 'server' | 'client' | 'internal';
  attributes?: Record<string, string | number | undefined>;
  /** The remote parent. The work around it, if any, becomes a link. */
  from?: TraceCarrier;
}

export interface OpenSpan {
  readonly trace_id: string;
  /** What `work` does belongs to this span. */
  run<Result>(work: () => Result): Result;
  rename(name: string): void;
  set(attributes: Record<string, string | number | undefined>): void;
  /** `broken`: our fault rather than the caller's, so the span counts as an error. */
  fail(type: string, broken: boolean): void;
  end(): void;
}

export interface Tracing {
  open(start: SpanStart): OpenSpan;
  /** Runs `work` in a span that ends with it. What it throws passes through, and `judge` says how to call it. */
  span<Result>(start: SpanStart, work: (span: OpenSpan) => Promise<Result>, judge?: typeof judgeError): Promise<Result>;
  /** Whether the caller's work is in a span: background work is not, and makes none of its own. */
  readonly active: boolean;
  readonly trace_id: string | undefined;
}

let current: Tracing | undefined;

/** Undefined while tracing is off: one branch, and nothing else, on the path of every request. */
export function tracing(): Tracing | undefined {
  return current;
}

/** One for the process, as the API of OpenTelemetry has it: with two servers in a process the last one has it. */
export function setTracing(next: Tracing | undefined): void {
  current = next;
}

/** The code of a problem, or the name of an error. */
export function judgeError(error: unknown): { type: string; broken: boolean } {
  if (error instanceof Error && 'code' in error && 'status' in error && typeof error.code === 'string')
    return { type: error.code, broken: Number(error.status) >= 500 };
  return { type: error instanceof Error ? error.name : 'unknown', broken: true };
}

/** What `traceparent` and its companion say, wherever they stand; undefined: nothing. */
export function carrierOf(source: object): TraceCarrier | undefined {
  const { traceparent, tracestate } = source as { traceparent?: unknown; tracestate?: unknown };
  if (typeof traceparent !== 'string') return undefined;
  return { traceparent, tracestate: typeof tracestate === 'string' ? tracestate : undefined };
}
