/** `npm run bench:queue`: how many tasks a second worker processes claim and finish on PostgreSQL, while some are killed. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { startPostgres } from '../test/support/cluster.ts';
import { openRaceGround } from '../test/support/race-ground.ts';
import { showRace } from '../test/support/race-table.ts';
import { race } from '../test/support/race.ts';
import { describeMachine } from './machine.ts';

const usage = `Usage: npm run bench:queue -- [--tasks 100000] [--workers 32] [--kills 50] [--no-fsync]

Starts a PostgreSQL of its own. --no-fsync does not wait for the disk, which shows what the disk costs.`;

/** Ten times what a slow machine needs; a race that hangs must not run for ever. */
const timeoutMsPerTask = 100;

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '100000' },
    workers: { type: 'string', default: '32' },
    kills: { type: 'string', default: '50' },
    'no-fsync': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(usage);
else await measure({ tasks: Number(values.tasks), workers: Number(values.workers), kills: Number(values.kills) });

interface Size {
  tasks: number;
  workers: number;
  kills: number;
}

async function measure({ tasks, workers, kills }: Size): Promise<void> {
  const [cluster, data] = await Promise.all([
    startPostgres({ durable: !values['no-fsync'] }),
    mkdtemp(join(tmpdir(), 'quarterdeck-bench-')),
  ]);
  try {
    const { url } = await cluster.createDatabase();
    const { platform, environment } = await openRaceGround({ data, databaseUrl: url });
    const { rows } = await sql<{ version: string }>`select current_setting('server_version') as version`.execute(platform.database.owner);
    console.log(describeMachine());
    console.log(`PostgreSQL ${rows[0]?.version}${values['no-fsync'] ? ' without fsync' : ''}`);
    console.log(`command: npm run bench:queue -- ${process.argv.slice(2).join(' ')}`);
    const result = await race({
      platform,
      environment,
      workers,
      tasks,
      kills,
      timeoutMs: Math.max(60_000, tasks * timeoutMsPerTask),
      progress: showProgress(),
    });
    console.log(`\n${showRace(result)}`);
    await platform.close();
  } finally {
    await cluster.stop();
    await rm(data, { recursive: true, force: true });
  }
}

/** One line for each tenth. */
function showProgress(): (done: number, total: number) => void {
  let shown = 0;
  return (done, total) => {
    const tenths = Math.floor((done / total) * 10);
    if (tenths > shown) console.error(`${done} of ${total} tasks`);
    shown = tenths;
  };
}
