/** Keeps a server busy with everything it can do for a while, and watches what it holds. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signUp } from '../client.ts';
import { type Cluster, startPostgres } from '../cluster.ts';
import { type Sample, type Verdict, judge } from './judge.ts';
import { type Heard, openCallers, runCallers } from './load.ts';
import { type SoakServer, startSoakServer } from './server.ts';

/** Ten for each quarter: enough for a median. */
const samplesInAll = 40;

/** The setting's default is for a server of its own; here callers and PostgreSQL share the machine with it. */
const pool = 10;

/** Sockets that are kept alive, and transactions that nobody waited for, are over by then. */
const quietMs = 30_000;

export interface SoakOptions {
  kind: 'embedded' | 'postgres';
  minutes: number;
  /** See `SoakServerOptions`. */
  preload?: string;
}

export interface SoakResult extends Verdict, Heard {
  /** When all callers had gone. */
  after: Omit<Sample, 'seconds'>;
}

export async function soak({ kind, minutes, preload }: SoakOptions): Promise<SoakResult> {
  const data = await mkdtemp(join(tmpdir(), 'quarterdeck-soak-'));
  let cluster: Cluster | undefined;
  let server: SoakServer | undefined;
  try {
    cluster = kind === 'postgres' ? await startPostgres({ durable: true }) : undefined;
    const url = (await cluster?.createDatabase())?.url;
    const database: Record<string, string> = url === undefined ? {} : { DATABASE_URL: url };
    server = await startSoakServer({
      data,
      preload,
      environment: { QUARTERDECK_DATABASE_POOL: String(pool), LOG_LEVEL: 'info', ...database },
    });
    return await watch(server, kind, minutes);
  } finally {
    await server?.stop();
    await cluster?.stop();
    await rm(data, { recursive: true, force: true });
  }
}

async function watch(server: SoakServer, kind: SoakOptions['kind'], minutes: number): Promise<SoakResult> {
  const user = await signUp(server.url);
  const stop = new AbortController();
  const callers = runCallers(await openCallers({ url: server.url, user }), stop.signal);
  const samples: Sample[] = [];
  const started = performance.now();
  const everyMs = (minutes * 60_000) / samplesInAll;
  const seconds = () => (performance.now() - started) / 1_000;
  while (seconds() < minutes * 60) {
    await sleep(everyMs);
    samples.push({ seconds: seconds(), ...(await server.sample()) });
  }
  stop.abort();
  const heard = await callers;
  const verdict = judge(samples, { pool, kind });
  const after = await becomeQuiet(server);
  const left = after.eventStreams === 0 ? [] : [`${after.eventStreams} event streams stayed open when everybody had gone`];
  return { ...verdict, complaints: [...verdict.complaints, ...left], ...heard, after };
}

async function becomeQuiet(server: SoakServer): Promise<SoakResult['after']> {
  const deadline = performance.now() + quietMs;
  for (;;) {
    const sample = await server.sample();
    if (sample.eventStreams === 0 || performance.now() > deadline) return sample;
    await sleep(500);
  }
}
