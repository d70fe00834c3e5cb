/** What checks conclude from what they saw, without the things themselves. */

import { describe, expect, test } from 'vitest';
import { defaultRoom, judgeRoom } from './disk.ts';
import type { Judgement } from './result.ts';
import { type Handshake, judgeHandshake } from './tls.ts';

function wrong(judgements: readonly Judgement[]): string[] {
  return judgements.filter(({ ok }) => ok !== true).map(({ what }) => what);
}

describe('a certificate', () => {
  const now = new Date('2026-06-01T00:00:00Z');
  const good: Handshake = {
    protocol: 'TLSv1.3',
    distrust: undefined,
    wrongName: undefined,
    names: 'DNS:a.example',
    issuer: "Let's Encrypt, R11",
    begins: new Date('2026-05-01T00:00:00Z'),
    ends: new Date('2026-07-30T00:00:00Z'),
    length: 3,
  };
  const look = (change: Partial<Handshake>, issuer?: string) =>
    wrong(judgeHandshake({ ...good, ...change }, 'a.example', { days: 14, issuer }, now));

  test('that is as it should be', () => {
    expect(look({})).toEqual([]);
    expect(look({}, "Let's Encrypt")).toEqual([]);
  });

  test.each([
    ['ends in 13 days and 23 hours', { ends: new Date('2026-06-14T23:00:00Z') }, ['days left']],
    ['lasts 14 days', { ends: new Date('2026-06-15T00:00:00Z') }, []],
    ['ended an hour ago', { ends: new Date('2026-05-31T23:00:00Z'), distrust: 'certificate has expired' }, ['chain', 'days left']],
    ['has not begun', { begins: new Date('2026-06-02T00:00:00Z') }, ['begins']],
    ['came over an old protocol', { protocol: 'TLSv1.1' }, ['protocol']],
  ])('that %s', (_name, change, expected) => {
    expect(look(change)).toEqual(expected);
  });

  test('of somebody else', () => {
    expect(look({ issuer: 'Corporate Proxy CA' }, "Let's Encrypt")).toEqual(['issuer']);
  });
});

describe('a disk', () => {
  const gib = 1024 ** 3;
  const room = { bytes: 100 * gib, freeBytes: 10 * gib, inodes: 1_000, freeInodes: 100 };

  test.each([
    ['with just enough', {}, []],
    ['without', { freeBytes: 10 * gib - 1 }, ['free']],
    ['small, and free by a large share', { bytes: gib, freeBytes: gib / 2 }, ['free bytes']],
    ['without inodes', { freeInodes: 99 }, ['free inodes']],
    ['whose file system makes inodes as it goes', { inodes: undefined, freeInodes: 0 }, []],
  ])('%s', (_name, change, expected) => {
    expect(wrong(judgeRoom({ ...room, ...change }, defaultRoom))).toEqual(expected);
  });
});
