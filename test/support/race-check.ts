/** What must be true after every race, whoever ran it. */

import { expect } from 'vitest';
import type { RaceResult } from './race.ts';

/** Every task once, in order, under growing fences, and no call with an outcome that nobody can explain. */
export function expectFair(result: RaceResult): void {
  expect(result).toMatchObject({
    finished: result.tasks,
    lost: 0,
    duplicates: 0,
    brokenFences: 0,
    unbalanced: 0,
    tooEarly: 0,
    claims: result.finished + result.expired,
  });
  expect(Object.keys(result.outcomes).filter((what) => !expectedOutcomes.has(what))).toEqual([]);
}

/** No deadlock, no lock time-out, no bug, and no stale fence that was accepted. */
const expectedOutcomes = new Set([
  'claim_task: ok',
  'finish_task: ok',
  'finish_task: stale_claim',
  'renew_claim: stale_claim',
  'release_claim: stale_claim',
]);
