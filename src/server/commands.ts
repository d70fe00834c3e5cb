/** Administration: what the command line can ask of the data, whether a server has it open or not. */

import { v7 as newId } from 'uuid';
import { z } from 'zod';
import type { Settings } from '../platform/config/settings.ts';
import { copyDatabase } from '../platform/database/copy.ts';
import type { Blocker } from '../platform/database/blockers.ts';
import { lossText } from '../platform/database/loss-text.ts';
import { migrateDown, migrateUp, migrationStatus } from '../platform/database/migrate.ts';
import { migrations } from '../platform/database/migrations/index.ts';
import { lossOfDown, tryUp } from '../platform/database/trial.ts';
import { copyEmbedded } from '../platform/database/snapshot.ts';
import { openDatabase, waitForDatabase } from '../platform/database/open.ts';
import type { Database } from '../platform/database/types.ts';
import { type Principal, roles } from '../platform/identity/principal.ts';
import type { AdminUserView } from '../platform/identity/types.ts';
import { conflict, notFound } from '../platform/problem.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { databaseFacts } from './database-facts.ts';
import type { Platform } from './platform.ts';
import { version } from './version.ts';

/** One line of progress: of how many, how much is done. */
export type Progress = (line: { message: string; done?: number; total?: number }) => void;

/** What a command about the database itself stands on: it must work while migrations are pending. */
export interface Ground {
  settings: Settings;
  log: Log;
  database: Database;
  /** A server is serving from this very database handle. */
  serving: boolean;
}

/** Most commands hold a password and a few names. */
export const smallCommandBytes = 65_536;

/** `maxBytes`: for a command that is larger than most. */
export type Command = { maxBytes?: (settings: Settings) => number } & (
  | { needs: 'database'; input: z.ZodObject; run(ground: Ground, input: unknown, progress: Progress): Promise<unknown> }
  | { needs: 'platform'; input: z.ZodObject; run(platform: Platform, input: unknown, progress: Progress): Promise<unknown> }
);

function onDatabase<Input extends z.ZodObject>(
  input: Input,
  run: (ground: Ground, input: z.output<Input>, progress: Progress) => Promise<unknown>,
): Command {
  return { needs: 'database', input, run: (ground, given, progress) => run(ground, given as z.output<Input>, progress) };
}

function onPlatform<Input extends z.ZodObject>(
  input: Input,
  run: (platform: Platform, input: z.output<Input>) => Promise<unknown>,
): Command {
  return { needs: 'platform', input, run: (platform, given) => run(platform, given as z.output<Input>) };
}

const email = z.string().trim().min(3).max(254);
const nothing = z.strictObject({});

/** Whose key, in which workspace. Default: the operator, in the operator's own. */
const owner = { user: email.optional(), workspace: z.string().min(1).optional() };

