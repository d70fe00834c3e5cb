import { expect, test } from 'vitest';
import { compare } from './inspect.ts';

const expected = { rows: { 'public.tasks': 3, 'auth.user': 1 }, migration: '0008_x', schema_hash: 'sha256:a', server_version: '15.4' };

test('what is the same has no difference', () => {
  expect(compare(expected, { ...expected, server_version: '15.18 (Debian)' })).toEqual([]);
});

test('each difference is a sentence', () => {
  expect(
    compare(expected, { ...expected, rows: { 'public.tasks': 2, 'public.more': 0 }, migration: null, schema_hash: 'sha256:b' }),
  ).toEqual([
    'public.tasks has 2 rows, and had 3',
    'auth.user is missing, and had 1 rows',
    'public.more is there, and was not',
    'the newest migration is none, and was 0008_x',
    'the tables, policies or rights are not those that were backed up',
  ]);
});

test('another major version words definitions otherwise, so only the rest is compared', () => {
  expect(compare(expected, { ...expected, schema_hash: 'sha256:b', server_version: '18.1' })).toEqual([]);
});
