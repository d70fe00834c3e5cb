/** Sixteen processes race for five thousand tasks while they are killed at random; on the embedded database, loops in its one process. */

import { expect, test } from 'vitest';
import { createPlace } from '../support/server.ts';
import { expectFair } from '../support/race-check.ts';
import { openRaceGround } from '../support/race-ground.ts';
import { showRace } from '../support/race-table.ts';
import { race } from '../support/race.ts';

const minuteMs = 60_000;

test('sixteen workers, killed at random, finish every one of 5,000 tasks exactly once', async () => {
  const place = await createPlace('postgres');
  const ground = await openRaceGround(place);
  try {
    const result = await race({ ...ground, workers: 16, tasks: 5_000, kills: 30, timeoutMs: 12 * minuteMs });
    console.log(showRace(result));
    expectFair(result);
    expect(result.kills).toBe(30);
    expect(result.expired).toBeGreaterThan(10);
    expect(result.staleRefused).toBeGreaterThan(10);
  } finally {
    await ground.platform.close();
    await place.remove();
  }
});

test('four loops on the embedded database finish every one of 300 tasks exactly once', async () => {
  const place = await createPlace('embedded');
  const { platform } = await openRaceGround(place);
  try {
    const result = await race({ platform, workers: 4, tasks: 300, oversleepShare: 0.1, timeoutMs: 4 * minuteMs });
    console.log(showRace(result));
    expectFair(result);
    expect(result.staleRefused).toBeGreaterThan(10);
  } finally {
    await platform.close();
    await place.remove();
  }
});