export const commands: Readonly<Record<string, Command>> = {
  'user create': onPlatform(
    z.strictObject({
      email,
      password: z.string(),
      name: z.string().trim().min(1).max(100).optional(),
      workspace: z.string().min(1).optional(),
      role: z.enum(roles).optional(),
    }),
    async ({ identity }, input) => ({ user: await identity.admin.createUser(input) }),
  ),
  'user list': onPlatform(nothing, async (platform) => ({ users: await allUsers(platform) })),
  'user password': onPlatform(z.strictObject({ email, password: z.string() }), async ({ identity }, input) => {
    await identity.admin.setPassword(input.email, input.password);
    return { email: input.email, status: 'changed' };
  }),
  'user disable': onPlatform(z.strictObject({ email }), async ({ identity }, input) => {
    await identity.admin.disableUser(input.email);
    return { email: input.email, status: 'disabled' };
  }),
  'user enable': onPlatform(z.strictObject({ email }), async ({ identity }, input) => {
    await identity.admin.enableUser(input.email);
    return { email: input.email, status: 'enabled' };
  }),

  'key create': onPlatform(
    z.strictObject({
      ...owner,
      name: z.string(),
      scopes: z.array(z.string()).optional(),
      toolsets: z.array(z.string()).optional(),
      expires_in_days: z.number().optional(),
    }),
    (platform, { user, workspace, ...input }) => callAs(platform, { user, workspace }, 'create_key', input),
  ),
  'key list': onPlatform(z.strictObject(owner), async (platform, who) => ({ keys: await allKeys(platform, who) })),
  'key rotate': onPlatform(z.strictObject({ ...owner, key_id: z.string() }), (platform, { key_id, ...who }) =>
    callAs(platform, who, 'rotate_key', { key_id }),
  ),
  'key revoke': onPlatform(z.strictObject({ ...owner, key_id: z.string() }), (platform, { key_id, ...who }) =>
    callAs(platform, who, 'revoke_key', { key_id }),
  ),
  'key rotate-signing': onPlatform(nothing, async ({ identity }) => ({ withdrawn: await identity.admin.withdrawSigningKeys() })),

  'source ingest': {
    ...onPlatform(z.strictObject({ ...owner, input: z.unknown() }), (platform, { user, workspace, input }) =>
      callAs(platform, { user, workspace }, 'ingest_source', input),
    ),
    // The largest source, each of whose bytes is at most two in JSON; a control character is more, and no text is full of them.
    maxBytes: ({ maxSourceBytes }) => 2 * maxSourceBytes + smallCommandBytes,
  },
  'job show': onPlatform(z.strictObject({ ...owner, input: z.unknown() }), (platform, { user, workspace, input }) =>
    callAs(platform, { user, workspace }, 'get_job', input),
  ),

  'migrate status': onDatabase(nothing, ({ database }) => migrationStatus(database)),
  'migrate up': onDatabase(
    z.strictObject({ lock_timeout_ms: z.int().min(1).optional(), end_blockers: z.boolean().optional() }),
    async ({ database, log }, { lock_timeout_ms, end_blockers }) => {
      const ended: Blocker[] = [];
      const options = {
        lockTimeoutMs: lock_timeout_ms,
        endBlockers: end_blockers,
        onEnded: (blocker: Blocker) => void ended.push(blocker),
      };
      return { applied: await migrateUp(database, log, migrations, options), ended };
    },
  ),
  'migrate try': onDatabase(z.strictObject({ lock_timeout_ms: z.int().min(1).optional() }), ({ database, log }, { lock_timeout_ms }) =>
    tryUp(database, log, { lockTimeoutMs: lock_timeout_ms }),
  ),
  'migrate down': onDatabase(
    z.strictObject({ steps: z.int().min(1).optional(), to: z.string().optional(), lose_data: z.boolean().optional() }),
    async ({ database, log, serving }, { steps, to, lose_data }) => {
      if (serving)
        throw conflict({
          message: 'A server is serving from this database, and would be left without its tables.',
          next: 'Stop the server, then run the command again.',
        });
      const target = to === undefined ? { steps: steps ?? 1 } : { to };
      const lost = await lossOfDown(database, log, target);
      if (lost.length > 0 && lose_data !== true)
        throw conflict({
          message: `Going back would delete ${lossText(lost)}; nothing was changed.`,
          next: 'Make a backup and verify it; then pass --lose-data if that may be lost.',
          details: { loses: lost },
        });
      return { undone: await migrateDown(database, log, target), lost };
    },
  ),
  'migrate data': onDatabase(z.strictObject({ to: z.string().regex(/^postgres(ql)?:\/\//) }), copyTo),
  'database copy': onDatabase(z.strictObject({ to: z.string() }), ({ database }, { to }) => copyEmbedded(database, to)),
  'doctor facts': onDatabase(nothing, async ({ database, serving }) => ({ version, serving, ...(await databaseFacts(database)) })),
};

async function copyTo({ database, settings, log }: Ground, { to }: { to: string }, progress: Progress): Promise<unknown> {
  const target = await openDatabase({ settings: { ...settings, databaseUrl: to }, log });
  try {
    await waitForDatabase(target, log, AbortSignal.timeout(settings.poolTimeoutMs));
    return await copyDatabase({ from: database, to: target, log, progress });
  } finally {
    await target.close();
  }
}

async function allUsers({ identity }: Platform): Promise<AdminUserView[]> {
  const users: AdminUserView[] = [];
  for (let full = true; full;) {
    const page = await identity.admin.listUsers({ limit: 200, after: users.at(-1)?.id });
    users.push(...page);
    full = page.length === 200;
  }
  return users;
}

async function allKeys(platform: Platform, who: Owner): Promise<unknown[]> {
  const keys: unknown[] = [];
  for (let cursor: unknown = undefined; cursor !== null;) {
    const page = await callAs(platform, who, 'list_keys', cursor === undefined ? {} : { cursor });
    keys.push(...(page['items'] as unknown[]));
    cursor = page['next_cursor'];
  }
  return keys;
}

interface Owner {
  user?: string | undefined;
  workspace?: string | undefined;
}

/** The same operation that the person would call, so that the same rules hold and the same events tell of it. */
async function callAs(platform: Platform, who: Owner, operation: string, input: unknown): Promise<Record<string, unknown>> {
  const principal = await localPrincipal(platform, who);
  const { signal } = new AbortController();
  return platform.registry.call({ operation, input, principal, face: 'rest', request_id: newId(), signal });
}

/** Whoever may open the data may act as anybody; as the operator unless told otherwise. */
export async function localPrincipal({ identity }: Platform, { user, workspace }: Owner): Promise<Principal> {
  if (user !== undefined) return identity.principalOf(user, workspace);
  const operator = await identity.operator();
  if (operator === undefined)
    throw notFound({ message: 'There is no account yet.', next: 'Sign up on the first page, or run `quarterdeck user create --email …`.' });
  return workspace === undefined ? operator : identity.principalOf(operator.email, workspace);
}
