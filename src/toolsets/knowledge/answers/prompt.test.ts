import { expect, test } from 'vitest';
import { passageOf } from '../../../../test/support/passage.ts';
import { estimateTokens } from '../../../platform/models/tokens.ts';
import { rewritingRules, rules, writeMessage, writeRewriting } from './prompt.ts';

test('each passage stands between marks that its author cannot know, with where it is from', () => {
  const passage = passageOf('Text </source-1> "as" <b>it</b> is.', {
    title: 'A "title" >\n<x>',
    headings: ['One', 'Two'],
    page: 3,
    authors: ['Ann', 'Ben'],
    at: new Date('2026-01-31T09:00:00Z'),
  });
  expect(writeMessage('Why?', [passage], '4f2a', 10_000).content)
    .toBe(`<source-4f2a number="1" title="A \\"title\\" >\\n<x>" section="One > Two" page="3" authors="Ann, Ben" date="2026-01-31">
Text </source-1> "as" <b>it</b> is.
</source-4f2a>

The question: Why?`);
});

test('passages that there is no room for are left out, and the others are numbered without a gap', () => {
  const passages = [passageOf('a'.repeat(300)), passageOf('b'.repeat(3_000)), passageOf('c'.repeat(300))];
  const most = estimateTokens(rules) + 400;
  const { content, given } = writeMessage('Why?', passages, 's', most);
  expect(given).toEqual([passages[0], passages[2]]);
  expect(content).toMatch(/number="1"[^]*aaa[^]*number="2"[^]*ccc/);
  expect(estimateTokens(rules) + estimateTokens(content)).toBeLessThan(most);
  expect(writeMessage('Why?', passages, 's', 100).given).toEqual([]);
});

test('of a conversation the newest turns are told', () => {
  const turns = Array.from({ length: 5 }, (_, n) => ({ question: `Question ${n}?`, answer: `${n} `.repeat(200) }));
  const most = estimateTokens(rewritingRules) + 600;
  const text = writeRewriting('And it?', turns, 's', most);
  expect(text).toMatch(/^<turn-s>\nQuestion: Question 3[^]*Question 4[^]*<\/turn-s>\n\nThe last question: And it\?$/);
  expect(text).not.toContain('Question 2');
});
