/** The server is killed ten times while six clients write, on both databases. */

import { expect, test } from 'vitest';
import { expectNothingLost, showCrash } from '../support/crash-check.ts';
import { crashAndRestart } from '../support/crash.ts';
import { createPlace } from '../support/server.ts';

test.each(['embedded', 'postgres'] as const)('kill -9 during acknowledged writes loses none of them (%s)', async (kind) => {
  const place = await createPlace(kind);
  try {
    const result = await crashAndRestart({ place, kills: 10, connections: 6, writesPerLife: 300 });
    console.log(`${kind}: ${showCrash(result)}`);
    expectNothingLost(result);
    expect(result.acknowledged.length).toBeGreaterThan(50);
    expect(result.repeated).toBeGreaterThan(10);
  } finally {
    await place.remove();
  }
});
