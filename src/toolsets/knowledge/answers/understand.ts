/** Makes a question of a conversation one that can be understood, and searched for, alone. */

import type { Context } from '../../../operations/context.ts';
import { toLanguage } from '../rules.ts';
import { clean } from './clean.ts';
import { completeQuestion } from './follow-up.ts';
import type { Assistant } from './assistant.ts';
import { type Turn, rewritingRules, writeRewriting } from './prompt.ts';

/** UTF-16 units of a question: a long paragraph. What is longer is a document. */
export const longestQuestion = 1_000;

/** Tokens of the longest question. */
const mostTokens = 500;

export async function understand(context: Context, assistant: Assistant, question: string, turns: readonly Turn[]): Promise<string> {
  const last = turns.at(-1);
  if (last === undefined) return question;
  const rewritten = await assistant.write(
    (chat) => ({
      system: rewritingRules,
      messages: [{ role: 'user', content: writeRewriting(question, turns, context.newId(), chat.maxInputTokens) }],
      maxOutputTokens: mostTokens,
    }),
    async (parts) => {
      let text = '';
      for await (const part of parts) text += part;
      return text;
    },
  );
  const written = clean(rewritten ?? '', [question, ...turns.map((turn) => turn.question)]).replace(/\s+/g, ' ');
  const rewrittenQuestion = written.trim().slice(0, longestQuestion);
  return rewrittenQuestion === ''
    ? completeQuestion(question, last.question, toLanguage(context.settings.knowledgeLanguage))
    : rewrittenQuestion;
}
