/** Completes a question that goes on from the one before, where no model can. */

import { analyse } from '../analysis/analyse.ts';
import { type Language, detectLanguage } from '../analysis/languages.ts';

/** Words that point back, in some languages; in the others a question goes on only when it has no word of its own. */
const pointing = new Set(
  `it its they them their theirs this that these those he him his she her hers ones
  ihn ihm ihr ihnen ihre ihren seine seinen dessen deren dies diese diesen dieser dieses dort dabei dafür davon damit dazu
  elle ils elles lui leur leurs celui celle ceux celles cela ça
  él ella ello ellos ellas eso esto ese esa aquello`.split(/\s+/),
);

/** With these at its beginning it goes on as well. */
const going = /^(?:and|but|und|aber|et|mais|y|pero|what about|how about)\b/iu;

/** The question with the words of the one before in parentheses; the question itself where it can be understood alone. */
export function completeQuestion(question: string, before: string, fallback: Language): string {
  const words = question.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const own = contentOf(question, fallback);
  if (own.length > 0 && !going.test(question) && !words.some((word) => pointing.has(word))) return question;
  const known = new Set(own.map(({ term }) => term));
  const added = contentOf(before, fallback).filter(({ term }) => !known.has(term) && known.add(term));
  return added.length === 0 ? question : `${question} (${added.map(({ word }) => word).join(' ')})`;
}

/** The words that say something. */
function contentOf(text: string, fallback: Language): { term: string; word: string }[] {
  return analyse(text, detectLanguage(text, fallback)).map(({ term, start, end }) => ({ term, word: text.slice(start, end) }));
}
