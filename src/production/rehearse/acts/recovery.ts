/** The acts in which data is lost, and brought back: from a backup, and as it was at a moment. Clients go on reading all the while. */

import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findTool } from '../../backup/postgres/tools.ts';
import { reasonOf } from '../../reason.ts';
import { freePort } from '../../release/spawn.ts';
import type { Kill } from '../judge.ts';
import { type RunbookEnd, type Stage, act, endText, promise, runbook } from '../stage.ts';

/** What the drill promises too. */
const mostSeconds = 30 * 60;

/** pgBackRest counts in whole seconds, and goes back only to one that a backup ended before. */
const apartMs = 1_100;

/** Drops the database while it is read, and brings it back from a backup that was made, and proved, just before. */
export async function restoreDropped(stage: Stage): Promise<void> {
  const { ground, folder, program } = stage;
  const [server] = await ground.query('show server_version');
  const without = await Promise.all(
    (['pg_dump', 'pg_restore'] as const).map((name) => findTool(name, String(server?.['server_version']))),
  ).then(() => undefined, reasonOf);
  if (without !== undefined) return void stage.skipped.push(`a backup, and a dropped database: ${without}`);
  const store = join(folder, 'backups');
  await act(stage, 'recovery', 'backup', async () => {
    const end = await runbook(stage, program, 'backup', { STORE: store });
    promise(stage, 'backup.md makes a backup under load, and proves it by restoring it', endText(end), end.exit === 0);
  });
  await lose(stage, 'database dropped', 'restore.md brings a dropped database back', async () => {
    await ground.query(`drop database ${nameOf(ground.url)} with (force)`);
    return () => runbook(stage, program, 'restore', { STORE: store, INTO: 'restored', BASE_URL: stage.url });
  });
}

/** Deletes every task while they are read, and brings back the moment before. */
export async function restoreDeleted(stage: Stage): Promise<void> {
  const { ground, keeper, url } = stage;
  const { archive, cluster } = ground;
  const without = [archive, keeper].find((each) => typeof each === 'string');
  if (typeof archive === 'string' || typeof keeper === 'string' || cluster === undefined)
    return void stage.skipped.push(`recovery to a point in time: ${without}`);
  await act(stage, 'recovery', 'physical backup', () => archive.run('--type=full', 'backup'));
  await lose(stage, 'tasks deleted', 'restore-point-in-time.md brings back the moment before everything was deleted', async () => {
    await sleep(apartMs);
    const [row] = await ground.query(`select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' as now`);
    await sleep(apartMs);
    await ground.query(`set app.system = 'on'; delete from tasks`, nameOf(ground.url));
    const inputs = {
      TARGET: String(row?.['now']),
      STANZA: archive.stanza,
      PGBACKREST_CONFIG: archive.config,
      SERVER_CONFIG: join(cluster.folder, 'data', 'postgresql.conf'),
      BIN: dirname(cluster.binaries.postgres),
      BESIDE: join(cluster.folder, 'beside'),
      SECOND_PORT: String(await freePort('127.0.0.1')),
      DATABASE: nameOf(ground.url),
      INTO: 'recovered',
      BASE_URL: url,
    };
    return () => runbook(stage, keeper, 'restore-point-in-time', inputs);
  });
}

/** The window is from the loss until the runbook has proved that the service is back. */
async function lose(stage: Stage, what: Kill['what'], text: string, spoil: () => Promise<() => Promise<RunbookEnd>>): Promise<void> {
  await act(stage, 'recovery', what, async () => {
    const at = stage.load.now;
    const mend = await spoil();
    const end = await mend();
    const until = stage.load.now;
    stage.kills.push({ what, at, until });
    const seconds = (until - at) / 1_000;
    promise(stage, `${text}, within 30 minutes`, `${endText(end)}, ${seconds.toFixed(1)} s`, end.exit === 0 && seconds < mostSeconds);
    const { missing } = await stage.service.compare(stage.url);
    promise(
      stage,
      `with every acknowledged write (${what})`,
      `${stage.service.acknowledged.length} acknowledged, ${missing.length} lost`,
      missing.length === 0,
    );
    await sleep(1_500);
  });
}

function nameOf(databaseUrl: string): string {
  return new URL(databaseUrl).pathname.slice(1);
}
