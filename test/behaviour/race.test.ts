/** The race in small: on PostgreSQL with processes that are killed, on the embedded database with loops in its one process. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectFair } from '../support/race-check.ts';
import { type RaceGround, openRaceGround } from '../support/race-ground.ts';
import { race } from '../support/race.ts';
import { type Place, createPlace } from '../support/server.ts';

/** A few seconds on an idle machine; other test files share it. */
const timeoutMs = 120_000;

let place: Place;
let ground: RaceGround;

beforeAll(async () => {
  place = await createPlace();
  ground = await openRaceGround(place);
});

afterAll(async () => {
  await ground?.platform.close();
  await place?.remove();
});

test(
  'workers who die and oversleep finish every task exactly once',
  async () => {
    const { platform, environment } = ground;
    const processes = place.kind === 'postgres' ? { environment, kills: 3 } : {};
    // One claim in five is overslept, so that not one in sixty is less likely than one in half a million.
    const result = await race({ platform, ...processes, workers: 4, tasks: 60, oversleepShare: 0.2, timeoutMs });
    expectFair(result);
    expect(result.kills).toBe(place.kind === 'postgres' ? 3 : 0);
    expect(result.staleRefused).toBeGreaterThan(0);
  },
  timeoutMs * 1.5,
);
