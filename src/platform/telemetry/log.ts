/** Structured logs: one JSON object a line on standard error, secrets removed. */

import { type Logger, destination, pino } from 'pino';
import type { Settings } from '../config/settings.ts';

export type Log = Logger;

/** Paths whose values never reach a log line, whatever logs them. */
const secretPaths = ['authorization', 'password', 'token', 'key', 'secret', 'cookie', 'api_key'].flatMap((name) => [
  name,
  `*.${name}`,
  `*.*.${name}`,
]);

/** Standard error, because standard output is the protocol channel of `stdio` and the answer channel of commands. */
export function createLog(settings: Pick<Settings, 'logLevel'>): Log {
  return pino(
    {
      level: settings.logLevel,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretPaths, censor: '[redacted]' },
    },
    destination({ fd: 2, sync: true }),
  );
}
