/** When a machine is short of something. */

import { expect, test } from 'vitest';
import { checkMachine, judgeMachine } from './machine.ts';

const wishes = { load: 2, memory: 0.05 };
const machine = { load: 1, processors: 4, memoryBytes: 1_000, availableBytes: 500 };

test.each([
  ['has room', {}, []],
  ['has twice as much to do as it can', { load: 8.1 }, ['load']],
  ['has no memory left', { availableBytes: 40 }, ['memory available']],
])('a machine that %s', (_what, change, wrong) => {
  const found = judgeMachine({ ...machine, ...change }, wishes);
  expect(found.flatMap(({ what, ok }) => (ok === true ? [] : [what]))).toEqual(wrong);
});

test('this machine is measured', () => {
  const { processors, memory_bytes = 0, available_bytes } = checkMachine(wishes).measured;
  expect(processors).toBeGreaterThan(0);
  expect(available_bytes).toBeLessThanOrEqual(Number(memory_bytes));
});
