/** Asks pgBackRest what its repository holds of one stanza. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { reasonOf } from '../../reason.ts';

export interface Repository {
  readonly stanza: string;
  /** undefined: the one that pgBackRest finds by itself, `/etc/pgbackrest/pgbackrest.conf` or `/etc/pgbackrest.conf`. */
  readonly config: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Of `pgbackrest info --output=json`, for each stanza: https://pgbackrest.org/command.html#command-info */
const backup = z.object({
  label: z.string(),
  /** A page whose checksum was wrong when it was copied; old versions do not say. */
  error: z.boolean().nullish(),
  timestamp: z.object({ start: z.number(), stop: z.number() }),
  info: z.object({ size: z.number() }),
});
const info = z.array(
  z.object({
    name: z.string(),
    archive: z.array(z.object({ id: z.string(), max: z.string().nullable() })),
    backup: z.array(backup),
    status: z.object({ code: z.number(), message: z.string() }),
  }),
);

export type PhysicalBackup = z.output<typeof backup>;
/** `archive`: oldest first, one for each version of the server; `backup`: oldest first. */
export type Stanza = z.output<typeof info>[number];

/** A string says why nobody knows. */
export async function readRepository({ stanza, config, timeoutMs, signal }: Repository): Promise<Stanza | string> {
  const where = config === undefined ? [] : [`--config=${config}`];
  try {
    const { stdout } = await promisify(execFile)('pgbackrest', [...where, `--stanza=${stanza}`, '--output=json', 'info'], {
      signal,
      timeout: timeoutMs,
    });
    const [found] = info.parse(JSON.parse(stdout));
    return found ?? `it knows no stanza ${stanza}`;
  } catch (error) {
    signal.throwIfAborted();
    return whyOf(error, timeoutMs);
  }
}

function whyOf(error: unknown, timeoutMs: number): string {
  const { code, killed, stderr = '', stdout = '' } = error as { code?: unknown; killed?: boolean; stderr?: string; stdout?: string };
  if (code === 'ENOENT') return 'there is no pgbackrest on the path';
  if (killed === true) return `no answer within ${timeoutMs} ms`;
  if (error instanceof z.ZodError || error instanceof SyntaxError) return 'the answer is not what pgBackRest answers';
  // Its errors are on either.
  return `${stderr}\n${stdout}`.trim().split('\n')[0] || reasonOf(error);
}
