/** Sends one HTTP request within a time, and answers with what came or with why nothing came. */

import { reasonOf } from '../reason.ts';

export interface Question {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** For all of it, to the end of the body. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** Until the last byte of the body. */
  readonly ms: number;
}

export interface NoAnswer {
  readonly why: string;
}

/** A check looks at answers of a service, not at downloads; what is longer would only fill the memory. */
const mostBytes = 16 * 1024 * 1024;

/** Redirects are answers: whoever wants to know where one leads asks there. */
export async function ask({ url, method = 'GET', headers = {}, body, timeoutMs, signal }: Question): Promise<Answer | NoAnswer> {
  const started = performance.now();
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method,
      headers,
      body: body ?? null,
      redirect: 'manual',
      signal: AbortSignal.any([signal, timeout]),
    });
    const text = await readText(response);
    if (text === undefined) return { why: `the body is longer than ${mostBytes} bytes` };
    return { status: response.status, headers: response.headers, body: text, ms: performance.now() - started };
  } catch (error) {
    signal.throwIfAborted();
    return { why: timeout.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(error) };
  }
}

export function isAnswer(answer: Answer | NoAnswer): answer is Answer {
  return 'status' in answer;
}

/** undefined: it is too long. */
async function readText({ body }: Response): Promise<string | undefined> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
