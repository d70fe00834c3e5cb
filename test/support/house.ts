/** Everything below the faces on a fresh database of the project's kind, and people and agents who call operations directly. */

import { rm } from 'node:fs/promises';
import type { KyselyPlugin } from 'kysely';
import { inject } from 'vitest';
import { readSettings } from '../../src/platform/config/read.ts';
import { migrateUp } from '../../src/platform/database/migrate.ts';
import { openDatabase } from '../../src/platform/database/open.ts';
import type { Database } from '../../src/platform/database/types.ts';
import { openEvents } from '../../src/platform/events/open.ts';
import type { Events, WorkspaceEvent } from '../../src/platform/events/types.ts';
import { openIdentity } from '../../src/platform/identity/open.ts';
import type { Principal, Role } from '../../src/platform/identity/principal.ts';
import type { Identity } from '../../src/platform/identity/types.ts';
import { createJobs } from '../../src/platform/jobs/open.ts';
import type { Jobs } from '../../src/platform/jobs/types.ts';
import { openModels } from '../../src/platform/models/open.ts';
import { Problem } from '../../src/platform/problem.ts';
import { createLog } from '../../src/platform/telemetry/log.ts';
import { openVectors } from '../../src/platform/vectors/open.ts';
import type { Vectors } from '../../src/platform/vectors/types.ts';
import { createCache } from '../../src/platform/cache.ts';
import { createRegistry } from '../../src/operations/registry.ts';
import type { Face, Toolset } from '../../src/operations/operation.ts';
import type { JobWork, Registry } from '../../src/operations/types.ts';
import { toolsets as ours } from '../../src/toolsets/index.ts';
import { embedPending } from '../../src/toolsets/knowledge/index.ts';
import { createDataFolder, createMigratedDataFolder } from './data-folder.ts';
import { createMigratedTestDatabase } from './postgres.ts';

// The shape of every answer is the subject of the tests themselves.
// oxlint-disable-next-line typescript/no-explicit-any
export type Answer = any;

export interface Caller {
  principal: Principal;
  /** The credential itself, for calls over a face. */
  token: string;
  /** The answer, or the problem as a rejection. */
  call(operation: string, input?: unknown, options?: CallOptions): Promise<Answer>;
  /** The problem that the call must raise; an answer is an error. */
  refused(operation: string, input?: unknown, options?: CallOptions): Promise<Problem>;
}

export interface CallOptions {
  face?: Face;
  idempotency_key?: string;
  signal?: AbortSignal;
}

/** What a house is made of; a running server has the same. */
interface Rooms {
  database: Database;
  identity: Identity;
  events: Events;
  registry: Registry;
}

export interface House extends Rooms {
  /** A new account in a workspace of its own. */
  person(name: string): Promise<Caller>;
  /** A new account that joined the workspace of `owner`, and is signed in there. */
  colleague(owner: Caller, name: string, role: Role): Promise<Caller>;
  /** An agent with a key that `maker` made. */
  agent(maker: Caller, name: string, narrowed?: { scopes?: string[]; toolsets?: string[] }): Promise<Caller>;
  /** Events that `caller` is told of from now on. */
  listen(caller: Caller): Promise<WorkspaceEvent[]>;
}

export type OwnHouse = House &
  JobWork & {
    jobKeeper: Jobs;
    vectors: Vectors;
    /** Gives vectors to what has none, as the server does in the background. */
    embed(signal?: AbortSignal): Promise<number>;
    close(): Promise<void>;
  };

const password = 'correct horse battery staple';

export interface HouseOptions {
  plugins?: KyselyPlugin[];
  toolsets?: readonly Toolset[];
  environment?: Record<string, string>;
  connections?: number;
  /** Puts something between the house and its database. */
  wrap?: (database: Database) => Database;
}

export async function openHouse(options: HouseOptions = {}): Promise<OwnHouse> {
  const { plugins = [], toolsets = ours, environment = {}, connections = 5, wrap = (same) => same } = options;
  const postgres = inject('databaseKind') === 'postgres' ? await createMigratedTestDatabase() : undefined;
  const data = postgres === undefined ? await createMigratedDataFolder(inject('templates')) : await createDataFolder();
  const { settings } = readSettings({
    environment: { DATABASE_URL: postgres?.url, LOG_LEVEL: 'fatal', QUARTERDECK_DATABASE_POOL: String(connections), ...environment },
    folder: data,
    flags: { data },
  });
  const log = createLog(settings);
  const opened = await openDatabase({ settings, log, plugins });
  await migrateUp(opened, log);
  const database = wrap(opened);
  const identity = await openIdentity({ settings, database, log, issuer: 'http://127.0.0.1:8000', loopback: true });
  const events = await openEvents({ database, log });
  const models = await openModels({ settings, log });
  const vectors = openVectors({ database, models, log });
  const jobs = createJobs({ database, events, settings, log });
  const registry = createRegistry({
    toolsets,
    database,
    identity,
    events,
    models,
    vectors,
    cache: createCache(settings),
    jobs,
    settings,
    log,
  });
  await jobs.start(registry.jobs, registry.runJob);
  return {
    ...houseOf({ database, identity, events, registry }),
    jobs: registry.jobs,
    runJob: registry.runJob,
    jobKeeper: jobs,
    vectors,
    embed: (signal = new AbortController().signal) => embedPending({ database, vectors, log, signal }),
    async close() {
      await jobs.close();
      await vectors.close();
      await models.close();
      await events.close();
      await identity.close();
      await database.close();
      await postgres?.drop();
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** People and agents over rooms that somebody else opened and closes. */
export function houseOf(rooms: Rooms): House {
  const { identity, events, registry } = rooms;
  const signedIn = async (token: string): Promise<Caller> => {
    const principal = await identity.verify(token);
    const call: Caller['call'] = (operation, input = {}, { face = 'rest', idempotency_key, signal = new AbortController().signal } = {}) =>
      registry.call({ operation, input, principal, face, idempotency_key, signal, request_id: 'test' });
    const refused: Caller['refused'] = async (operation, input, options) => {
      const answer = await call(operation, input, options).catch((error: unknown) => error);
      if (answer instanceof Problem) return answer;
      throw new Error(`${operation} was not refused: ${JSON.stringify(answer)}`, { cause: answer });
    };
    return { principal, token, call, refused };
  };
  const addressOf = (name: string) => `${name.toLowerCase()}@example.com`;

  return {
    ...rooms,
    async person(name) {
      const { token } = await identity.signUp({ email: addressOf(name), password, name });
      return signedIn(token);
    },
    async colleague(owner, name, role) {
      const { token } = await identity.signUp({ email: addressOf(name), password, name });
      const newcomer = await signedIn(token);
      const { invitation } = await owner.call('invite_member', { email: addressOf(name), role });
      await newcomer.call('accept_invitation', { token: invitation.token });
      const session = await identity.signIn({ email: addressOf(name), password, workspace: owner.principal.workspace_id });
      return signedIn(session.token);
    },
    async agent(maker, name, narrowed = {}) {
      const { key } = await maker.call('create_key', { name, ...narrowed });
      return signedIn(key);
    },
    async listen({ principal }) {
      const heard: WorkspaceEvent[] = [];
      await events.subscribe(principal, (event) => void heard.push(event));
      return heard;
    },
  };
}
