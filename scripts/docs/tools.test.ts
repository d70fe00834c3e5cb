import { describe, expect, test } from 'vitest';
import { findBreaks } from './tool-breaks.ts';
import { breakNotice, committedSnapshots, toolSnapshots } from './tools.ts';

test('who calls by the committed snapshot of the tools is not refused', async () => {
  const breaks = findBreaks(await committedSnapshots(), toolSnapshots());
  expect(breaks, breakNotice(breaks)).toEqual([]);
});

describe('a change of a tool', () => {
  const tool = (properties: object, required: string[] = [], name = 'old_name', aliases: string[] = []) => ({
    name,
    aliases,
    inputSchema: { type: 'object', properties, required },
  });
  const fields = { id: { type: 'string', maxLength: 10 }, kind: { type: ['string', 'null'], enum: ['a', 'b', null] } };
  const before = [tool(fields)];

  test.each([
    ['removed', [], /no tool old_name.*aliases/],
    ['renamed without an alias', [tool(fields, [], 'new_name')], /no tool old_name/],
    ['without a field it had', [tool({ id: fields.id })], /takes no kind/],
    ['with a field that is now required', [tool(fields, ['id'])], /requires id/],
    ['with another type', [tool({ ...fields, id: { type: 'integer' } })], /id is no string/],
    ['with fewer types', [tool({ ...fields, kind: { type: 'string', enum: ['a', 'b', null] } })], /kind is no null/],
    ['with fewer choices', [tool({ ...fields, kind: { ...fields.kind, enum: ['a', null] } })], /kind does not take "b"/],
    ['with choices where there was any text', [tool({ ...fields, id: { type: 'string', enum: ['x'] } })], /id does not take "any text"/],
    ['with a narrower limit', [tool({ ...fields, id: { type: 'string', maxLength: 5 } })], /id has a narrower maxLength \(5\)/],
  ])('%s is a break', (_what, after, text) => {
    expect(findBreaks(before, after)).toEqual([expect.stringMatching(text)]);
  });

  test.each([
    ['renamed with an alias', [tool(fields, [], 'new_name', ['old_name'])]],
    ['with one more field', [tool({ ...fields, more: { type: 'string' } })]],
    ['with one more choice', [tool({ ...fields, kind: { ...fields.kind, enum: ['a', 'b', 'c', null] } })]],
    ['with a wider limit', [tool({ ...fields, id: { type: 'string' } })]],
  ])('%s is none', (_what, after) => {
    expect(findBreaks(before, after)).toEqual([]);
  });

  test('is seen inside of arrays too', () => {
    const list = (items: object) => [tool({ list: { type: 'array', items } })];
    expect(findBreaks(list({ type: 'string' }), list({ type: 'integer' }))).toEqual([expect.stringMatching(/list\[\] is no string/)]);
  });
});
