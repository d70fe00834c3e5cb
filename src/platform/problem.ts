/** Errors that callers are meant to read: what failed, why, and what to do next. */

/** What a throw site knows about one occurrence. */
export interface ProblemText {
  /** What failed and why, in one or two sentences. Never SQL, a stack or a secret. */
  message: string;
  /** What the caller should do now. */
  next: string;
  /** Machine-readable facts: the holder, the current version, the paths that are wrong. */
  details?: Record<string, unknown>;
  /** Kept for the log, never shown. */
  cause?: unknown;
}

/** One kind of problem. `code` is stable: clients branch on it. */
export interface ProblemKind {
  code: string;
  /** The HTTP status. MCP shows the same problem as a tool error. */
  status: number;
  /** True when the very same call may succeed later. */
  retryable: boolean;
  /** When it is raised; printed in the reference of error codes. */
  when: string;
}

/**
 * The one error class that crosses a boundary. Everything else that is thrown is a bug:
 * the boundary logs it and answers `internal`, without its text.
 */
export class Problem extends Error {
  readonly kind: ProblemKind;
  readonly next: string;
  readonly details: Record<string, unknown>;

  constructor(kind: ProblemKind, text: ProblemText) {
    super(text.message, text.cause === undefined ? undefined : { cause: text.cause });
    this.name = 'Problem';
    this.kind = kind;
    this.next = text.next;
    this.details = text.details ?? {};
  }

  get code(): string {
    return this.kind.code;
  }

  get status(): number {
    return this.kind.status;
  }

  get retryable(): boolean {
    return this.kind.retryable;
  }
}

const catalogue = new Map<string, ProblemKind>();

/**
 * Declares a kind of problem and returns the function that makes one:
 * `throw notFound({ message: 'No task WEB-12.', next: 'Call list_tasks.' })`.
 */
export function defineProblem(kind: ProblemKind): (text: ProblemText) => Problem {
  if (catalogue.has(kind.code)) throw new Error(`problem ${kind.code} is defined twice`);
  catalogue.set(kind.code, Object.freeze(kind));
  return (text) => new Problem(kind, text);
}

/** Every kind that was declared by the modules loaded so far, by code. */
export function problemKinds(): ProblemKind[] {
  return [...catalogue.values()].sort((a, b) => a.code.localeCompare(b.code));
}

export const unreadable = defineProblem({
  code: 'unreadable',
  status: 400,
  retryable: false,
  when: 'The request could not be read: broken JSON, bytes that are not UTF-8, nesting that is too deep.',
});

export const unauthenticated = defineProblem({
  code: 'unauthenticated',
  status: 401,
  retryable: false,
  when: 'No credential was sent, or it is unknown, expired or revoked.',
});

export const forbidden = defineProblem({
  code: 'forbidden',
  status: 403,
  retryable: false,
  when: 'The credential is valid but lacks the scope or the role that the operation needs.',
});

export const insufficientScope = defineProblem({
  code: 'insufficient_scope',
  status: 403,
  retryable: false,
  when: 'An OAuth client was allowed less than the operation needs, and its person may allow it: sign in again with the scopes of the challenge.',
});

export const notFound = defineProblem({
  code: 'not_found',
  status: 404,
  retryable: false,
  when: 'There is no such thing, or it is not visible to this credential. The two are never told apart.',
});

export const methodNotAllowed = defineProblem({
  code: 'method_not_allowed',
  status: 405,
  retryable: false,
  when: 'The path exists, but not with this HTTP method.',
});

export const conflict = defineProblem({
  code: 'conflict',
  status: 409,
  retryable: false,
  when: 'The thing exists already, or its state does not allow the change.',
});

export const versionConflict = defineProblem({
  code: 'version_conflict',
  status: 409,
  retryable: false,
  when: '`expected_version` is not the current version: somebody changed the thing in between.',
});

export const idempotencyMismatch = defineProblem({
  code: 'idempotency_mismatch',
  status: 409,
  retryable: false,
  when: 'The idempotency key was used before with another input.',
});

export const declined = defineProblem({
  code: 'declined',
  status: 409,
  retryable: false,
  when: 'The person was asked and said no, or closed the question; nothing was changed.',
});

export const tooLarge = defineProblem({
  code: 'too_large',
  status: 413,
  retryable: false,
  when: 'The body, or what is in it, is larger than a limit; the message names the setting.',
});

export const unsupportedMediaType = defineProblem({
  code: 'unsupported_media_type',
  status: 415,
  retryable: false,
  when: 'The body is not `application/json`.',
});

export const invalidInput = defineProblem({
  code: 'invalid_input',
  status: 422,
  retryable: false,
  when: 'The input does not fit the schema; every problem is listed with its path.',
});

export const rateLimited = defineProblem({
  code: 'rate_limited',
  status: 429,
  retryable: true,
  when: 'The credential, or the address of a caller without one, has reached its limit a minute. `Retry-After` and `details.retry_after_seconds` say when a call passes again.',
});

export const internal = defineProblem({
  code: 'internal',
  status: 500,
  retryable: false,
  when: 'A bug in the server. The log has the cause under the request id.',
});

export const unavailable = defineProblem({
  code: 'unavailable',
  status: 503,
  retryable: true,
  when: 'The database cannot be reached, is too busy, or the server is shutting down.',
});

export const storageFull = defineProblem({
  code: 'storage_full',
  status: 507,
  retryable: true,
  when: 'The disk of the database is full, so nothing can be written. Reading goes on while the database can; writing goes on as soon as there is space.',
});

export const overloaded = defineProblem({
  code: 'overloaded',
  status: 503,
  retryable: true,
  when: 'The server works on as many requests as it may, in all or for this credential, and as many wait. Nothing was begun. Health and claims are still answered.',
});

export const timedOut = defineProblem({
  code: 'timed_out',
  status: 503,
  retryable: true,
  when: 'The database took longer than the statement or lock time-out.',
});

export const cancelled = defineProblem({
  code: 'cancelled',
  status: 499,
  retryable: true,
  when: 'The caller went away before the answer; nothing was changed.',
});
