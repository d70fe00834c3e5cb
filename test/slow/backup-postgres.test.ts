/** Backups of PostgreSQL: made, restored on another server, and refused when anything is wrong with them. */

import { spawnSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { listBackups } from '../../src/production/backup/catalogue.ts';
import { openFolder } from '../../src/production/backup/store/folder.ts';
import { quarterdeck } from '../support/quarterdeck.ts';
import { type Made, type Workbench, forged, openWorkbench, placeOn, spoiled } from '../support/backup.ts';
import { type Postgres15, startPostgres15, withoutPostgres15 } from '../support/postgres-15.ts';
import { type TestServer, client, createPlace, startTestServer } from '../support/server.ts';

interface Listed {
  backups: { backup: string; state: string; reason: string | null; verified_at: string | null }[];
}

let cluster: Postgres15;
let bench: Workbench;
let made: Made;

beforeAll(async () => {
  if (withoutPostgres15 !== undefined) return;
  cluster = await startPostgres15();
  bench = await openWorkbench(await placeOn(cluster));
  made = await bench.json<Made>(['create']);
});
afterAll(async () => {
  if (withoutPostgres15 !== undefined) return;
  await bench.remove();
  await cluster.stop();
});
beforeEach(({ skip }) => skip(withoutPostgres15 !== undefined, withoutPostgres15));

const databases = async (on = cluster) => (await on.query(`select datname from pg_database order by 1`)).map(({ datname }) => datname);

test('says what it holds: rows of every table, the moment, the migration', async () => {
  expect(made).toMatchObject({
    backup: expect.stringMatching(/^\d{8}T\d{6}Z-[0-9a-f]{4}$/) as string,
    rows: { 'public.tasks': 21, 'public.projects': 2, 'auth.user': 1 },
    migration: expect.stringMatching(/^\d{4}_/) as string,
    server_version: expect.stringMatching(/^15\./) as string,
    sha256: expect.stringMatching(/^sha256:/) as string,
  });
  expect(await bench.files()).toEqual([`${made.backup}.dump`, `${made.backup}.manifest.json`]);
});

test('is verified by being restored, also on a server that has neither the role nor the transactions of the first', async () => {
  const other = await startPostgres15();
  const scratch = await other.createDatabase();
  // The first server has counted further than the second: there, the event would be seen by nobody.
  await cluster.query(`update events set xid = '900000000'::xid8 where id = 1`, made.database);
  const ahead = await bench.json<Made>(['create']);
  const before = await databases(other);
  expect(await bench.json(['verify', 'latest'], { QUARTERDECK_SCRATCH_URL: scratch.url })).toMatchObject({
    backup: ahead.backup,
    verified: true,
  });
  expect(await other.query(`select from pg_roles where rolname = 'quarterdeck_app'`)).toHaveLength(1);
  expect(await databases(other)).toEqual(before);
  const { backups } = await bench.json<Listed>(['list']);
  expect(backups.map(({ backup, state }) => [backup, state])).toEqual([
    [ahead.backup, 'verified'],
    [made.backup, 'unverified'],
  ]);
  await other.stop();
  for (const name of await bench.files()) if (name.startsWith(ahead.backup)) await rm(join(bench.store, name));
  await cluster.query(`update events set xid = '3'::xid8 where id = 1`, made.database);
});

const dump = () => `${made.backup}.dump`;
const manifest = () => `${made.backup}.manifest.json`;
const flipBit = (bytes: Buffer) => bytes.writeUInt8(bytes.readUInt8(5_000) ^ 1, 5_000);
const content = (files: Record<string, Buffer>) => files[dump()] ?? Buffer.alloc(0);

describe('is refused before anything is touched when', () => {
  test.each<[string, (files: Record<string, Buffer>) => void, RegExp, string]>([
    ['it is cut', (files) => (files[dump()] = content(files).subarray(0, -100)), /has \d+ bytes, and should have \d+/, 'damaged'],
    ['it is empty', (files) => (files[dump()] = Buffer.alloc(0)), /has 0 bytes/, 'damaged'],
    ['it was half uploaded', (files) => delete files[manifest()], /it has no manifest/, 'incomplete'],
    ['its content is missing', (files) => delete files[dump()], /has 0 bytes/, 'damaged'],
    ['its manifest is damaged', (files) => (files[manifest()] = Buffer.from('{"format":1')), /manifest is damaged/, 'damaged'],
    ['it is of a newer version', (files) => (files[manifest()] = Buffer.from('{"format":2}')), /has format 2.*Use a newer one/, 'damaged'],
    ['one bit is flipped', (files) => flipBit(content(files)), /the bytes of .* are not those that were written/, 'failed'],
    [
      'rows are missing that the manifest has',
      (files) => (files[manifest()] = Buffer.from(String(files[manifest()]).replace('"public.tasks": 21', '"public.tasks": 22'))),
      /public\.tasks has 21 rows, and had 22/,
      'failed',
    ],
    [
      'it was written cut, where pg_restore --list sees nothing',
      (files) => {
        const cut = content(files).subarray(0, -200);
        files[dump()] = cut;
        files[manifest()] = forged(files[manifest()], cut);
      },
      /could not be restored/,
      'failed',
    ],
  ])('%s', async (_what, spoil, reason, state) => {
    const store = await spoiled(bench.store, made, spoil);
    const before = await databases();
    const environment = { QUARTERDECK_BACKUP_TO: store };
    for (const words of [
      ['restore', made.backup, '--into', 'never_made'],
      ['verify', made.backup],
    ]) {
      const ran = await bench.run(words, environment);
      expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(reason) as string });
      expect(await databases()).toEqual(before);
    }
    expect(await listBackups(openFolder(store))).toMatchObject([{ id: made.backup, state }]);
    await rm(store, { recursive: true });
  });

  test('pg_restore --list would have let the cut one pass', async () => {
    const store = await spoiled(bench.store, made, (files) => (files[dump()] = content(files).subarray(0, -200)));
    expect(spawnSync('/usr/lib/postgresql/15/bin/pg_restore', ['--list', join(store, dump())]).status).toBe(0);
    await rm(store, { recursive: true });
  });

  test('the key is wrong, or there is none', async () => {
    const [right, wrong] = await Promise.all([generateX25519Identity(), generateX25519Identity()]);
    const recipient = await identityToRecipient(right);
    const sealed = await bench.json<Made>(['create'], { QUARTERDECK_BACKUP_RECIPIENT: recipient });
    expect(sealed.file).toBe(`${sealed.backup}.dump.age`);
    const identity = join(bench.place.data, 'identity');
    const verify = () => bench.run(['verify', sealed.backup], { QUARTERDECK_BACKUP_IDENTITY: identity });
    await writeFile(identity, `# made for a test\n${wrong}\n`);
    expect((await verify()).stderr).toContain('does not open it');
    await writeFile(identity, `# made for a test\n${right}\n`);
    expect(await verify()).toMatchObject({ code: 0, stderr: '' });
    expect((await bench.run(['verify', sealed.backup])).stderr).toContain('no identity is set');
    for (const name of await bench.files()) if (name.startsWith(sealed.backup)) await rm(join(bench.store, name));
  });
});

