/** Rehearses the whole life of a release on this machine, under load and with faults, and says what of it was as promised. */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../reason.ts';
import { freePort } from '../release/spawn.ts';
import { findErrors, findForgotten, findUnavailable } from './acts/incidents.ts';
import { killDatabase, killProxy, killReplica, killSupervisor } from './acts/kills.ts';
import { deployFirst, releaseBadVersions, releaseGoodVersions } from './acts/releases.ts';
import { restoreDeleted, restoreDropped } from './acts/recovery.ts';
import { type Ground, findGround } from './ground.ts';
import { type Kill, type Promised, fateOf, isStreamFine } from './judge.ts';
import { Load, type Sample } from './load.ts';
import { type Program, createProgram } from './program.ts';
import { prepareService } from './service.ts';
import { type Act, type Patience, type Stage, act, promise } from './stage.ts';

export interface RehearseOptions {
  /** About five minutes on two cores; otherwise each version is watched for longer. */
  readonly quick: boolean;
  /** The file that starts this program. */
  readonly entry: string;
  /** The folder with the runbooks. */
  readonly runbooks: string;
  readonly version: string;
  readonly databaseUrl: string | undefined;
  readonly signal: AbortSignal;
  tell(message: string): void;
}

export interface Rehearsal {
  /** All of it was rehearsed, and every promise was kept. */
  readonly kept: boolean;
  /** What ended it before its end; null: nothing did. */
  readonly failure: string | null;
  readonly started_at: string;
  readonly seconds: number;
  readonly version: string;
  readonly machine: string;
  readonly ground: string;
  readonly rate: number;
  readonly streams: number;
  readonly promises: readonly Promised[];
  readonly skipped: readonly string[];
  readonly acts: readonly Act[];
  readonly kills: readonly Kill[];
  readonly samples: readonly Sample[];
}

/** What is promised, and a little more than that is sent. Two cores have to make them, carry them and answer them. */
const promisedRate = 200;
const rate = 210;

const streams = 20;

/** The first seconds of a server are its slowest, and nothing is compared with them. */
const warmUpMs = 3_000;

const quick: Patience = { every: '5s', watch: '10s', minRequests: 60 };
const thorough: Patience = { every: '15s', watch: '2m', minRequests: 200 };

