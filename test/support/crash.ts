/** A server that is killed with SIGKILL while clients write, started again on the same data, and then asked what it still knows. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Acknowledged, type CrashClient, startCrashClient } from './crash-client.ts';
import { type Client, type Place, type SpawnedServer, client, signUp, spawnServer } from './server.ts';

export interface CrashOptions {
  place: Place;
  kills: number;
  connections: number;
  /** Most writes that are acknowledged between a start and a kill; the real number is random, down to one. */
  writesPerLife: number;
}

export interface CrashResult {
  kills: number;
  acknowledged: readonly Acknowledged[];
  repeated: number;
  refused: readonly string[];
  /** Every task of the project afterwards, with its history. */
  tasks: readonly StoredTask[];
  /** What the last server answers when the first of the writes that created a task is sent once more: ids by idempotency key. */
  replayed: ReadonlyMap<string, string>;
  health: { status: string };
}

export interface StoredTask {
  id: string;
  title: string;
  status: string;
  outputs: { by: string } | null;
  history: { type: string; data: { fence?: number } }[];
}

const project = 'CRASH';

/** By count and not by time, so that a slow machine also writes between two kills; then the kill hits any part of a write. */
const longestDelayMs = 20;

const pollMs = 5;

/** Writes that are sent once more at the end: some from every life of the server. */
const replays = 50;

export async function crashAndRestart({ place, kills, connections, writesPerLife }: CrashOptions): Promise<CrashResult> {
  let server: SpawnedServer = await spawnServer({ place });
  try {
    const { key, person } = await signUp(server.url);
    await person.post('/projects', { key: project, name: 'Crash' });
    const clients = Array.from({ length: connections }, (_, index) =>
      startCrashClient({ url: () => server.url, key, project, name: `client ${index + 1}` }),
    );
    for (let kill = 0; kill < kills; kill += 1) {
      await waitForWrites(clients, 1 + Math.floor(Math.random() * writesPerLife));
      await sleep(Math.random() * longestDelayMs);
      await server.kill('SIGKILL');
      server = await spawnServer({ place });
    }
    await Promise.all(clients.map((one) => one.stop()));
    return { kills, ...whatClientsKnow(clients), ...(await whatServerKnows(server.url, key, clients)) };
  } finally {
    await server.kill('SIGKILL');
  }
}

async function waitForWrites(clients: readonly CrashClient[], more: number): Promise<void> {
  const written = () => clients.reduce((sum, one) => sum + one.written, 0);
  const enough = written() + more;
  // A refused client writes no more; the check names what it was told.
  while (written() < enough && clients.every((one) => one.refused.length === 0)) await sleep(pollMs);
}

function whatClientsKnow(clients: readonly CrashClient[]) {
  return {
    acknowledged: clients.flatMap((one) => one.acknowledged),
    repeated: clients.reduce((sum, one) => sum + one.repeated, 0),
    refused: clients.flatMap((one) => one.refused),
  };
}

async function whatServerKnows(url: string, key: string, clients: readonly CrashClient[]) {
  const agent = client(url, key);
  const tasks = await listAll(agent);
  const replayed = new Map<string, string>();
  const known = clients.flatMap((one) => one.acknowledged);
  const every = Math.max(1, Math.floor(known.length / replays));
  for (const { title, create_key } of known.filter((_, place) => place % every === 0)) {
    const { body } = await agent.post<{ task: StoredTask }>('/tasks', { project, title }, { 'idempotency-key': create_key });
    replayed.set(create_key, body.task.id);
  }
  const { body: health } = await agent.get<{ status: string }>('/health');
  return { tasks, replayed, health };
}

async function listAll(agent: Client): Promise<StoredTask[]> {
  const tasks: StoredTask[] = [];
  let cursor: string | null = null;
  do {
    const from: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await agent.get<Page>(`/tasks?project=${project}&limit=200&detail=full${from}`);
    tasks.push(...page.body.items);
    cursor = page.body.next_cursor;
  } while (cursor !== null);
  return tasks;
}

interface Page {
  items: StoredTask[];
  next_cursor: string | null;
}
