/** What a restored server is asked: whether it is well, and whether it knows what it knew. */

import { sql } from 'kysely';
import { internalsOf } from '../../platform/database/internals.ts';
import type { Database } from '../../platform/database/types.ts';
import { reasonOf } from '../reason.ts';

/** A task that is known to be in the backup, and somebody who may see it. */
export interface KnownTask {
  /** `WEB-12`. */
  id: string;
  project: string;
  title: string;
  workspace_id: string;
  email: string;
}

export interface Question {
  question: string;
  expected: string;
  answer: string;
  passed: boolean;
  seconds: number;
}

/** The one that was changed last: what a restore of something older would not have. undefined: there is no shared task. */
export async function findKnownTask(database: Database): Promise<KnownTask | undefined> {
  return internalsOf(database).unhurried((owner) =>
    owner.transaction().execute(async (db) => {
      await sql`select set_config('app.system', 'on', true)`.execute(db);
      const { rows } = await sql<KnownTask>`
      select p.key || '-' || t.number as id, p.key as project, t.title, t.workspace_id, u.email
      from public.tasks t
        join public.projects p on p.workspace_id = t.workspace_id and p.id = t.project_id
        join auth.member m on m."organizationId" = t.workspace_id
        join auth."user" u on u.id = m."userId"
      where t.owner_id is null and p.owner_id is null and u."disabledAt" is null and m.role in ('owner', 'admin', 'member')
      order by t.updated_at desc, t.id desc limit 1`.execute(db);
      return rows[0];
    }),
  );
}

interface Asked {
  url: string;
  /** Null: there is nobody, or no task, to ask about. */
  task: KnownTask | null;
  /** Of somebody who may see the task. */
  key: string | null;
  signal: AbortSignal | undefined;
}

/** A server that was just started answers within a second; one that takes this long does not answer. */
const patienceMs = 30_000;

export async function askServer({ url, task, key, signal }: Asked): Promise<Question[]> {
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(new URL(path, url), {
      headers: key === null ? {} : { Authorization: `Bearer ${key}` },
      signal: AbortSignal.any([AbortSignal.timeout(patienceMs), ...(signal === undefined ? [] : [signal])]),
    });
    return response.json();
  };
  const questions = [await ask('Is the server healthy?', 'healthy', async () => textAt(await get('/health'), 'status'))];
  if (task === null) return questions;
  const words = task.title.slice(0, 100);
  questions.push(await ask(`What is ${task.id} called?`, task.title, async () => textAt(await get(`/tasks/${task.id}`), 'task', 'title')));
  questions.push(
    await ask(`Which tasks of ${task.project} are found by the words of that title?`, `${task.id} among them`, async () => {
      const found = idsOf(await get(`/tasks?project=${task.project}&limit=200&query=${encodeURIComponent(words)}`));
      return found.includes(task.id) ? `${task.id} among them` : `${found.length} others`;
    }),
  );
  return questions;
}

/** An error is an answer too, though not the expected one. */
export async function ask(question: string, expected: string, find: () => Promise<string>): Promise<Question> {
  const started = performance.now();
  const answer = await find().catch((error: unknown) => `no answer: ${reasonOf(error)}`);
  return { question, expected, answer, passed: answer === expected, seconds: Math.round(performance.now() - started) / 1_000 };
}

function textAt(body: unknown, ...path: string[]): string {
  const found = path.reduce<unknown>((inner, name) => (isObject(inner) ? inner[name] : undefined), body);
  return typeof found === 'string' ? found : JSON.stringify(body);
}

function idsOf(body: unknown): string[] {
  const items = isObject(body) && Array.isArray(body['items']) ? (body['items'] as unknown[]) : [];
  return items.map((item) => (isObject(item) ? String(item['id']) : ''));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
