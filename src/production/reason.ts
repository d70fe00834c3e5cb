/** Why something did not work, in the words of whoever knows best: the error under the error. */

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A name with several addresses fails with one error for each, and an empty message of its own.
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  // OpenSSL's message is a line of its source; its reason is what happened.
  if ('reason' in error && typeof error.reason === 'string') return error.reason;
  if (error.message !== '') return error.message;
  return 'code' in error ? String(error.code) : error.name;
}
