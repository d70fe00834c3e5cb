/** Questions to the person: an operation asks, is undone, and is run again from its beginning with the answer. */

import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { type Problem, declined } from '../platform/problem.ts';

export interface Question<Schema extends z.ZodObject = z.ZodObject> {
  /** Tells the questions of one operation apart. */
  key: string;
  /** What the person reads. It must say all that the answer decides, because an answer counts for this very text alone. */
  message: string;
  /** The form: texts, numbers, booleans and choices, not nested. */
  schema: Schema;
  /** Raised where nobody can be asked: it says what to pass instead. */
  otherwise: Problem;
}

/** What came back for a question, as it came. */
export interface Answer {
  /** Of the text that was answered: see `digestOf`. */
  question: string;
  response: unknown;
}

export type Answers = Readonly<Record<string, Answer>>;

/** Thrown by `ask` and caught by the face, which brings the question to the person. Not an error: nothing failed. */
export class QuestionAsked extends Error {
  readonly question: Question;

  constructor(question: Question) {
    super(`a question is open: ${question.key}`);
    this.name = 'QuestionAsked';
    this.question = question;
  }
}

/**
 * The answer to the question. Without one this throws `QuestionAsked`, also when the answer was to another text: what it
 * was about has changed meanwhile. `answers` undefined: this caller cannot be asked.
 * @throws Problem `otherwise`; `declined` when the person does not want to
 */
export function ask<Schema extends z.ZodObject>(answers: Answers | undefined, question: Question<Schema>): z.output<Schema> {
  if (answers === undefined) throw question.otherwise;
  const answer = Object.hasOwn(answers, question.key) ? answers[question.key] : undefined;
  if (answer === undefined || answer.question !== digestOf(question)) throw new QuestionAsked(question);
  const { action, content } = isObject(answer.response) ? answer.response : {};
  if (action === 'decline' || action === 'cancel') throw notWanted();
  const parsed = question.schema.safeParse(content);
  if (action !== 'accept' || !parsed.success) throw new QuestionAsked(question);
  return parsed.data;
}

/** What the person said no to; nothing was changed. */
export function notWanted(): Problem {
  return declined({
    message: 'The person was asked and does not want it. Nothing was changed.',
    next: 'Leave it, and tell the person what you would have done.',
  });
}

/** Stands for the text of a question in a signed state, which is short. */
export function digestOf({ key, message }: Question): string {
  return createHash('sha256').update(`${key}\n${message}`).digest('base64url').slice(0, 22);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
