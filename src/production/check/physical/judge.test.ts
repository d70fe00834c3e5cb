/** When physical backups, the archive of a server and a moment to go back to are good enough. */

import { describe, expect, test } from 'vitest';
import { conclude } from '../result.ts';
import type { Archiver } from './archiver.ts';
import { judgeArchive, judgeRepository, judgeTarget, waitingFiles } from './judge.ts';
import type { Stanza } from './repository.ts';

const now = new Date('2026-11-22T12:00:00Z');
const minute = 60_000;
const hour = 60 * minute;

const secondsAgo = (ms: number): number => (now.getTime() - ms) / 1_000;

function stanza(stops: readonly number[], change: Partial<Stanza> = {}): Stanza {
  return {
    name: 'main',
    status: { code: stops.length === 0 ? 2 : 0, message: stops.length === 0 ? 'no valid backups' : 'ok' },
    archive: [{ id: '15-1', max: '0000000100000000000000FE' }],
    backup: stops.map((ms) => ({
      label: `ended-${ms / hour}h-ago`,
      error: false,
      timestamp: { start: secondsAgo(ms + minute), stop: secondsAgo(ms) },
      info: { size: 1_000 },
    })),
    ...change,
  };
}

const segment_bytes = 16 * 1024 ** 2;

const archiver: Archiver = {
  mode: 'on',
  configured: true,
  timeout_seconds: 60,
  segment_bytes,
  current: '0000000100000000000000FF',
  last_archived: '0000000100000000000000FE',
  last_archived_at: new Date(now.getTime() - 5 * hour),
  last_failed: null,
  last_failed_at: null,
};

const wrong = (judgements: ReturnType<typeof judgeRepository>): string[] =>
  judgements.filter(({ ok }) => ok !== true).map(({ what }) => what);

describe('a repository', () => {
  test('is good with a young backup', () => {
    expect(wrong(judgeRepository(stanza([30 * hour, 2 * hour]), 24 * hour, now))).toEqual([]);
  });

  test.each([
    ['no backup', stanza([]), 'newest'],
    ['an old one', stanza([25 * hour]), 'age'],
    ['one from the future', stanza([-hour]), 'age'],
    ['a stanza that is not ok', stanza([hour], { status: { code: 4, message: 'different across repos' } }), 'repository'],
    ['a damaged page', stanza([hour], { backup: stanza([hour]).backup.map((each) => ({ ...each, error: true })) }), 'pages'],
  ])('is not with %s', (_name, found, what) => {
    expect(wrong(judgeRepository(found, 24 * hour, now))).toEqual([what]);
  });
});

describe('an archive', () => {
  const judge = (change: Partial<Archiver>, found = stanza([hour])) => wrong(judgeArchive({ ...archiver, ...change }, found, hour, now));

  test('that has all but the file being written is good, however long nothing was written', () => {
    expect(judge({})).toEqual([]);
  });

  test.each([
    ['is off', { mode: 'off' }, ['archiving']],
    ['has no command', { configured: false }, ['archiving']],
    ['fails', { last_failed: '0000000100000000000000FF', last_failed_at: now }, ['archiving']],
    ['never archived anything', { last_archived: null, last_archived_at: null, last_failed: 'x', last_failed_at: now }, ['archiving']],
    ['is hours behind', { current: '000000010000000100000004' }, ['waiting']],
    ['leaves the last writes of a quiet server behind', { timeout_seconds: 0 }, ['archive_timeout']],
    ['is filled less often than what may be lost', { timeout_seconds: 7_200 }, ['archive_timeout']],
  ])('that %s is not', (_name, change, what) => {
    expect(judge(change)).toEqual(what);
  });

  test('that failed once and then went on is good', () => {
    expect(judge({ last_failed: '0000000100000000000000FE', last_failed_at: new Date(now.getTime() - 6 * hour) })).toEqual([]);
  });

  test('is behind by a few files for a moment only', () => {
    expect(judge({ current: '000000010000000100000001', last_archived_at: now })).toEqual([]);
  });

  test('does not have what the server believes it sent', () => {
    const empty = stanza([hour], { archive: [{ id: '15-1', max: '0000000100000000000000F0' }] });
    expect(judge({}, empty)).toEqual(['arrived']);
    expect(judge({}, stanza([hour], { archive: [] }))).toEqual(['arrived']);
    expect(judge({ last_archived: null, last_archived_at: null }, stanza([hour], { archive: [] }))).toEqual(['arrived']);
  });
});

describe('a moment', () => {
  const judge = (ago: number) => judgeTarget(stanza([30 * hour, 2 * hour]), new Date(now.getTime() - ago), now);

  test('after a backup can be gone back to, from the last one before it', () => {
    expect(conclude('backup', judge(hour))).toMatchObject({
      outcome: 'passed',
      evidence: [{}, { found: expect.stringContaining('ended-2h-ago') }],
    });
    expect(judge(3 * hour)).toMatchObject([{}, { found: expect.stringContaining('ended-30h-ago') }]);
  });

  test('before the oldest backup, or still to come, cannot; it says since when', () => {
    expect(judge(31 * hour)).toMatchObject([{ ok: true }, { ok: false, next: expect.stringContaining('2026-11-21T06:00:00.000Z') }]);
    expect(wrong(judge(30 * hour - 999)), 'in the very second in which it ended').toEqual(['backup before']);
    expect(wrong(judge(-minute))).toEqual(['moment']);
    expect(wrong(judgeTarget(stanza([]), now, now))).toEqual(['backup before']);
  });
});

describe('files that wait', () => {
  test.each([
    ['0000000100000000000000FF', '0000000100000000000000FE', null, 0],
    ['000000010000000100000002', '0000000100000000000000FE', null, 3],
    // Of a later timeline; the label of a backup; a file of history.
    ['000000020000000000000005', '000000010000000000000003', null, 1],
    ['000000010000000000000004', '000000010000000000000002.00000028.backup', '000000010000000000000003', 0],
    ['000000020000000000000005', '00000002.history', '000000010000000000000004', 0],
    ['000000010000000000000005', null, null, 0],
  ])('%s now, %s sent, %s there: %i', (current, last_archived, newest, count) => {
    expect(waitingFiles({ current, last_archived, segment_bytes }, newest)).toBe(count);
  });
});
