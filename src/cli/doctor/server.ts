/** Looks at the server: whether one runs on this data, whether it answers, and whether the next one would find its port free. */

import { once } from 'node:events';
import { createServer } from 'node:net';
import { z } from 'zod';
import type { EffectiveSettings } from '../../platform/config/read.ts';
import type { Settings } from '../../platform/config/settings.ts';
import type { ControlStatus } from '../../server/control.ts';
import { version } from '../invocation.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** A server that is well answers in milliseconds, and gives the database itself one second. */
const healthTimeoutMs = 5_000;

const health = z.object({
  status: z.string(),
  database: z.string(),
  checks: z.record(z.string(), z.object({ message: z.string().optional() })).default({}),
});

export async function lookAtServer({ settings }: EffectiveSettings, server: ControlStatus | undefined): Promise<Finding[]> {
  if (server === undefined) return [ok('server', 'None runs on this data folder.'), await lookAtPort(settings)];
  const running = `Process ${server.pid} serves version ${server.version} at ${server.url}`;
  const findings = [await lookAtHealth(running, server.url)];
  if (server.version !== version)
    findings.push(warning('version', `The server runs version ${server.version}, and this is ${version}.`, 'Restart the server.'));
  if (server.database === 'postgres' && settings.databaseUrl === undefined)
    findings.push(
      warning(
        'DATABASE_URL',
        'The server has its data in PostgreSQL, and DATABASE_URL is not set here.',
        'Set it here too, or commands work on another database as soon as the server is stopped.',
      ),
    );
  return findings;
}

async function lookAtHealth(running: string, url: string): Promise<Finding> {
  const fix = 'Look at its log; if it does not recover, stop it and start it again.';
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(healthTimeoutMs) });
    const { status, database, checks } = health.parse(await response.json());
    if (status === 'healthy') return ok('server', `${running}, healthy.`);
    const failed = Object.values(checks).flatMap(({ message }) => message ?? []);
    // It works without these parts, and each says what to do.
    if (status === 'degraded') return warning('server', `${running}, ${status}.`, failed.join(' '));
    return problem('server', `${running}, ${status}: database ${database}.`, fix);
  } catch (error) {
    return problem('server', `${running}, but does not answer: ${error instanceof Error ? error.message : String(error)}.`, fix);
  }
}

async function lookAtPort({ host, port }: Settings): Promise<Finding> {
  const place = `${host} port ${port}`;
  const probe = createServer();
  try {
    probe.listen({ host: host.replace(/^\[|\]$/g, ''), port });
    await once(probe, 'listening');
    return ok('port', port === 0 ? 'A free one is taken at the start.' : `${place} is free.`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const fix = 'Choose another with --host and --port, or stop what has it.';
    return code === 'EADDRINUSE'
      ? warning('port', `Another program has ${place}.`, fix)
      : problem('port', `This user cannot listen on ${place} (${code ?? 'unknown'}).`, fix);
  } finally {
    probe.close();
  }
}
