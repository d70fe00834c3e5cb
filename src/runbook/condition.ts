/** `when="ENVIRONMENT == production and REGION in eu,us"`: whether a step runs, decided by inputs and captures. */

import { type Values, substitute, variableName } from './names.ts';

interface Term {
  readonly name: string;
  readonly not: boolean;
  /** One of these, after `${NAME}` was put in. */
  readonly values: readonly string[];
}

export interface Condition {
  readonly text: string;
  readonly terms: readonly Term[];
}

const term = /^(\S+)\s*(==|!=|\s(?:not\s+)?in\s)\s*(.*)$/;

/** undefined: it cannot be read. */
export function parseCondition(text: string): Condition | undefined {
  const terms: Term[] = [];
  for (const part of text.split(/\s+and\s+/)) {
    const [, name = '', operator = '', right = ''] = term.exec(part.trim()) ?? [];
    const values = operator.includes('in') ? right.split(',').map((value) => value.trim()) : [right.trim()];
    if (!variableName.test(name) || values.some((value) => value === '' || /[\s"]/.test(value))) return undefined;
    terms.push({ name, not: operator.includes('not') || operator === '!=', values });
  }
  return { text, terms };
}

/** The names that it asks for. */
export function namesOf({ terms }: Condition): string[] {
  return terms.map(({ name }) => name);
}

/** Whether it holds. A name without a value equals nothing. */
export function holds({ terms }: Condition, values: Values): boolean {
  return terms.every(({ name, not, values: wanted }) => {
    const value = values.get(name);
    return wanted.some((one) => substitute(one, values) === value) !== not;
  });
}
