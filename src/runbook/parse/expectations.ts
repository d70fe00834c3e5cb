/** Reads the fences that follow a step: what its output must be, and what must be true of it. */

import type { Expectation } from '../document.ts';
import { assertionForms, parseAssertion } from '../expect/assertions.ts';
import { parseOutput } from '../expect/output.ts';
import { type Values, substitute } from '../names.ts';
import type { Fault } from '../source.ts';
import type { Fence } from './fences.ts';

export function readExpectations(fence: Fence, values: Values | undefined, faults: Fault[]): Expectation[] {
  return fence.language === 'output' ? readOutput(fence, values, faults) : readAssertions(fence, values, faults);
}

function readOutput({ text: written, firstLine, place }: Fence, values: Values | undefined, faults: Fault[]): Expectation[] {
  const text = substitute(written, values ?? new Map());
  const output = parseOutput(text);
  if ('lines' in output) return [{ kind: 'output', text, place, output }];
  const line = firstLine + output.faultyLine;
  faults.push({
    line,
    column: 1,
    message: 'The line ends in (re) and is not a regular expression.',
    fix: 'Mend it, or leave out (re) to have it taken as it stands.',
  });
  return [];
}

function readAssertions({ text: written, firstLine }: Fence, values: Values | undefined, faults: Fault[]): Expectation[] {
  return written.split('\n').flatMap((line, index): Expectation[] => {
    const text = substitute(line.trim(), values ?? new Map());
    if (text === '') return [];
    const place = { line: firstLine + index, column: line.length - line.trimStart().length + 1 };
    const assertion = parseAssertion(text);
    if (assertion !== undefined) return [{ kind: 'assertion', text, place, assertion }];
    faults.push({ ...place, message: `${JSON.stringify(text)} is not an assertion.`, fix: `Write one of ${assertionForms}.` });
    return [];
  });
}
