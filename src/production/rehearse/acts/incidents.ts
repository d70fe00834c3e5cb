/** The acts in which something breaks and nobody is told what: the runbook of the symptom has to find the cause and mend it. */

import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { badCommand } from './releases.ts';
import { type RunbookEnd, type Stage, act, endText, promise, release, runbook } from '../stage.ts';
import { answers, endProcess, kill } from './kills.ts';

/** In the version that goes live untested, one of so many requests fails. */
const errorEvery = 20;

/** Supervisor and proxy at once: replicas still run, and nobody reaches them. */
export async function findUnavailable(stage: Stage): Promise<void> {
  const { program, state, url } = stage;
  const { supervisor, proxy } = await release(stage, 'status');
  const start = `${program.words.map((word) => `'${word}'`).join(' ')} release start --state "$STATE" --listen ${new URL(url).host}`;
  let mending: Promise<RunbookEnd> | undefined;
  await kill(
    stage,
    'supervisor and proxy',
    () => {
      for (const { pid } of [supervisor, proxy]) endProcess(pid);
      mending = runbook(stage, program, 'server-unavailable', { BASE_URL: url, STATE: state, START: start });
    },
    () => answers(stage),
  );
  const end = await mending;
  if (end === undefined) return;
  promise(stage, 'server-unavailable.md starts what is gone, and finds the replicas again', endText(end), end.exit === 0);
}

/** A version that fails some requests went live past every gate. */
export async function findErrors(stage: Stage): Promise<void> {
  await act(stage, 'recovery', 'high error rate', async () => {
    const { live: good } = await release(stage, 'status');
    const { service, program, state, patience } = stage;
    const command = badCommand(service, `REHEARSAL_ERROR_EVERY=${errorEvery}`);
    const words = [
      '--version',
      'v8',
      '--command',
      command,
      '--strategy',
      'blue-green',
      '--deploy-timeout',
      '2m',
      '--env-from',
      service.environmentFile,
    ];
    await release(stage, 'deploy', ...words);
    await sleep(2_000);
    const end = await runbook(stage, program, 'high-error-rate', { STATE: state, EVERY: patience.every });
    const { live } = await release(stage, 'status');
    const measured = `${endText(end)}; live is ${live}`;
    promise(stage, 'high-error-rate.md finds the version that fails, and goes back', measured, end.exit === 0 && live === good);
  });
}

/** A program that opened transactions and forgot them. */
export async function findForgotten(stage: Stage): Promise<void> {
  const { ground, keeper, url } = stage;
  const { cluster } = ground;
  if (typeof keeper === 'string' || cluster === undefined)
    return void stage.skipped.push(
      `connections that are forgotten: ${typeof keeper === 'string' ? keeper : 'there is no server of our own'}`,
    );
  await act(stage, 'recovery', 'connections forgotten', async () => {
    const clients = Array.from({ length: 20 }, () => new pg.Client({ connectionString: ground.url, application_name: 'forgetful' }));
    for (const client of clients) {
      client.on('error', () => undefined);
      await client.connect();
      await client.query('begin');
    }
    await sleep(1_500);
    const end = await runbook(stage, keeper, 'database-connections', {
      BASE_URL: url,
      DATABASE: new URL(ground.url).pathname.slice(1),
      HOST: cluster.folder,
      PORT: String(cluster.port),
      FORGOTTEN_AFTER: '1s',
    });
    const [left] = await ground.query(`select count(*)::int as n from pg_stat_activity where application_name = 'forgetful'`);
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
    const measured = `${endText(end)}; ${String(left?.['n'])} of ${clients.length} left`;
    promise(stage, 'database-connections.md ends the transactions that were forgotten', measured, end.exit === 0 && left?.['n'] === 0);
  });
}
