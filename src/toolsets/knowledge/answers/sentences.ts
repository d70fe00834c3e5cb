/** Cuts a text into sentences, with their places. */

export interface Sentence {
  /** UTF-16 units; every unit of the text is in one sentence. */
  start: number;
  end: number;
}

/** One language for all: the rules differ little, and a result that depends on where the server stands helps nobody. */
const sentences = new Intl.Segmenter('en', { granularity: 'sentence' });

/** Behind these, a full stop ends no sentence. */
const abbreviation = /(?:^|[\s(])(?:Dr|Mr|Mrs|Ms|Prof|St|No|Nr|vs|approx|ca|Fig|e\.g|i\.e|z\.B|d\.h|bzw|usw)\.\s*$/;
const letter = /\p{L}/u;
/** Not in the middle of an address or a name such as `api.example`. Some scripts put no space behind a full stop. */
const ending = /[\s。！？…」』）।]$/;

/** What has no letter, such as the number of an item, belongs to what follows. */
export function splitSentences(text: string): Sentence[] {
  const found: Sentence[] = [];
  let start = 0;
  for (const { index, segment } of sentences.segment(text)) {
    const end = index + segment.length;
    const soFar = text.slice(start, end);
    if (end < text.length && (!ending.test(soFar) || !letter.test(soFar) || abbreviation.test(soFar))) continue;
    found.push({ start, end });
    start = end;
  }
  return found;
}
