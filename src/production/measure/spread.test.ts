/** Whose doing bad numbers are. */

import { expect, test } from 'vitest';
import { type Subject, spreadOf } from './spread.ts';

const of = (name: string, version: string, bad: boolean | null): Subject => ({ name, version, bad });

test.each<[string, boolean | null, Subject[], [string, string | undefined]]>([
  ['all are good', false, [of('a', 'v1', false), of('b', 'v1', false)], ['nobody', undefined]],
  ['one of its version is bad', false, [of('a', 'v1', true), of('b', 'v1', false)], ['replica', 'a']],
  ['one is bad, and of another nobody can say', true, [of('a', 'v1', true), of('b', 'v1', null)], ['everybody', undefined]],
  ['all of one version are bad', true, [of('a', 'v1', false), of('b', 'v2', true), of('c', 'v2', true)], ['version', 'v2']],
  ['the only one of its version is bad', true, [of('a', 'v1', false), of('b', 'v2', true)], ['version', 'v2']],
  ['two of three are bad', true, [of('a', 'v1', false), of('b', 'v1', true), of('c', 'v1', true)], ['some', undefined]],
  ['all are bad', true, [of('a', 'v1', true), of('b', 'v1', true)], ['everybody', undefined]],
  ['they are bad in sum, and each has too few', true, [of('a', 'v1', null)], ['everybody', undefined]],
  ['there are too few', null, [of('a', 'v1', null)], ['unknown', undefined]],
])('when %s', (_what, overall, replicas, [kind, culprit]) => {
  expect(spreadOf(overall, replicas)).toEqual({ kind, culprit });
});
