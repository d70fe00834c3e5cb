/** When backups can be trusted. */

import { describe, expect, test } from 'vitest';
import type { Backup, BackupState } from '../backup/catalogue.ts';
import { type BackupWishes, judgeBackups } from './backup.ts';
import { conclude } from './result.ts';

const now = new Date('2026-11-22T12:00:00Z');
const hour = 3_600_000;

function made(hoursAgo: number, state: BackupState = 'verified', bytes = 1_000, database = 'deck'): Backup {
  const manifest = { engine: 'postgres', database } as Backup['manifest'];
  return {
    id: `b${hoursAgo}`,
    at: new Date(now.getTime() - hoursAgo * hour),
    bytes,
    state,
    manifest,
    verification: null,
    reason: null,
    files: [],
  };
}

const wishes: BackupWishes = { maxAgeMs: 24 * hour, verified: true, minSize: 0.5 };

function look(backups: Backup[], change: Partial<BackupWishes> = {}): [outcome: string, wrong: string[]] {
  const judgements = judgeBackups(backups, { ...wishes, ...change }, now);
  return [conclude('backup', judgements).outcome, judgements.filter(({ ok }) => ok !== true).map(({ what }) => what)];
}

describe('backups', () => {
  test.each<[string, Backup[], string[]]>([
    ['a young one that was restored', [made(2)], []],
    ['none', [], ['newest']],
    ['one that is too old', [made(24)], ['age']],
    ['one that was never restored', [made(2, 'unverified')], ['verified']],
    ['one that was restored and was not good', [made(2, 'failed')], ['verified']],
    ['one that shrank', [made(2, 'verified', 499), made(26), made(50)], ['size']],
    ['one that shrank by half', [made(2, 'verified', 500), made(26), made(50)], []],
    ['one odd day before does not matter', [made(2), made(26, 'verified', 9_000), made(50), made(74)], []],
    ['those of another database do not matter', [made(2), made(3, 'verified', 90_000, 'other')], []],
    ['one in the making', [made(1, 'incomplete'), made(20)], []],
    ['one that was begun long ago', [made(7, 'incomplete'), made(20)], ['later b7']],
    ['a damaged one after it', [made(1, 'damaged'), made(20)], ['later b1']],
    ['only a damaged one', [made(1, 'damaged')], ['newest', 'later b1']],
    ['an old damaged one', [made(2), made(30, 'damaged')], []],
    ['one from the future', [made(-1)], ['age']],
  ])('%s', (_name, backups, expected) => {
    expect(look(backups)).toEqual([expected.length === 0 ? 'passed' : 'failed', expected]);
  });

  test('need not have been restored when nobody wants it, but must not have failed', () => {
    expect(look([made(2, 'unverified')], { verified: false })).toEqual(['passed', []]);
    expect(look([made(2, 'failed')], { verified: false })).toEqual(['failed', ['verified']]);
  });
});
