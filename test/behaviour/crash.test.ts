/** The crash in small: two kills, three clients. */

import { expect, test } from 'vitest';
import { expectNothingLost } from '../support/crash-check.ts';
import { crashAndRestart } from '../support/crash.ts';
import { createPlace } from '../support/server.ts';

/** Three starts of a server, on a machine that runs other test files as well. */
const timeoutMs = 120_000;

test(
  'kill -9 during acknowledged writes loses none of them',
  async () => {
    const place = await createPlace();
    try {
      const result = await crashAndRestart({ place, kills: 2, connections: 3, writesPerLife: 30 });
      expectNothingLost(result);
      expect(result.repeated).toBeGreaterThan(0);
    } finally {
      await place.remove();
    }
  },
  timeoutMs,
);
