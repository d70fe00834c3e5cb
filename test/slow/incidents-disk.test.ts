/** The runbook of a full disk, on a disk of its own: old logs, old backups, a log that the database cannot let go of, and what belongs to others. */

import { mkdirSync, readdirSync, rmSync, statfsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import pg from 'pg';
import { type Cluster, startPostgres } from '../support/cluster.ts';
import { type SmallDisk, mountSmallDisk } from '../support/disk.ts';
import type { LastLine } from '../support/runbook.ts';
import { type Workshop, createWorkshop } from '../support/runbook.ts';

const megabyte = 1024 ** 2;

let disk: SmallDisk | undefined;
let cluster: Cluster;
let workshop: Workshop;
let state: string;
let store: string;

// One disk for all, as on many a machine.
beforeAll(async () => {
  disk = await mountSmallDisk(500);
  if (disk === undefined) return;
  workshop = createWorkshop();
  cluster = await startPostgres({
    folder: disk.folder,
    settings: { archive_mode: 'on', archive_command: '/bin/true', min_wal_size: '32MB' },
  });
  state = join(disk.folder, 'release');
  store = join(disk.folder, 'backups');
  for (const folder of [join(state, 'logs'), store]) mkdirSync(folder, { recursive: true });
  // A release of one replica that is not there at the moment.
  const place = { id: 'blue-9', slot: 'blue', version: 'v9', port: 1, process: null, restarts: 0, leaving: false };
  const desired = { slots: [], live: null, canary: null, previous: null };
  writeFileSync(
    join(state, 'state.json'),
    JSON.stringify({ schema: 1, listen: { host: '127.0.0.1', port: 1 }, desired, change: null, places: [place] }),
  );
  writeFileSync(join(state, 'logs', 'blue-9.log'), 'it serves\n');
});
afterAll(async () => {
  if (disk === undefined) return;
  await cluster.stop();
  await workshop.remove();
  await disk.remove();
});
beforeEach(({ skip }) => skip(disk === undefined, 'only root can mount a small disk to fill, where mounting is allowed at all'));

async function query(text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: cluster.adminUrl });
  await client.connect();
  return (await client.query<Record<string, unknown>>(text).finally(() => client.end())).rows;
}

type Found = LastLine & { cause: string | undefined };

function foundBy(last: LastLine): Found {
  const ended = workshop.journal(last.run).flatMap((record) => (record.type === 'step.ended' ? [record] : []));
  return { ...last, cause: ended.find(({ captured }) => captured?.name === 'cause')?.captured?.value };
}

const environment = (): Record<string, string> => ({ ADMIN_URL: cluster.adminUrl });

async function look(): Promise<Found> {
  const inputs = {
    STATE: state,
    STORE: store,
    DATABASE_FOLDER: join(cluster.folder, 'data'),
    MIN_FREE: '20%',
    MIN_FREE_BYTES: '100MiB',
    MAX_KEPT: '40MiB',
  };
  const words = Object.entries(inputs).flatMap(([name, value]) => ['--input', `${name}=${value}`]);
  const runbook = join(import.meta.dirname, '../../runbooks/disk-full.md');
  return foundBy(await workshop.last(['run', runbook, ...words], { environment: environment() }));
}

async function approve({ run }: LastLine): Promise<Found> {
  const { stdout } = await workshop.runbook(['show', run, '--json']);
  const { hash } = JSON.parse(stdout) as { hash: string };
  expect(await workshop.runbook(['approve', run, '--by', 'grace', '--hash', hash])).toMatchObject({ code: 0 });
  return foundBy(await workshop.last(['resume', run], { environment: environment() }));
}

/** A file that was last written to long ago, and leaves this much of the disk. */
function writeOld(path: string, left: number): void {
  const { bavail, bsize } = statfsSync(state);
  writeFileSync(path, Buffer.alloc(bavail * bsize - left, 'x'));
  const before = new Date('2026-01-01T00:00:00Z');
  utimesSync(path, before, before);
}

const segments = (): number => readdirSync(join(cluster.folder, 'data/pg_wal')).filter((name) => /^[0-9A-F]{24}$/.test(name)).length;

/** Fills segments of the log, so that they have to go somewhere. */
async function writeLog(count: number): Promise<void> {
  for (let written = 0; written < count; written += 1) {
    await query(`create table if not exists filler (text text); insert into filler values ('x')`);
    await query('select pg_switch_wal()');
  }
}

describe('disk-full', () => {
  test('finds room, and removes nothing', async () => {
    const ended = await look();
    expect(ended, JSON.stringify(ended)).toMatchObject({ exit: 0, cause: 'none', left: [] });
  });

  test('removes the logs of replicas that are gone, and no others', async () => {
    writeOld(join(state, 'logs', 'green-3.log'), 40 * megabyte);
    expect(await look()).toMatchObject({ exit: 0, cause: 'logs' });
    expect(readdirSync(join(state, 'logs'))).toEqual(['blue-9.log']);
  });

  test('says whose it is when it is nothing of the service', async () => {
    const theirs = join(disk?.folder ?? '', 'theirs');
    mkdirSync(theirs);
    writeOld(join(theirs, 'film.mkv'), 40 * megabyte);
    const ended = await look();
    expect(ended).toMatchObject({ exit: 1, cause: 'others', left: [] });
    expect((await workshop.runbook(['report', ended.run])).stdout).toContain('film.mkv');
    expect(readdirSync(theirs)).toEqual(['film.mkv']);
    rmSync(theirs, { recursive: true });
  });

  test('tells an archive that takes nothing, and leaves the log of the database alone', async () => {
    await query(`alter system set archive_command = '/bin/false'`);
    await query('select pg_reload_conf()');
    await writeLog(5);
    await expect
      .poll(() => query('select failed_count > 0 as failed from pg_stat_archiver'), { timeout: 60_000 })
      .toEqual([{ failed: true }]);
    disk?.fill(40 * megabyte);
    const before = segments();
    const ended = await look();
    expect(ended).toMatchObject({ exit: 1, cause: 'archiving', left: [], reason: expect.stringContaining('Delete nothing in pg_wal') });
    expect(segments()).toBeGreaterThanOrEqual(before);
    await disk?.free();
    await query(`alter system set archive_command = '/bin/true'`);
    await query('select pg_reload_conf()');
    await expect
      .poll(() => query('select last_archived_time > last_failed_time as well from pg_stat_archiver'), { timeout: 90_000 })
      .toEqual([{ well: true }]);
  });

  test('drops exactly the slot that nobody reads, when its owner approves', async () => {
    await query(`select pg_create_physical_replication_slot('forgotten', true), pg_create_physical_replication_slot('young', false)`);
    await writeLog(6);
    disk?.fill(40 * megabyte);
    const waiting = await look();
    expect(waiting, JSON.stringify(waiting)).toMatchObject({ exit: 3, cause: 'slot', waiting_for: { step: 'drop' } });
    expect(await query('select slot_name from pg_replication_slots order by 1')).toHaveLength(2);
    // What else is on the disk is given back by its owner meanwhile: the log alone is too little on a disk this small.
    await disk?.free();
    expect(await approve(waiting)).toMatchObject({ exit: 0 });
    expect(await query('select slot_name from pg_replication_slots')).toEqual([{ slot_name: 'young' }]);
  });
});
