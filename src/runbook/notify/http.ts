/** Posts JSON once, and says in words why it was not taken. */

import { stripVTControlCharacters } from 'node:util';
import { DeliveryError } from './channel.ts';

export interface Post {
  readonly url: URL;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** @throws DeliveryError */
export async function postJson({ url, body, headers = {}, signal }: Post): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'User-Agent': 'Quarterdeck', ...headers },
    body,
    signal,
    // What is followed could lead elsewhere, with a body that is meant for one receiver.
    redirect: 'manual',
  }).catch((error: unknown) => {
    throw new DeliveryError(`there is no connection (${causeOf(error)})`, 0);
  });
  if (response.ok) {
    await response.body?.cancel();
    return;
  }
  const { status } = response;
  const said = await beginningOf(response);
  const why = `it answers ${status}${said === '' ? '' : ` "${said}"`}`;
  const passes = status === 408 || status === 429 || status >= 500;
  throw new DeliveryError(why, passes ? retryAfterOf(response.headers.get('retry-after'), Date.now()) : undefined);
}

/** Seconds or a date, as in RFC 9110, section 10.2.3. */
function retryAfterOf(header: string | null, now: number): number {
  if (header === null) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? 0 : Math.max(0, ms);
}

/** What fetch says is "fetch failed"; what happened lies below. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}

/** One line: error pages are long. */
async function beginningOf(response: Response): Promise<string> {
  try {
    const reader = response.body?.getReader();
    const { value } = (await reader?.read()) ?? {};
    await reader?.cancel();
    return oneLine(new TextDecoder().decode(value));
  } catch {
    return '';
  }
}

/** What others wrote must not move the cursor. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, 200);
}
