import { expect, test } from 'vitest';
import { completeQuestion } from './follow-up.ts';

const complete = (question: string, before = 'How long is the lease of a claimed task?') => completeQuestion(question, before, 'en');

test.each([
  ['points back', 'When does it end?', 'When does it end? (long lease claimed task)'],
  ['has no word of its own', 'Why?', 'Why? (long lease claimed task)'],
  ['goes on', 'And the backups?', 'And the backups? (long lease claimed task)'],
  ['goes on with what was said', 'And a lease?', 'And a lease? (long claimed task)'],
])('a question that %s gets the words of the one before', (_what, question, expected) => expect(complete(question)).toBe(expected));

test.each(['What is MCP?', 'How are backups proved?', 'Is there a limit?'])('%s stays as it is', (question) => {
  expect(complete(question)).toBe(question);
});

test('also in other languages', () => {
  expect(completeQuestion('Wann endet diese?', 'Wie lange läuft die Frist einer Aufgabe?', 'de')).toBe(
    'Wann endet diese? (lange läuft Frist Aufgabe)',
  );
});

test('what has been completed goes on being known', () => {
  expect(complete('And this?', complete('When does it end?'))).toContain('lease claimed task');
});
