/** Minutes of every kind of call: what the server holds does not grow with what it has answered. */

import { expect, test } from 'vitest';
import { showVerdict } from '../support/soak/judge.ts';
import { soak } from '../support/soak/soak.ts';

test.each(['postgres', 'embedded'] as const)('a soak on %s is flat, and nothing surprises its callers', async (kind) => {
  const result = await soak({ kind, minutes: 2 });
  console.log(showVerdict(result));
  expect([...result.surprises]).toEqual([]);
  expect(result.complaints).toEqual([]);
});

/** Keeps every request, as a list that somebody forgot would. */
const leak = `
  import { Server } from 'node:http';
  const kept = (globalThis.kept = []);
  const { emit } = Server.prototype;
  Server.prototype.emit = function (event, ...rest) {
    if (event === 'request') kept.push(rest[0]);
    return emit.call(this, event, ...rest);
  };
`;

test('a leak that is planted is found', async () => {
  const result = await soak({ kind: 'embedded', minutes: 1, preload: leak });
  expect(result.complaints.join()).toMatch(/it held .* MB more after/);
});
