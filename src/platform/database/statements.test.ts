import { expect, test } from 'vitest';
import { createStatementNames } from './statements.ts';

test('a text is prepared from the third time on, under one name', () => {
  const nameOf = createStatementNames({ seenOften: 3, mostPrepared: 10, mostCounted: 10 });
  expect(['select 1', 'select 1', 'select 1', 'select 1'].map(nameOf)).toEqual([undefined, undefined, 'quarterdeck_1', 'quarterdeck_1']);
  expect([1, 2, 3].map(() => nameOf('select 2'))).toEqual([undefined, undefined, 'quarterdeck_2']);
});

test('texts beyond the limit are sent as they are', () => {
  const nameOf = createStatementNames({ seenOften: 1, mostPrepared: 2, mostCounted: 10 });
  expect(['a', 'b', 'c', 'a'].map(nameOf)).toEqual(['quarterdeck_1', 'quarterdeck_2', undefined, 'quarterdeck_1']);
});

test('a flood of texts that do not come again is not counted without end', () => {
  const nameOf = createStatementNames({ seenOften: 2, mostPrepared: 10, mostCounted: 3 });
  nameOf('mine');
  for (const other of ['a', 'b', 'c', 'd']) nameOf(other);
  expect(['mine', 'mine'].map(nameOf)).toEqual([undefined, 'quarterdeck_1']);
});
