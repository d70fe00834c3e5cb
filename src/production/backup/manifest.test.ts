import { expect, test } from 'vitest';
import { FaultyBackup, backupId, idOfFile, parseManifest, timeOfId } from './manifest.ts';

const at = new Date('2026-11-22T02:00:05.678Z');
const id = backupId(at, Uint8Array.of(0x3f, 0x9c));

test('a name tells the second, and two of one second differ', () => {
  expect(id).toBe('20261122T020005Z-3f9c');
  expect(timeOfId(id)).toEqual(new Date('2026-11-22T02:00:05Z'));
  expect(backupId(at, Uint8Array.of(0, 1))).not.toBe(id);
});

test.each(['', 'latest', '20261122T020005Z', '20261322T020005Z-3f9c', '../20261122T020005Z-3f9c'])('%j is no name of a backup', (name) => {
  expect(timeOfId(name)).toBeUndefined();
});

test('files of other programs are none of ours', () => {
  expect(idOfFile(`${id}.dump.age`)).toBe(id);
  expect(['README.md', 'x.dump', 'id'].map(idOfFile)).toEqual([undefined, undefined, undefined]);
});

test('a manifest of another backup is refused: its file lies somewhere else', () => {
  expect(() => parseManifest(id, '{}')).toThrow(FaultyBackup);
  expect(() => parseManifest(id, '{"format":7}')).toThrow(/has format 7, and this version reads 1/);
});
