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
    },
    { write: (line) => output.write(redact(line)) },
  );
}

/** A new object each time, because the library writes the fields of the line into it. */
function traceOf(): { trace_id?: string } {
  const trace_id = tracing()?.trace_id;
  return trace_id === undefined ? {} : { trace_id };
}
