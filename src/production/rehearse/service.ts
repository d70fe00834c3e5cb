/** Our server as what is released: how it is started, who asks it, and what it has acknowledged. */

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Kind, Shot } from './load.ts';
import type { Program } from './program.ts';

const revision = '2026-07-28';

/** A write that the server has answered with 201. */
export interface Acknowledged {
  readonly title: string;
  readonly id: string;
}

export interface Service {
  /** For `release deploy --command`. */
  readonly command: string;
  /** For `release deploy --env-from`. */
  readonly environmentFile: string;
  readonly kinds: readonly Kind[];
  readonly stream: Shot;
  readonly acknowledged: readonly Acknowledged[];
  /** Sends writes without an answer again, each with its idempotency key. How many it were. @throws Error when one is refused */
  repeatUnanswered(url: string): Promise<number>;
  /** Acknowledged tasks that the server does not have, and those that it has twice. */
  compare(url: string): Promise<{ missing: string[]; twice: string[] }>;
}

export interface ServiceOptions {
  readonly folder: string;
  readonly program: Program;
  /** The settings that every command and replica gets. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Makes an account, a key, a project and its first tasks with the command line. @throws Error when a command fails */
export async function prepareService({ folder, program, settings }: ServiceOptions): Promise<Service> {
  await program.json(['migrate', 'up']);
  const password = randomBytes(18).toString('base64url');
  await program.json(['user', 'create', '--email', 'rehearsal@example.com', '--password-stdin'], `${password}\n`);
  const { key } = await program.json<{ key: string }>(['key', 'create', '--name', 'rehearsal', '--user', 'rehearsal@example.com']);
  const environmentFile = join(folder, 'service.env');
  writeFileSync(
    environmentFile,
    Object.entries(settings)
      .map(([name, value]) => `${name}='${value}'\n`)
      .join(''),
    { mode: 0o600 },
  );
  const writes = createWrites(key);
  return {
    command: `${program.words.map(quoted).join(' ')} serve --port "$PORT"`,
    environmentFile,
    kinds: kindsOf(key, writes),
    stream: mcpShot(key, 'subscriptions/listen', { notifications: { resourcesListChanged: true } }),
    acknowledged: writes.acknowledged,
    repeatUnanswered: (url) => writes.repeat(url),
    compare: (url) => writes.compare(url),
  };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function bearer(key: string): Record<string, string> {
  return { Authorization: `Bearer ${key}` };
}

interface Writes {
  readonly acknowledged: Acknowledged[];
  shot(number: number): Shot;
  repeat(url: string): Promise<number>;
  compare(url: string): Promise<{ missing: string[]; twice: string[] }>;
}

function createWrites(key: string): Writes {
  const acknowledged: Acknowledged[] = [];
  const sent = new Set<string>();
  const headersOf = (title: string): Record<string, string> => ({
    ...bearer(key),
    'Content-Type': 'application/json',
    'Idempotency-Key': title.replaceAll(' ', '-'),
  });
  const accept = (title: string, status: number, body: string): boolean => {
    const { task } = (status === 201 ? JSON.parse(body) : {}) as { task?: { id: string; title: string } };
    if (task?.title !== title) return false;
    acknowledged.push({ title, id: task.id });
    return true;
  };
  return {
    acknowledged,
    shot(number) {
      const title = `rehearsed ${number}`;
      sent.add(title);
      return {
        method: 'POST',
        path: '/tasks',
        headers: headersOf(title),
        body: JSON.stringify({ title }),
        accept: (status, body) => accept(title, status, body),
      };
    },
    async repeat(url) {
      const known = new Set(acknowledged.map(({ title }) => title));
      const unanswered = [...sent].filter((title) => !known.has(title));
      for (const title of unanswered) {
        const response = await fetch(`${url}/tasks`, { method: 'POST', headers: headersOf(title), body: JSON.stringify({ title }) });
        if (!accept(title, response.status, await response.text()))
          throw new Error(`The write of ${title} was refused when it was sent again: ${response.status}.`);
      }
      return unanswered.length;
    },
    async compare(url) {
      const found = new Map<string, number>();
      let cursor: string | null = '';
      while (cursor !== null) {
        const response = await fetch(`${url}/tasks?project=ME&limit=200${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`, {
          headers: bearer(key),
        });
        if (response.status !== 200) throw new Error(`The tasks cannot be listed: ${response.status} ${await response.text()}`);
        const page = (await response.json()) as { items: { title: string }[]; next_cursor: string | null };
        for (const { title } of page.items) found.set(title, (found.get(title) ?? 0) + 1);
        cursor = page.next_cursor;
      }
      return {
        missing: acknowledged.filter(({ title }) => !found.has(title)).map(({ title }) => title),
        twice: [...found].filter(([, count]) => count > 1).map(([title]) => title),
      };
    },
  };
}

/** As agents and scripts use it: mostly reading, some of it over MCP. */
function kindsOf(key: string, writes: Writes): Kind[] {
  const anyTask = (): string | undefined => writes.acknowledged[Math.floor(Math.random() * writes.acknowledged.length)]?.id;
  return [
    { name: 'read', share: 5, shoot: () => ({ method: 'GET', path: pathOf(anyTask()), headers: bearer(key) }) },
    { name: 'list', share: 1, shoot: () => ({ method: 'GET', path: '/tasks?project=ME&limit=10', headers: bearer(key) }) },
    { name: 'write', share: 2, shoot: (number) => writes.shot(number) },
    { name: 'mcp', share: 2, shoot: () => callOf(key, anyTask()) },
  ];
}

function pathOf(task: string | undefined): string {
  return task === undefined ? '/me' : `/tasks/${task}`;
}

function callOf(key: string, task: string | undefined): Shot {
  if (task === undefined) return mcpShot(key, 'tools/call', { name: 'whoami', arguments: {} });
  return mcpShot(key, 'tools/call', { name: 'get_task', arguments: { task_id: task } });
}

function mcpShot(key: string, method: string, params: { name?: string } & Record<string, unknown>): Shot {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': revision,
    'io.modelcontextprotocol/clientInfo': { name: 'rehearsal', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const { name } = params;
  return {
    method: 'POST',
    path: '/mcp',
    headers: {
      ...bearer(key),
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'Mcp-Protocol-Version': revision,
      'Mcp-Method': method,
      ...(name === undefined ? {} : { 'Mcp-Name': name }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } }),
    accept: (status, body) => status === 200 && !body.includes('"isError":true') && !body.includes('"error":{'),
  };
}
