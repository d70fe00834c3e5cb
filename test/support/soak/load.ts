/** The callers of a soak: every way in, honest and not, each a loop that starts, uses and leaves things. */

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectSecond } from '../../behaviour/mcp/support/clients.ts';
import { type TestUser, client } from '../client.ts';
import { type Tokens, connectApp, refresh } from '../oauth.ts';

/** Between two calls of one caller, so that they load the server without filling it: a queue in front of it would hide what it holds. */
const pauseMs = 10;

/** A subscriber hears of a change within milliseconds, or within a second when a wake-up was lost. */
const longestSilenceMs = 30_000;

/** Calls of one MCP session before its client leaves. */
const callsPerSession = 20;

export interface Ground {
  url: string;
  user: TestUser;
}

/** One round of one caller, which ends early with the signal. @throws Error for an answer that is not the expected one */
type Caller = (stop: AbortSignal) => Promise<void>;

/** By name, which the surprises carry. */
export type Callers = Record<string, Caller>;

export interface Heard {
  /** What was not expected, and how often. */
  surprises: Map<string, number>;
  /** Calls that were told to come back: none on a machine that has time for the server. */
  refused: number;
}

/** Runs all callers until the signal, and says what surprised them. */
export async function runCallers(callers: Callers, stop: AbortSignal): Promise<Heard> {
  const heard: Heard = { surprises: new Map(), refused: 0 };
  const loops = Object.entries(callers).map(async ([name, call]) => {
    while (!stop.aborted) {
      await call(stop).catch((error: unknown) => {
        if (isRefusal(error)) return void (heard.refused += 1);
        const text = `${name}: ${error instanceof Error ? error.message : String(error)}`.slice(0, 300);
        heard.surprises.set(text, (heard.surprises.get(text) ?? 0) + 1);
      });
      await sleep(pauseMs);
    }
  });
  await Promise.all(loops);
  return heard;
}

export async function openCallers(ground: Ground): Promise<Callers> {
  const { url, user } = ground;
  await user.agent.post('/projects', { key: 'QUEUE', name: 'Queue' });
  return {
    'MCP 2026-07-28': () => mcpSession(ground, '2026-07-28'),
    'MCP 2025': () => mcpSession(ground, '2025'),
    'REST, one': () => taskLife(user),
    'REST, another': () => taskLife(user),
    'claims, one': () => claimLife(user),
    'claims, another': () => claimLife(user),
    subscriptions: (stop) => subscription(ground, stop),
    'failed credentials': () => failedCredentials(url),
    'cancelled calls': () => cancelledCalls(ground),
    'client credentials': () => clientCredentials(ground),
    'refreshed tokens': await refreshedTokens(ground),
  };
}

/** A refusal that is an honest answer of a machine with too much to do. */
class Busy extends Error {}

/** The clients of MCP put the answer into the text of their errors. */
function isRefusal(error: unknown): boolean {
  return error instanceof Busy || (error instanceof Error && /\b503\b|"code":"(unavailable|overloaded|timed_out)"/.test(error.message));
}

function expectStatus(what: string, { status, body }: { status: number; body: unknown }, ...wanted: number[]): void {
  if (status === 503) throw new Busy(`${what} was refused for now`);
  if (!wanted.includes(status)) throw new Error(`${what} answered ${status}: ${JSON.stringify(body)}`);
}

