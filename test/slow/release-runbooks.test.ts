/** The runbooks of releases on one machine, run under load: a good version goes live, a bad one is taken back by the numbers. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Load } from '../../src/production/rehearse/load.ts';
import { type TestRelease, createRelease } from '../support/release.ts';
import { type Workshop, createWorkshop } from '../support/runbook.ts';

let release: TestRelease;
let workshop: Workshop;
let load: Load;

beforeAll(async () => {
  workshop = createWorkshop();
  release = await createRelease();
  await release.start();
  await release.deploy('v1', '--replicas', '2');
  const kinds = [{ name: 'read', share: 1, shoot: () => ({ method: 'GET', path: '/' }) }];
  load = new Load({ host: '127.0.0.1', port: release.port, rate: 200, kinds });
});

afterAll(async () => {
  await load.stop();
  await release.remove();
  await workshop.remove();
});

/** Runs `runbooks/NAME.md` for a version with these variables. */
function run(name: string, version: string, variables: Record<string, string> = {}, ...inputs: string[]) {
  const set = Object.entries({ VERSION: version, ...variables }).map(([key, value]) => `${key}=${value}`);
  const all = [
    `STATE=${release.state}`,
    `VERSION=${version}`,
    ...(name === 'rollback'
      ? []
      : [`COMMAND=env ${set.join(' ')} ${release.command}`, 'REPLICAS=2', 'WATCH=3s', 'MIN_REQUESTS=30', 'READY_WITHIN=5s']),
    'EVERY=3s',
    ...inputs,
  ];
  return workshop.last(['run', `${import.meta.dirname}/../../runbooks/${name}.md`, ...all.flatMap((input) => ['--input', input])]);
}

test('a good version goes live: rolling, blue-green and as a canary', async () => {
  for (const [name, version] of [
    ['release-rolling', 'v2'],
    ['release-blue-green', 'v3'],
    ['release-canary', 'v4'],
  ] as const) {
    expect(await run(name, version)).toMatchObject({ outcome: 'passed', exit: 0, left: expect.any(Array) });
    expect(await release.ask()).toBe(version);
  }
});

test.each([
  ['fails its check of health', 'bad-health', { HEALTH: '503' }],
  ['is slow', 'slow', { DELAY: '400' }],
  ['fails 3 % of requests', 'failing', { ERRORS: '0.03' }],
])('a canary that %s is taken back, and got no more than its share', async (_how, version, variables) => {
  const before = load.samples.length;
  const ended = await run('release-canary', version, variables, 'WEIGHT=50', 'MIN_REQUESTS=100');
  expect(ended).toMatchObject({ exit: 4 });
  expect(await release.status()).toMatchObject({ live: 'v4', canary: null });
  const failed = load.samples.slice(before).filter(({ ok }) => !ok);
  // Half of the requests went there, and three in a hundred of those failed.
  expect(failed.length).toBeLessThanOrEqual((load.samples.length - before) * 0.5 * 0.06);
});

test('a release that is bad under all of the load goes back by itself, and a rollback is proved', async () => {
  expect(await run('release-blue-green', 'slow-too', { DELAY: '400' })).toMatchObject({ exit: 4 });
  expect(await release.ask()).toBe('v4');
  await release.deploy('v5', '--replicas', '2', '--strategy', 'blue-green');
  expect(await run('rollback', 'v5')).toMatchObject({ outcome: 'passed' });
  expect(await release.ask()).toBe('v4');
});
