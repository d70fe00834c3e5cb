/** Releases and kills under load: what is promised is that nothing fails, but for what was in flight on a process that was killed. */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { type Kind, Load, type Sample } from '../../src/production/rehearse/load.ts';
import { type TestRelease, createRelease } from '../support/release.ts';

let open: { release: TestRelease; load: Load } | undefined;
afterEach(async () => {
  await open?.load.stop();
  await open?.release.remove();
  open = undefined;
});

const kinds: readonly Kind[] = [
  { name: 'read', share: 6, shoot: () => ({ method: 'GET', path: '/' }) },
  { name: 'write', share: 3, shoot: (number) => ({ method: 'POST', path: '/', body: 'x'.repeat(number % 10 === 0 ? 200_000 : 500) }) },
  { name: 'slow', share: 1, shoot: () => ({ method: 'POST', path: '/slow', body: '{}' }) },
];

/** Requests a second, with twenty event streams open beside them. */
const rate = 250;

async function underLoad(): Promise<{ release: TestRelease; load: Load }> {
  const release = await createRelease();
  await release.start();
  await release.deploy('v1');
  const streams = { count: 20, shot: { method: 'GET', path: '/stream' } };
  open = { release, load: new Load({ host: '127.0.0.1', port: release.port, rate, kinds, streams }) };
  await sleep(1_000);
  return open;
}

const failures = (of: Load): Sample[] => of.samples.filter(({ ok }) => !ok);

/** Whether a request was in flight at that moment. */
const inFlightAt = ({ at, ms }: Sample, moment: number): boolean => at <= moment && at + ms >= moment;

describe('no request fails and no stream is broken', () => {
  test('over rolling, blue-green, canary, shifts, promotion and rollback', async () => {
    const { release, load } = await underLoad();
    await release.deploy('v2', '--strategy', 'rolling');
    await release.deploy('v3', '--strategy', 'blue-green');
    const back = await release.done(['rollback']);
    await release.deploy('v4', '--strategy', 'canary', '--weight', '10');
    await sleep(2_000);
    await release.done(['shift', '--weight', '50']);
    await release.done(['promote']);
    await release.done(['rollback']);
    await release.deploy('v5', '--strategy', 'canary', '--weight', '5');
    await release.done(['rollback']);
    await load.stop();
    expect(load.samples.length).toBeGreaterThan(1_000);
    expect(failures(load)).toEqual([]);
    expect(load.streamEnds.filter(({ how }) => how !== 'whole')).toEqual([]);
    expect(load.streamEnds.length).toBeGreaterThan(20);
    // A goal on a machine that is not shared, and a limit on any: nothing waits for anything in a switch.
    expect(back.switched_ms).toBeLessThan(5_000);
    console.log(`${load.samples.length} requests, 0 failed; the switch of the rollback took ${back.switched_ms} ms`);
  });

  test('when a version never becomes healthy', async () => {
    const { release, load } = await underLoad();
    for (const strategy of ['rolling', 'blue-green', 'canary'])
      expect(
        (
          await release.run([
            'deploy',
            '--version',
            'bad',
            '--command',
            release.command,
            '--env',
            'HEALTH=500',
            '--deploy-timeout',
            '1s',
            '--strategy',
            strategy,
          ])
        ).code,
      ).toBe(1);
    await load.stop();
    expect(failures(load)).toEqual([]);
    expect(load.streamEnds).toEqual([]);
  });
});

test('a canary gets no more than its share', async () => {
  const { release } = await underLoad();
  await release.deploy('v2', '--strategy', 'canary', '--weight', '10');
  const asked = 3_000;
  const answers: string[] = [];
  for (let count = 0; count < asked; count += 100) answers.push(...(await Promise.all(Array.from({ length: 100 }, () => release.ask()))));
  const share = answers.filter((version) => version === 'v2').length / asked;
  // Six standard deviations of 3,000 draws of one in ten.
  expect(Math.abs(share - 0.1)).toBeLessThan(6 * Math.sqrt((0.1 * 0.9) / asked));
});

describe('SIGKILL', () => {
  test('of replicas interrupts what they had in flight, and nothing else', async () => {
    const { release, load } = await underLoad();
    const kills: number[] = [];
    for (let count = 0; count < 3; count += 1) {
      const replica = (await release.status()).slots[0]?.replicas[count];
      kills.push(load.now);
      process.kill(replica?.pid ?? 0, 'SIGKILL');
      await sleep(2_000);
    }
    await load.stop();
    const failed = failures(load);
    for (const sample of failed) {
      expect(sample).toMatchObject({ status: 502, kind: expect.not.stringMatching('read') });
      expect(kills.some((moment) => inFlightAt(sample, moment + 50) || inFlightAt(sample, moment))).toBe(true);
    }
    console.log(`${load.samples.length} requests, ${kills.length} replicas killed, ${failed.length} requests interrupted`);
  });

  test('of the supervisor costs nothing', async () => {
    const { release, load } = await underLoad();
    process.kill((await release.status()).supervisor.pid, 'SIGKILL');
    await sleep(1_000);
    await release.start();
    await sleep(1_000);
    await load.stop();
    expect(failures(load)).toEqual([]);
    expect(load.streamEnds).toEqual([]);
  });

  test('of the proxy fails requests only while it is away', async () => {
    const { release, load } = await underLoad();
    const { proxy } = await release.status();
    const killed = load.now;
    process.kill(proxy.pid ?? 0, 'SIGKILL');
    // What is sent in the moment of the signal may still be answered by the old one.
    const byNext = ({ ok, at }: Sample): boolean => ok && at > killed + 50;
    await expect.poll(() => load.samples.some(byNext), { timeout: 30_000 }).toBe(true);
    await sleep(2_000);
    await load.stop();
    const failed = failures(load);
    expect(failed.length).toBeGreaterThan(0);
    const first = Math.min(...load.samples.filter(byNext).map(({ at }) => at));
    const last = Math.max(...failed.map(({ at }) => at));
    // Whoever asked after the first that was answered by the new proxy was answered too.
    expect(last).toBeLessThan(first);
    const restarted = release.events().find(({ event, ms }) => event === 'proxy started' && ms !== undefined);
    expect(last - killed).toBeLessThan(Number(restarted?.['ms']) + 2_000);
    console.log(`${load.samples.length} requests, ${failed.length} failed; the proxy was away for ${String(restarted?.['ms'])} ms`);
  });
});
