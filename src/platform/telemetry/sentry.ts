/** Sends mistakes of the program to Sentry. Loaded only where a DSN is set. */

import { Scope, type ErrorEvent, createStackParser, createTransport } from '@sentry/core';
import { ServerRuntimeClient, nodeStackLineParser } from '@sentry/core/server';
import type { Settings } from '../config/settings.ts';
import { setBugReporter } from './bugs.ts';
import { redact } from './redaction.ts';
import { tracing } from './traces.ts';

/** How long the last reports may take at the end. */
const lastReportMs = 2_000;

/** A report that takes longer is given up: the log has it anyway. */
const sendTimeoutMs = 5_000;

/** The client alone, without the parts that patch modules or listen to the process. Returns how to send what is left and stop. */
export function startSentry(settings: Pick<Settings, 'sentryDsn' | 'sentryEnvironment'>, version: string): () => Promise<void> {
  const client = new ServerRuntimeClient({
    dsn: settings.sentryDsn,
    environment: settings.sentryEnvironment,
    release: `quarterdeck@${version}`,
    platform: 'node',
    runtime: { name: 'node', version: process.version },
    integrations: [],
    stackParser: createStackParser(nodeStackLineParser()),
    transport: (options) => createTransport(options, ({ body }) => send(options.url, options.headers, body)),
    beforeSend: (event) => JSON.parse(redact(JSON.stringify(event))) as ErrorEvent,
  });
  client.init();
  setBugReporter((error, message, { request_id, operation, principal, face }) => {
    const scope = new Scope();
    scope.setTags({ request_id, operation, face, trace_id: tracing()?.trace_id });
    scope.setExtra('message', message);
    if (principal !== undefined) scope.setUser({ id: principal });
    client.captureException(error, { mechanism: { type: 'quarterdeck', handled: true } }, scope);
  });
  return async () => {
    setBugReporter(undefined);
    await client.close(lastReportMs);
  };
}

async function send(url: string, headers: Record<string, string> | undefined, body: string | Uint8Array) {
  const response = await fetch(url, {
    method: 'POST',
    headers: headers ?? {},
    body: typeof body === 'string' ? body : new Uint8Array(body),
    signal: AbortSignal.timeout(sendTimeoutMs),
  });
  return {
    statusCode: response.status,
    headers: { 'x-sentry-rate-limits': response.headers.get('x-sentry-rate-limits'), 'retry-after': response.headers.get('retry-after') },
  };
}
