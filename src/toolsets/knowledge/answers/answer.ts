/** Answers a question from passages: with the chat model, whose every sentence is checked, or else with quotes. */

import type { Context } from '../../../operations/context.ts';
import type { Found, SearchResult } from '../search.ts';
import type { Assistant } from './assistant.ts';
import { CheckedAnswer, type Evidence, type Piece } from './checked.ts';
import { extract } from './extract.ts';
import { rules, writeMessage } from './prompt.ts';

export interface Answer {
  text: string;
  /** False: the sources do not say it. */
  answered: boolean;
  mode: 'extractive' | 'generated';
  citations: readonly Evidence[];
  dropped_citations: number;
  dropped_sentences: number;
}

/** Told of each piece as soon as it may be shown. */
export type Tell = (piece: Piece) => void;

/** What was read for a question. */
export interface Reading {
  /** For the model, the best first; it says itself when they do not answer. */
  passages: readonly Found[];
  /** Those of them that have enough of the words of the question to be quoted without a model. */
  quotable: readonly Found[];
  worth: SearchResult['worth'];
}

export async function answer(
  context: Context,
  assistant: Assistant,
  question: string,
  { passages, quotable, worth }: Reading,
  tell: Tell,
): Promise<Answer> {
  const checked = passages.length === 0 ? undefined : await generate(context, assistant, question, passages, tell);
  const { dropped_citations, dropped_sentences, refused } = checked ?? { dropped_citations: 0, dropped_sentences: 0, refused: false };
  const dropped = { dropped_citations, dropped_sentences };
  if (checked !== undefined && checked.text !== '')
    return { text: checked.text.trim(), answered: true, mode: 'generated', citations: checked.citations.all, ...dropped };
  if (refused) return { ...refusal(notAnswered, 'generated', tell), ...dropped };
  const pieces = extract(question, quotable, worth);
  if (pieces.length === 0) return { ...refusal(nothingFound, 'extractive', tell), ...dropped };
  for (const piece of pieces) tell(piece);
  const text = pieces.map((piece) => piece.text).join('');
  return { text: text.trim(), answered: true, mode: 'extractive', citations: pieces.flatMap((piece) => piece.citations), ...dropped };
}

const nothingFound =
  'Nothing was found in the sources that answers this. Ask in the words that the sources use, or take in what is missing with ingest_source.';
const notAnswered = 'The passages that were found do not answer this. search_knowledge shows them; ingest_source takes in what is missing.';

function refusal(text: string, mode: Answer['mode'], tell: Tell): Answer {
  tell({ text, citations: [] });
  return { text, answered: false, mode, citations: [], dropped_citations: 0, dropped_sentences: 0 };
}

/** Undefined: there is no model. What came before it failed was checked, and stays. */
async function generate(
  context: Context,
  assistant: Assistant,
  question: string,
  passages: readonly Found[],
  tell: Tell,
): Promise<CheckedAnswer | undefined> {
  const { model } = assistant;
  if (model === undefined) return undefined;
  const { content, given } = writeMessage(question, passages, context.newId(), model.maxInputTokens);
  if (given.length === 0) {
    assistant.degraded = 'No passage is short enough for QUARTERDECK_CHAT_MAX_INPUT_TOKENS.';
    return undefined;
  }
  const checked = new CheckedAnswer(given);
  const tellAll = (pieces: readonly Piece[]) => pieces.forEach(tell);
  await assistant.write(
    () => ({ system: rules, messages: [{ role: 'user', content }] }),
    async (texts) => {
      for await (const text of texts) tellAll(checked.push(text));
      tellAll(checked.end());
    },
  );
  assistant.degraded ??= shortfallOf(assistant, checked);
  return checked;
}

/** What the caller should know of an answer whose model did not fail. */
function shortfallOf({ finish }: Assistant, { text, refused }: CheckedAnswer): string | undefined {
  if (text === '' && !refused) return 'Nothing of what the chat model wrote could be found in the sources.';
  if (finish === 'length') return 'The answer of the chat model was cut off at QUARTERDECK_CHAT_MAX_OUTPUT_TOKENS.';
  return finish === 'filtered' ? 'The answer of the chat model was cut off by a filter of its provider.' : undefined;
}
