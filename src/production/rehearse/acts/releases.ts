/** The acts of good and bad versions, all by their runbooks. */

import { setTimeout as sleep } from 'node:timers/promises';
import { fateOf } from '../judge.ts';
import type { Sample } from '../load.ts';
import type { Service } from '../service.ts';
import { type Stage, act, endText, promise, release, runbook } from '../stage.ts';

/** The canary of the rehearsal gets so much of the requests, so that its numbers come in quickly. */
const canaryPercent = 20;

/** On two cores the load, the proxy, the database and six replicas are in each other's way: no version is called slow for that. Less than v6 adds. */
const slowMs = 1_500;

const faults = new URL(import.meta.url.endsWith('.ts') ? '../faults.ts' : '../faults.js', import.meta.url);

export async function deployFirst(stage: Omit<Stage, 'load'>): Promise<void> {
  const { service, state, program } = stage;
  stage.tell('v1 goes live');
  await program.json([
    'release',
    'deploy',
    '--state',
    state,
    '--version',
    'v1',
    '--command',
    service.command,
    '--env-from',
    service.environmentFile,
    '--deploy-timeout',
    '2m',
  ]);
}

export async function releaseGoodVersions(stage: Stage): Promise<void> {
  for (const [strategy, version] of [
    ['rolling', 'v2'],
    ['blue-green', 'v3'],
    ['canary', 'v4'],
  ] as const)
    await act(stage, 'release', `${version} ${strategy}`, async () => {
      const end = await releaseBy(stage, strategy, version, '');
      promise(stage, `${version} goes live by release-${strategy}.md`, endText(end), end.exit === 0);
    });
  await act(stage, 'release', 'rollback', async () => {
    const { previous } = await release(stage, 'status');
    const { live, switched_ms } = await release(stage, 'rollback');
    promise(
      stage,
      'a rollback is at once: below 1 s, to the version that still runs',
      `${switched_ms} ms, to ${live}`,
      live === previous && (switched_ms ?? Infinity) < 1_000,
    );
  });
}

/** By so much v6 delays each request; nothing else of the rehearsal takes as long while all replicas run. */
const delayMs = 2_000;

/** In v7 each of so many requests fails. */
const errorEvery = 33;

interface BadVersion {
  readonly version: string;
  readonly what: string;
  /** Of its environment: what makes it bad. */
  readonly variables: string;
  /** Whether it did that to a request. */
  hurtBy(sample: Sample): boolean;
  /** The largest share of all requests that it may hurt: its own share, with room for chance. */
  readonly most: number;
}

const badVersions: readonly BadVersion[] = [
  { version: 'v5', what: 'never becomes healthy', variables: 'QUARTERDECK_STATEMENT_TIMEOUT_MS=never', hurtBy: ({ ok }) => !ok, most: 0 },
  {
    version: 'v6',
    what: 'is two seconds slower',
    variables: `REHEARSAL_DELAY_MS=${delayMs}`,
    hurtBy: ({ ms }) => ms >= delayMs,
    most: (canaryPercent / 100) * 1.25,
  },
  {
    version: 'v7',
    what: 'fails 3 % of requests',
    variables: `REHEARSAL_ERROR_EVERY=${errorEvery}`,
    hurtBy: (sample) => fateOf(sample, []) === 'injected',
    most: (canaryPercent / 100) * (2 / errorEvery),
  },
];

/** Each is refused or taken back by the numbers, and the version before serves on. */
export async function releaseBadVersions(stage: Stage): Promise<void> {
  for (const bad of badVersions) await act(stage, 'broken', `${bad.version} ${bad.what}`, () => releaseBad(stage, bad));
}

async function releaseBad(stage: Stage, { version, what, variables, hurtBy, most }: BadVersion): Promise<void> {
  const before = stage.load.samples.length;
  const { live: good } = await release(stage, 'status');
  const { outcome, exit, run } = await releaseBy(stage, 'canary', version, variables);
  const { live, canary } = await release(stage, 'status');
  const meanwhile = stage.load.samples.slice(before);
  const hurt = meanwhile.filter(hurtBy).length;
  const share = hurt / Math.max(1, meanwhile.length);
  const taken = exit === 4 && live === good && canary === null;
  promise(stage, `${version}, which ${what}, is refused or taken back by the numbers`, `${outcome}, exit ${exit}; live is ${live}`, taken);
  if (most > 0) {
    const windows = await windowsOf(stage, run);
    promise(
      stage,
      `${version} is taken back within two windows of ${stage.patience.every}`,
      `after ${windows}`,
      windows > 0 && windows <= 2,
    );
  }
  const limit = most === 0 ? 'hurts nobody' : `hurts at most ${(most * 100).toFixed(1)} % of the requests, its share`;
  promise(stage, `${version} ${limit}`, `${hurt} requests, ${(share * 100).toFixed(2)} %`, share <= most);
}

/** The service with what makes a version of it bad. */
export function badCommand({ command }: Service, variables: string): string {
  return `export NODE_OPTIONS=--import=${faults.href} ${variables}; exec ${command}`;
}

interface Report {
  readonly stages: readonly { readonly steps: readonly { readonly watch: { readonly samples: readonly unknown[] } | null }[] }[];
}

/** For how many samples the watches of a run have gone on. */
async function windowsOf({ program }: Stage, run: string): Promise<number> {
  const { stdout } = await program.run(['runbook', 'report', run, '--format', 'json']);
  const { stages } = JSON.parse(stdout) as Report;
  return stages.flatMap(({ steps }) => steps).reduce((sum, { watch }) => sum + (watch?.samples.length ?? 0), 0);
}

async function releaseBy(stage: Stage, strategy: string, version: string, variables: string) {
  const { service, patience, state } = stage;
  const ended = await runbook(stage, stage.program, `release-${strategy}`, {
    STATE: state,
    VERSION: version,
    COMMAND: variables === '' ? service.command : badCommand(service, variables),
    ENV_FROM: service.environmentFile,
    EVERY: patience.every,
    WATCH: patience.watch,
    MIN_REQUESTS: String(patience.minRequests),
    READY_WITHIN: '60s',
    SLOW_MS: String(slowMs),
    ...(strategy === 'canary' ? { WEIGHT: String(canaryPercent) } : {}),
  });
  // So that the time line shows them apart.
  await sleep(500);
  return ended;
}
