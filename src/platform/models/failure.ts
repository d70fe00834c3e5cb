/** Says of an error of a model's API what it was, whether it may pass, and how to word it without the other side's text. */

import { APICallError, InvalidResponseDataError, JSONParseError, TypeValidationError } from '@ai-sdk/provider';
import { redact, redacted } from '../telemetry/redaction.ts';

/** Also the outcome in the metrics. */
export type FailureKind =
  'rate_limited' | 'server_error' | 'unreachable' | 'refused' | 'too_long' | 'unusable' | 'timed_out' | 'not_loaded';

export interface Failure {
  kind: FailureKind;
  status: number | undefined;
  /** How long the other side asks to wait. */
  retry_after_ms: number | undefined;
  /** For the log: short, and without secrets. */
  reason: string;
}

/** An answer that arrived and is of no use: said by us, so it may be shown. */
export class UnusableAnswer extends Error {
  override readonly name = 'UnusableAnswer';
}

/** A model in this process that is not there, or cannot be fetched. */
export class NotLoaded extends Error {
  override readonly name = 'NotLoaded';
}

/** Ends a call that took too long. */
export class TookTooLong extends Error {
  override readonly name = 'TookTooLong';
}

/** Whether the very same call may succeed in a moment. */
export function mayPass({ kind }: Failure): boolean {
  return kind === 'rate_limited' || kind === 'server_error' || kind === 'unreachable';
}

/** Whether it is the other side that is not well, rather than this one call or our settings. */
export function isIllness({ kind }: Failure): boolean {
  return kind !== 'refused' && kind !== 'too_long';
}

/** `secrets`: what the other side might repeat to us. */
export function judge(error: unknown, secrets: readonly string[], now: () => number = Date.now): Failure {
  const status = APICallError.isInstance(error) && error.statusCode !== 200 ? error.statusCode : undefined;
  const retry_after_ms = APICallError.isInstance(error) ? retryAfter(error.responseHeaders ?? {}, now) : undefined;
  return { kind: kindOf(error), status, retry_after_ms, reason: reasonOf(error, status, secrets) };
}

function kindOf(error: unknown): FailureKind {
  if (error instanceof TookTooLong) return 'timed_out';
  if (error instanceof NotLoaded) return 'not_loaded';
  // The stream ended without its end.
  if (InvalidResponseDataError.isInstance(error)) return 'unreachable';
  // What the other side tells in the middle of a stream, after status 200, is an object without a class.
  if (!APICallError.isInstance(error)) return error instanceof Error ? 'unusable' : 'server_error';
  const { statusCode: status, isRetryable } = error;
  // No answer, or one that broke off.
  if (status === undefined || status === 200) return isRetryable ? 'unreachable' : 'unusable';
  if (status === 429) return 'rate_limited';
  if (status === 408 || status >= 500) return 'server_error';
  if (status === 413 || (status === 400 && saysTooLong.test(error.message))) return 'too_long';
  return status >= 400 ? 'refused' : 'unusable';
}

/** OpenAI, Anthropic, vLLM and Ollama each word it in their own way, and none has a status of its own for it. */
const saysTooLong = /context.{0,20}(length|window|size)|too (long|large)|maximum.{0,20}tokens/i;

/** Enough to tell causes apart; an error page has kilobytes. */
const reasonLength = 200;

/** The parser's own messages quote the whole answer, and an answer is other people's text. */
function reasonOf(error: unknown, status: number | undefined, secrets: readonly string[]): string {
  const text =
    JSONParseError.isInstance(error) || TypeValidationError.isInstance(error) ? 'the answer is not of the API' : messageOf(error);
  const clean = secrets.reduce((rest, secret) => rest.replaceAll(secret, redacted), redact(text)).replaceAll(/\s+/g, ' ');
  const short = clean.length > reasonLength ? `${clean.slice(0, reasonLength)}…` : clean;
  return status === undefined ? short : `status ${status}: ${short}`;
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return 'an error without a message';
}

/** `retry-after-ms` is OpenAI's; `Retry-After` has seconds or a date: RFC 9110, section 10.2.3. */
function retryAfter(headers: Record<string, string>, now: () => number): number | undefined {
  const milliseconds = Number(headers['retry-after-ms'] ?? NaN);
  if (Number.isFinite(milliseconds)) return Math.max(0, milliseconds);
  const text = headers['retry-after'];
  if (text === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  // The parser takes other things for dates: -1 is one of 2001.
  if (!text.endsWith('GMT')) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now());
}
