/** Talks to the server: keeps the session, renews its token in time, and turns every failure into one kind of error. */

/** @typedef {{ token: string, expires_at: string, user: { email: string, name: string }, workspace: { name: string } }} Session */
/** @typedef {{ status?: number, code: string, message: string, next?: string }} Failure */
/** @typedef {{ body?: object, etag?: string, signal?: AbortSignal, anonymous?: boolean }} RequestOptions */

/** What the server says went wrong, and what to do next. */
export class ServerError extends Error {
  /** @param {Failure} failure */
  constructor({ status = 0, code, message, next = '' }) {
    super(message);
    this.name = 'ServerError';
    this.status = status;
    this.code = code;
    this.next = next;
  }
}

/** The page is served at `…/ui/`; the API is its parent, also behind a proxy that adds a prefix. */
export const base = new URL('../', location.href);

/** sessionStorage: the token ends with the tab, and other tabs and later users of the browser never see it. */
const storageKey = 'quarterdeck.session';
/** A token is renewed with five minutes to spare, enough for a laptop that wakes up with a slow network; one that lives shorter, at half of its life. */
const renewBeforeMs = 5 * 60_000;

/** How far this machine's clock is behind the server's. */
let clockOffsetMs = 0;
/** Two estimates that differ by more are not the same pair of clocks any more: somebody set one of them. */
const clockStepMs = 3_000;
/** @type {(Session & { renew_at: number }) | undefined} */
let session = readSession();
/** @type {Promise<void> | undefined} */
let renewal;
/** @type {(message: string) => void} */
let onEnded = () => {};

/** The server's time in milliseconds, so that a countdown is right on a machine whose clock is not. */
export const serverNow = () => Date.now() + clockOffsetMs;

export const currentSession = () => session;

/**
 * Calls back when the server no longer accepts the session.
 * @param {(message: string) => void} listener
 */
export function whenSessionEnds(listener) {
  onEnded = listener;
}

/**
 * @param {'signup' | 'signin'} way
 * @param {{ email: string, password: string, name?: string }} input
 */
export async function openSession(way, input) {
  const { body } = await request('POST', `api/auth/${way}`, { body: input, anonymous: true });
  keepSession(body);
}

/** Forgets the session at once; the server is told, but a failure there must not keep anybody signed in here. */
export async function closeSession() {
  const ended = request('POST', 'api/auth/signout').catch(() => undefined);
  keepSession(undefined);
  await ended;
}

/**
 * @param {string} method
 * @param {string} path relative to the root of the API, without a leading slash
 * @param {RequestOptions} [options]
 * @returns {Promise<{ changed: boolean, etag: string, body: any }>} `changed` is false for a 304
 */
export async function request(method, path, options = {}) {
  if (!options.anonymous) await renewWhenDue();
  const token = session?.token;
  const response = await send(method, path, options, token);
  const etag = response.headers.get('etag') ?? '';
  if (response.status === 304) return { changed: false, etag, body: undefined };
  const body = await response.json().catch(() => undefined);
  if (response.ok) return { changed: true, etag, body };
  const failure = failureOf(response.status, body);
  if (response.status === 401 && !options.anonymous && token === session?.token) {
    keepSession(undefined);
    onEnded('Your session has ended. Sign in again.');
  }
  throw failure;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {RequestOptions} options
 * @param {string | undefined} token
 */
async function send(method, path, { body, etag, signal, anonymous }, token) {
  const headers = new Headers({ accept: 'application/json' });
  if (token !== undefined && !anonymous) headers.set('authorization', `Bearer ${token}`);
  if (body !== undefined) headers.set('content-type', 'application/json');
  if (etag) headers.set('if-none-match', etag);
  try {
    const response = await fetch(new URL(path, base), {
      method,
      headers,
      cache: 'no-store',
      credentials: 'omit',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    compareClocks(Date.parse(response.headers.get('date') ?? ''));
    return response;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ServerError({
      code: 'unreachable',
      message: 'The server cannot be reached.',
      next: 'Check that it is running, then try again.',
    });
  }
}

/**
 * `Date` is cut to whole seconds, so each answer is early by up to one; the latest of all is the closest.
 * @param {number} date
 */
function compareClocks(date) {
  if (Number.isNaN(date)) return;
  const estimate = date - Date.now();
  clockOffsetMs = Math.abs(estimate - clockOffsetMs) > clockStepMs ? estimate : Math.max(estimate, clockOffsetMs);
}

/**
 * @param {number} status
 * @param {{ error?: Failure } | undefined} body
 */
function failureOf(status, body) {
  if (body?.error?.message) return new ServerError({ ...body.error, status });
  return new ServerError({ status, code: 'unknown', message: `The server answered ${status} without saying why.`, next: 'Try again.' });
}

/** One renewal at a time; a failure is left to the request that follows, whose answer says more. */
async function renewWhenDue() {
  if (session === undefined || serverNow() < session.renew_at) return;
  renewal ??= renew(session.token).finally(() => {
    renewal = undefined;
  });
  await renewal;
}

/** @param {string} token */
async function renew(token) {
  const response = await send('POST', 'api/auth/refresh', {}, token);
  if (response.ok && session?.token === token) keepSession(await response.json());
}

// A hidden page asks nothing for hours, so the renewal must not wait for the next request. Once a minute is what browsers grant it.
setInterval(() => void renewWhenDue().catch(() => undefined), 60_000);

/** @param {Session | undefined} next */
function keepSession(next) {
  if (next === undefined) {
    session = undefined;
    sessionStorage.removeItem(storageKey);
    return;
  }
  const end = Date.parse(next.expires_at);
  session = { ...next, renew_at: end - Math.min(renewBeforeMs, (end - serverNow()) / 2) };
  sessionStorage.setItem(storageKey, JSON.stringify(session));
}

/** @returns {typeof session} */
function readSession() {
  return JSON.parse(sessionStorage.getItem(storageKey) ?? 'null') ?? undefined;
}
