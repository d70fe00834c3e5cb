import { expect, test } from 'vitest';
import { width } from './output.ts';
import { progressLine, withProgress } from './progress.ts';

test('without a number, a line shows what is done and for how long', () => {
  expect(progressLine({ message: 'starting' }, 0, 2_900, 80)).toBe('⠋ starting 2 s');
});

test('with numbers, it shows the share, never more than all', () => {
  expect(progressLine({ message: 'copying tasks', done: 1, total: 2 }, 1, 0, 80)).toBe(
    `⠙ ${'█'.repeat(12)}${'░'.repeat(12)} 50 % copying tasks 0 s`,
  );
  expect(progressLine({ message: 'copying tasks', done: 9, total: 2 }, 1, 0, 80)).toContain('100 %');
});

test('nothing to do is no share', () => {
  expect(progressLine({ message: 'copying', done: 0, total: 0 }, 0, 0, 80)).toBe('⠋ copying 0 s');
});

test('it is cut to the terminal, because a line that wraps cannot be cleared', () => {
  expect(progressLine({ message: 'x'.repeat(100) }, 0, 0, 40)).toHaveLength(39);
  expect(progressLine({ message: 'copying', done: 1, total: 2 }, 0, 0, 20)).toHaveLength(19);
});

test.each([60, 80, 120])('in %i columns it has the end of a long name, the time, and no more columns than there are', (columns) => {
  for (const folder of ['a-long-name-of-a-folder/'.repeat(5), '資料/'.repeat(30), '🦀'.repeat(60)]) {
    const line = progressLine({ message: `12 of 300 ${folder}page-12.md`, done: 12, total: 300 }, 0, 61_000, columns);
    expect(line).toMatch(/ 4 % 12 of 300?.*….*page-12\.md 61 s$/);
    expect([columns - 1, columns - 2, columns - 3]).toContain(width(line));
  }
});

test('the bar is full when all is done, and not before', () => {
  expect(progressLine({ message: 'copying', done: 999, total: 1000 }, 0, 0, 80)).toContain('█░ 99 %');
  expect(progressLine({ message: 'copying', done: 1000, total: 1000 }, 0, 0, 80)).toContain(`${'█'.repeat(24)} 100 %`);
});

test('the result of the work and its failure pass through', async () => {
  expect(await withProgress('adding', async () => 2)).toBe(2);
  await expect(withProgress('failing', async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
});
