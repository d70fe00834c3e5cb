/** Outcomes of checks: what decides when several things are true at once. */

import { expect, test } from 'vitest';
import { conclude, inconclusive, judged, unseen } from './result.ts';

const yes = judged('a', 1, '1', true, 'nothing');
const no = judged('b', 1, '2', false, 'mend b');
const blind = unseen('c', 'no answer', '3', 'reach c');
const unsure = inconclusive('d', 4, '< 5', 'ask d more');

test.each([
  ['all as wanted', [yes, yes], 'passed', null],
  ['one false', [yes, unsure, blind, no], 'failed', 'mend b'],
  ['one unseen', [yes, unsure, blind], 'error', 'reach c'],
  ['one undecided', [yes, unsure], 'inconclusive', 'ask d more'],
  ['nothing looked at', [], 'error', 'Nothing was looked at: say what to look at.'],
])('%s', (_name, judgements, outcome, next) => {
  expect(conclude('x', judgements)).toMatchObject({ check: 'x', outcome, next });
});

test('evidence keeps what was not decided apart from what is false', () => {
  expect(conclude('x', [no, blind], { n: 1 })).toEqual({
    check: 'x',
    outcome: 'failed',
    evidence: [
      { what: 'b', found: 1, wanted: '2', ok: false },
      { what: 'c', found: 'no answer', wanted: '3', ok: null },
    ],
    measured: { n: 1 },
    next: 'mend b',
  });
});
