/** Structured logs: one JSON object a line on standard error, secrets removed. */

import { type DestinationStream, type Logger, destination, pino } from 'pino';
import type { Settings } from '../config/settings.ts';
import { redact } from './redaction.ts';
import { tracing } from './traces.ts';

export type Log = Logger;

/**
 * Standard error, because standard output is the protocol channel of `stdio` and the answer channel of commands.
 * Secrets are looked for in the finished line rather than by the paths of fields: an error of a library holds them where nobody
 * expects them, and pino's own redaction with wildcards takes several times as long as writing the line.
 */
export function createLog(settings: Pick<Settings, 'logLevel'>, output: DestinationStream = destination({ fd: 2, sync: true })): Log {
  return pino(
    {
      level: settings.logLevel,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: traceOf,
      serializers: { err: describeError },
    },
    { write: (line) => output.write(redact(line)) },
  );
}

/**
 * What an error says, without the objects of libraries that hang on it: with each connection that breaks, `pg` hands over its client, and with that
 * every statement it has prepared.
 */
function describeError(error: unknown): unknown {
  return error instanceof Error ? withoutInstances(pino.stdSerializers.err(error)) : error;
}

function withoutInstances(described: object): object {
  return Object.fromEntries(
    Object.entries(described).flatMap(([key, value]: [string, unknown]) => {
      if (key === 'aggregateErrors' && Array.isArray(value)) return [[key, value.map((one: object) => withoutInstances(one))]];
      return isInstance(value) ? [] : [[key, value]];
    }),
  );
}

function isInstance(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== null && prototype !== Object.prototype;
}

/** A new object each time, because the library writes the fields of the line into it. */
function traceOf(): { trace_id?: string } {
  const trace_id = tracing()?.trace_id;
  return trace_id === undefined ? {} : { trace_id };
}
