import { expect, test } from 'vitest';
import { fitting } from './tools.ts';

const tools = [
  { path: '/usr/bin/pg_dump', major: 18 },
  { path: '/usr/lib/postgresql/15/bin/pg_dump', major: 15 },
  { path: '/usr/lib/postgresql/16/bin/pg_dump', major: 16 },
];

test.each([
  [15, 15],
  [17, 18],
  [19, undefined],
])('for a server of version %i the program of version %j is taken', (server, expected) => {
  expect(fitting(tools, server)?.major).toBe(expected);
});
