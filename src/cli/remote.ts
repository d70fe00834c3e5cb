/** Asks a remote server over its REST face, with the credential in QUARTERDECK_TOKEN. */

import { z } from 'zod';
import { Problem } from '../platform/problem.ts';
import { UsageError } from './command.ts';

/** Twice what a server takes at most by default before it gives up by itself. */
const answerTimeoutMs = 60_000;

export interface Remote {
  /** The JSON of the answer. @throws Problem as the server words it */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<Record<string, unknown>>;
}

const refusal = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    retryable: z.boolean().default(false),
    next: z.string().default(''),
    details: z.record(z.string(), z.unknown()).default({}),
  }),
});

/** @throws UsageError when the address or the credential is missing or no address at all */
export function openRemote(url: string, token = process.env['QUARTERDECK_TOKEN']): Remote {
  const base = URL.parse(url);
  if (base === null || !/^https?:$/.test(base.protocol))
    throw new UsageError(`--url: ${url} is not the address of a server.`, 'Give one like https://deck.example.org.');
  if (token === undefined || token === '')
    throw new UsageError(
      'QUARTERDECK_TOKEN is not set, and a server tells nobody anything without a credential.',
      'Set it to the token that POST /api/auth/signin answers with.',
    );
  const root = base.href.replace(/\/+$/, '');
  return {
    async call(method, path, body) {
      const response = await send(`${root}${path}`, {
        method,
        headers: { Authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(answerTimeoutMs),
      });
      return readAnswer(response, root);
    },
  };
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const { cause } = error as Error;
    const why = cause instanceof Error && cause.message !== '' ? cause.message : (error as Error).message;
    throw new Error(`${url} cannot be reached: ${why}. Check the address, and that the server runs.`, { cause: error });
  }
}

async function readAnswer(response: Response, root: string): Promise<Record<string, unknown>> {
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  const refused = refusal.safeParse(body);
  if (!refused.success)
    throw new Error(`${root} answered ${response.status}, and not as a Quarterdeck does. Check that --url is the address of one.`);
  const { code, message, next, retryable, details } = refused.data.error;
  throw new Problem({ code, status: response.status, retryable, when: 'The remote server said so.' }, { message, next, details });
}
