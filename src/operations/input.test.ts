import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Problem } from '../platform/problem.ts';
import { maxDepth, parseInput } from './input.ts';

const schema = z.strictObject({
  title: z.string().min(1).max(5),
  labels: z.array(z.string().max(3)).optional(),
  data: z.record(z.string(), z.unknown()).optional(),
});

function problemOf(input: unknown): Problem {
  try {
    parseInput('create_thing', schema, input);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('the input was accepted');
}

const pathsOf = (problem: Problem) => (problem.details['problems'] as { path: string }[]).map(({ path }) => path);

describe('parseInput', () => {
  it('returns what the schema makes of a right input', () => {
    expect(parseInput('create_thing', schema, { title: 'a' })).toEqual({ title: 'a' });
  });

  it('lists every problem with its path, and says what to do', () => {
    const problem = problemOf({ labels: ['ok', 'too long'], titel: 'x' });
    expect(problem.code).toBe('invalid_input');
    expect(problem.message).toContain('The input of create_thing is wrong');
    expect(problem.message).toContain('title: is required');
    expect(problem.message).toContain('titel: there is no such field');
    expect(pathsOf(problem).sort()).toEqual(['labels[1]', 'titel', 'title']);
    expect(problem.next).toMatch(/correct these fields/i);
  });

  it.each([null, 'text', 7, []])('refuses %j in the place of an object', (input) => {
    expect(problemOf(input).status).toBe(422);
  });

  it('refuses the character that PostgreSQL cannot store, wherever it is', () => {
    expect(pathsOf(problemOf({ title: 'a\0' }))).toEqual(['title']);
    expect(pathsOf(problemOf({ title: 'a', data: { deep: ['x', '\0'] } }))).toEqual(['data.deep[1]']);
    expect(problemOf({ title: 'a', data: { 'k\0': 1 } }).message).toContain('field name');
  });

  it('refuses half of a surrogate pair', () => {
    expect(problemOf({ title: '\ud800' }).message).toContain('surrogate');
  });

  it('refuses deep nesting without following it', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 20_000; level += 1) deep = [deep];
    expect(problemOf({ title: 'a', data: { deep } }).message).toContain(`deeper than ${maxDepth} levels`);
  });

  it('lists at most twenty problems and counts the rest', () => {
    const problem = problemOf(Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`field${index}`, 1])));
    expect(pathsOf(problem)).toHaveLength(20);
    expect(problem.details['total']).toBe(51);
  });
});
