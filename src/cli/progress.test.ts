import { expect, test } from 'vitest';
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
});

test('the result of the work and its failure pass through', async () => {
  expect(await withProgress('adding', async () => 2)).toBe(2);
  await expect(withProgress('failing', async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
});