/** Always leaves the machine as it was. @throws Error when there is nothing to rehearse on */
export async function rehearse(options: RehearseOptions): Promise<Rehearsal> {
  const { entry, runbooks, databaseUrl, signal, tell } = options;
  const started = performance.now();
  const started_at = new Date().toISOString();
  const folder = mkdtempSync(join(tmpdir(), 'quarterdeck-rehearsal-'));
  tell('preparing a database');
  const ground = await findGround(databaseUrl);
  const url = `http://127.0.0.1:${await freePort('127.0.0.1')}`;
  const settings = settingsFor(ground.url, url, folder);
  const environment = { PATH: process.env['PATH'], HOME: folder, XDG_STATE_HOME: join(folder, 'state-home'), ...settings };
  const program = createProgram(entry, environment, folder, signal);
  const state = join(folder, 'release');
  const acts: Act[] = [];
  const kills: Kill[] = [];
  const promises: Promised[] = [];
  const skipped: string[] = [];
  let load: Load | undefined;
  let failure: string | null = null;
  try {
    tell('preparing the service');
    const service = await prepareService({ folder, program, settings });
    await program.json(['release', 'start', '--state', state, '--listen', new URL(url).host]);
    const patience = options.quick ? quick : thorough;
    const keeper = await keeperOf(ground, entry, signal);
    const without = { keeper, folder, state, runbooks, url, program, ground, service, patience, acts, kills, promises, skipped, tell };
    await deployFirst(without);
    const { hostname: host, port } = new URL(url);
    load = new Load({ host, port: Number(port), rate, kinds: service.kinds, streams: { count: streams, shot: service.stream } });
    await sleep(warmUpMs, undefined, { signal });
    const stage: Stage = { ...without, load };
    await play(stage);
    await conclude(stage);
  } catch (error) {
    failure = reasonOf(error);
  } finally {
    await load?.stop();
    // What was made is taken away also after Ctrl-C, so not by the program that this ends.
    await createProgram(entry, environment, folder, new AbortController().signal).run(['release', 'stop', '--state', state]);
    await ground.remove();
    if (failure === null) rmSync(folder, { recursive: true, force: true });
  }
  signal.throwIfAborted();
  return {
    kept: failure === null && promises.every(({ kept }) => kept),
    failure: failure === null ? null : `${failure} Its logs are in ${folder}.`,
    started_at,
    seconds: (performance.now() - started) / 1_000,
    version: options.version,
    machine: `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
    ground: ground.description,
    rate,
    streams,
    promises,
    skipped,
    acts,
    kills,
    samples: load?.samples ?? [],
  };
}

/** All that a command or a replica gets to know. */
function settingsFor(databaseUrl: string, url: string, folder: string): Record<string, string> {
  return {
    DATABASE_URL: databaseUrl,
    BETTER_AUTH_SECRET: randomBytes(32).toString('base64url'),
    QUARTERDECK_DATA: join(folder, 'data'),
    QUARTERDECK_URL: url,
    QUARTERDECK_REPLICAS: '3',
    // One credential makes all of the load.
    QUARTERDECK_RATE_LIMIT: 'off',
    LOG_LEVEL: 'warn',
  };
}

/** As the user that the database runs as, who has a home in its folder. */
async function keeperOf({ cluster, url }: Ground, entry: string, signal: AbortSignal): Promise<Program | string> {
  if (cluster === undefined) return 'it is on a server that the rehearsal did not start';
  const { folder, account } = cluster;
  const environment = { PATH: process.env['PATH'], HOME: folder, XDG_STATE_HOME: join(folder, 'state-home'), DATABASE_URL: url };
  const program = createProgram(entry, environment, folder, signal, account);
  const reached = await program.run(['--version']).catch(() => undefined);
  return reached?.code === 0 ? program : 'this program is in a folder that the user of the database cannot read';
}

/** Kinds of requests that change nothing: what is written while data is being brought back is put aside with the old database. */
const reading = ['read', 'list', 'mcp'];

async function play(stage: Stage): Promise<void> {
  await releaseGoodVersions(stage);
  await releaseBadVersions(stage);
  await killReplica(stage);
  await killSupervisor(stage);
  await killProxy(stage);
  await killDatabase(stage);
  await findUnavailable(stage);
  await findErrors(stage);
  await findForgotten(stage);
  stage.load.only(reading);
  await restoreDropped(stage);
  await restoreDeleted(stage);
}

/** The promises about the whole of it. */
async function conclude(stage: Stage): Promise<void> {
  const { load, kills, service, url } = stage;
  await act(stage, 'recovery', 'comparing', async () => {
    const seconds = load.now / 1_000;
    await load.stop();
    const fates = load.samples.map((sample) => fateOf(sample, kills));
    const failed = load.samples.filter((_sample, index) => fates[index] === 'failed');
    const counted = `${load.samples.length} requests, ${failed.length} failed${failed.length === 0 ? '' : `, the first: ${failed[0]?.kind} ${failed[0]?.why}`}`;
    promise(stage, 'no request fails outside of kills', counted, failed.length === 0);
    const streamsBroken = load.streamEnds.filter((end) => !isStreamFine(end, kills));
    promise(
      stage,
      'an event stream ends between two events, or with what was killed',
      `${load.streamEnds.length} ended, ${streamsBroken.length} otherwise${streamsBroken[0] === undefined ? '' : `, the first: ${streamsBroken[0].how}, ${streamsBroken[0].why}`}`,
      streamsBroken.length === 0,
    );
    const repeated = await service.repeatUnanswered(url);
    const { missing, twice } = await service.compare(url);
    promise(
      stage,
      'no acknowledged write is lost',
      `${service.acknowledged.length} acknowledged, ${missing.length} lost`,
      missing.length === 0,
    );
    promise(
      stage,
      'a write without an answer can be sent again',
      `${repeated} sent again, ${twice.length} of all done twice`,
      twice.length === 0,
    );
    const average = load.samples.length / seconds;
    promise(stage, `the load is at least ${promisedRate} requests a second`, `${average.toFixed(1)} on average`, average >= promisedRate);
  });
}