test('a drill restores it beside the live one and leaves nothing; one that lasts longer or would lose more than promised fails', async () => {
  const before = await databases();
  expect(await listBackups(openFolder(bench.store))).toMatchObject([{ id: made.backup, state: 'unverified' }]);
  const { code, result } = await bench.drill('--rpo', '1ms', '--rto', '1ms');
  // It was restored and compared, however long that took.
  expect(await listBackups(openFolder(bench.store))).toMatchObject([{ id: made.backup, state: 'verified' }]);
  expect({ code, passed: result.passed }).toEqual({ code: 1, passed: false });
  expect(result.questions.map(({ passed }) => passed)).toEqual([true, true, true, true]);
  expect(await databases()).toEqual(before);
  const none = await bench.run(['list'], { QUARTERDECK_BACKUP_TO: join(bench.store, 'nothing') });
  expect(none.stdout).toContain('There are no backups');
});

describe('restored', () => {
  let live: string;
  let server: TestServer;

  beforeAll(async () => {
    if (withoutPostgres15 !== undefined) return;
    live = made.database;
    server = await startTestServer({ place: bench.place });
  });
  afterAll(() => server?.close());

  const agent = () => client(server.url, bench.user.key);

  test('never over anything that is there', async () => {
    for (const [into, reason] of [
      [live, 'is the live database'],
      ['postgres', 'There is a database postgres already'],
      ['Not a "name"', 'is no name for a database'],
    ] as const)
      expect(await bench.run(['restore', made.backup, '--into', into])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(reason) as string,
      });
    expect(await bench.run(['restore', '--into', 'postgres', '--switch'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is not one that `quarterdeck backup restore` made') as string,
    });
  });

  test('into a new database, then switched to under the eyes of a running server, which goes on, and back again', async () => {
    const later = await agent().post<{ task: { id: string } }>('/tasks', { project: 'WEB', title: 'after the backup' });
    expect(later.body.task.id).toBe('WEB-21');
    expect(await bench.json(['restore', made.backup, '--into', 'restored'])).toMatchObject({ backup: made.backup, into: 'restored' });
    expect(await databases()).toEqual(expect.arrayContaining([live, 'restored']));
    expect((await agent().get('/tasks/WEB-21')).status).toBe(200);

    const switched = await bench.json<{ previous: string }>(['restore', '--into', 'restored', '--switch']);
    expect(switched).toMatchObject({
      live,
      backup: made.backup,
      back: expect.stringContaining(`--into ${switched.previous} --switch`) as string,
    });
    expect(switched.previous).toMatch(/_before_\d{8}t\d{9}z$/);
    await vi.waitFor(async () => expect((await agent().get('/tasks/WEB-21')).status).toBe(404), { timeout: 20_000 });
    // Numbers, claims and events go on where the backup was.
    expect((await agent().get<{ task: { claim: unknown } }>('/tasks/WEB-1')).body.task.claim).not.toBeNull();
    expect((await agent().post<{ task: { id: string } }>('/tasks', { project: 'WEB', title: 'anew' })).body.task.id).toBe('WEB-21');
    const { body } = await agent().get<{ task: { history: { type: string }[] } }>('/tasks/WEB-1?detail=full');
    expect(body.task.history.map(({ type }) => type)).toEqual(['claim.taken', 'task.created']);

    await bench.json(['restore', '--into', switched.previous, '--switch']);
    await vi.waitFor(async () => expect((await agent().get('/tasks/WEB-21')).body).toMatchObject({ task: { title: 'after the backup' } }), {
      timeout: 20_000,
    });
  });
});

test('is refused where pg_dump is older than the server, and where there is none', async ({ skip }) => {
  const newest = Number(/\d+/.exec(spawnSync('pg_dump', ['--version']).stdout?.toString() ?? '')?.[0]);
  skip(newest >= 18, 'this machine has a pg_dump that is new enough');
  const place = await createPlace('postgres');
  await quarterdeck(place, ['migrate', 'up']);
  const ran = await quarterdeck(place, ['backup', 'create', '--to', join(place.data, 'backups')]);
  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(/older than the server, which is PostgreSQL 18.*Install the package postgresql-client-18/s);
  const { backups } = JSON.parse(
    (await quarterdeck(place, ['backup', 'list', '--json', '--to', join(place.data, 'backups')])).stdout,
  ) as Listed;
  expect(backups).toEqual([]);
  await place.remove();
});
