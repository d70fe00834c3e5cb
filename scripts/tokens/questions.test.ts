import { describe, expect, test } from 'vitest';
import { compileToolsets } from '../../src/operations/compile.ts';
import { createRanking } from '../../src/server/mcp/ranking.ts';
import { toolsets } from '../../src/toolsets/index.ts';
import { type ToolQuestion, heldOutQuestions, knownQuestions } from '../../test/support/tool-questions.ts';

describe('of questions in plain words, find_tools', () => {
  const compiled = compileToolsets(toolsets);
  const rank = createRanking(compiled);
  /** The place of the first tool that is meant, from 1. */
  const placeOf = ({ question, tools }: ToolQuestion) =>
    rank(question, compiled).findIndex(({ operation }) => tools.includes(operation.name)) + 1 || Infinity;

  test.each([
    ['that were looked at while its words were chosen', knownQuestions],
    ['that were kept aside', heldOutQuestions],
  ])('answers those %s: 95% among the first three, 80% first', (which, questions) => {
    const places = questions.map(placeOf);
    const within = (most: number) => places.filter((place) => place <= most).length;
    console.log(`questions ${which}: ${within(1)} of ${questions.length} first, ${within(3)} among the first three`);
    const missed = questions.filter((_, index) => (places[index] ?? 0) > 1).map(({ question }) => question);
    expect(within(3) / questions.length, missed.join('; ')).toBeGreaterThanOrEqual(0.95);
    expect(within(1) / questions.length, missed.join('; ')).toBeGreaterThanOrEqual(0.8);
  });

  test('are asked for by no operation word by word', () => {
    const copied = [...knownQuestions, ...heldOutQuestions].filter(({ question }) =>
      compiled.some(({ operation }) => (operation.keywords ?? '').includes(question.toLowerCase())),
    );
    expect(copied).toEqual([]);
  });

  test('know only tools that there are', () => {
    const names = new Set(compiled.map(({ operation }) => operation.name));
    expect([...knownQuestions, ...heldOutQuestions].flatMap(({ tools }) => tools.filter((name) => !names.has(name)))).toEqual([]);
  });
});