async function mcpSession({ url, user }: Ground, kind: '2026-07-28' | '2025'): Promise<void> {
  const mcp = await connectSecond(kind, { url: `${url}/mcp`, token: user.key });
  try {
    await mcp.listTools();
    for (let n = 0; n < callsPerSession; n += 1) {
      const { isError, content } = await mcp.callTool({ name: 'list_tasks', arguments: { limit: 5 } });
      if (isError === true && /"(unavailable|overloaded|timed_out):/.test(JSON.stringify(content)))
        throw new Busy('a call was refused for now');
      if (isError === true) throw new Error(`list_tasks failed: ${JSON.stringify(content)}`);
      await sleep(pauseMs);
    }
    const wrong = await mcp.callTool({ name: 'get_task', arguments: { task_id: 'NONE-1' } });
    if (wrong.isError !== true) throw new Error('a task that is not there was found');
  } finally {
    await mcp.close();
  }
}

async function taskLife({ agent, person }: TestUser): Promise<void> {
  const headers = { 'idempotency-key': randomUUID() };
  const made = await agent.post<{ task: { id: string } }>('/tasks', { title: 'short-lived', description: 'x'.repeat(500) }, headers);
  expectStatus('create', made, 201);
  const path = `/tasks/${made.body.task.id}`;
  expectStatus('read', await person.get(path), 200);
  expectStatus('change', await agent.patch(path, { priority: 'high' }), 200);
  expectStatus('wrong input', await agent.patch(path, { priority: 'none' }), 422);
  expectStatus('delete', await agent.delete(path), 200);
}

async function claimLife({ agent }: TestUser): Promise<void> {
  expectStatus('create', await agent.post('/tasks', { project: 'QUEUE', title: 'to be claimed' }), 201);
  const taken = await agent.post<{ task: { id: string } | null; claim: { fence: number } | null }>('/queue/claim', { project: 'QUEUE' });
  expectStatus('claim', taken, 200);
  const { task, claim } = taken.body;
  if (task === null || claim === null) return;
  expectStatus('finish', await agent.post('/queue/finish', { task_id: task.id, fence: claim.fence }), 200);
}

async function subscription({ url, user }: Ground, stop: AbortSignal): Promise<void> {
  const mcp = await connectSecond('2026-07-28', { url: `${url}/mcp`, token: user.key });
  const heard = new Promise((resolve) => mcp.setNotificationHandler('notifications/resources/list_changed', () => resolve(true)));
  try {
    await mcp.listen({ resourcesListChanged: true });
    // Others make tasks all the time.
    const quiet = new AbortController();
    const timer = setTimeout(() => quiet.abort(), longestSilenceMs);
    const ended = once(AbortSignal.any([stop, quiet.signal]), 'abort');
    if (!stop.aborted) await Promise.race([heard, ended]);
    clearTimeout(timer);
    if (quiet.signal.aborted) throw new Error(`nothing was heard for ${longestSilenceMs} ms`);
  } finally {
    await mcp.close();
  }
}

async function failedCredentials(url: string): Promise<void> {
  for (let n = 0; n < callsPerSession; n += 1) {
    const key = `qd_${randomUUID().replaceAll('-', '')}`;
    expectStatus('an unknown key', await client(url, key).get('/tasks'), 401);
    await sleep(pauseMs);
  }
  const nobody = { email: `nobody-${randomUUID()}@example.com`, password: 'what could it be?' };
  // Slow on purpose, and after many failures from one address slower still, so one in twenty is of this kind.
  expectStatus('an unknown address', await client(url).post('/api/auth/signin', nobody), 401, 429);
}

async function cancelledCalls({ url, user }: Ground): Promise<void> {
  const gone = new AbortController();
  const headers = { authorization: `Bearer ${user.key}`, 'content-type': 'application/json' };
  const call = fetch(`${url}/tasks`, { method: 'POST', headers, body: JSON.stringify({ title: 'not awaited' }), signal: gone.signal });
  setTimeout(() => gone.abort(), Math.random() * 10);
  await call.then((response) => response.body?.cancel()).catch(() => undefined);
}

async function clientCredentials({ url, user }: Ground): Promise<void> {
  const answer = await fetch(`${url}/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${user.key_id}:${user.key}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  if (answer.status === 503) throw new Busy('a token was refused for now');
  const { access_token } = (await answer.json()) as Tokens;
  expectStatus('a token for a key', await client(url, access_token).get('/me'), 200);
}

/** Signs in with the pages, then lives from refresh tokens; a refresh that failed may have used its token up. */
async function refreshedTokens({ url, user }: Ground): Promise<Caller> {
  const connect = () => connectApp(url, { email: user.email, password: user.password });
  let app: Awaited<ReturnType<typeof connect>> | undefined = await connect();
  return async () => {
    const current = app ?? (await connect());
    app = undefined;
    const { status, body } = await refresh(url, current);
    expectStatus('a refresh', { status, body }, 200);
    app = { ...current, ...(body as Tokens) };
    expectStatus('a refreshed token', await client(url, app.access_token).get('/me'), 200);
  };
}
