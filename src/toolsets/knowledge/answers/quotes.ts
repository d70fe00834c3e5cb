/** Finds what somebody quotes in the text that it is quoted from. */

export interface Place {
  /** UTF-16 units of the text. */
  start: number;
  end: number;
}

/** One word stands anywhere by chance; two that follow each other were read. */
const fewestWords = 2;

const words = new Intl.Segmenter('en', { granularity: 'word' });

/**
 * Where the text says this; undefined: nowhere, or it is too little to say anything. What models change without meaning to makes no difference:
 * white space, upper and lower case, forms of quotation marks and dashes, marks of Markdown, and punctuation at either end. Every word does.
 */
export function findQuote(text: string, quote: string): Place | undefined {
  const wanted = fold(quote).text.replace(edges, '');
  if ([...words.segment(wanted)].filter(({ isWordLike }) => isWordLike === true).length < fewestWords) return undefined;
  const folded = fold(text);
  for (let at = folded.text.indexOf(wanted); at !== -1; at = folded.text.indexOf(wanted, at + 1)) {
    if (!standsAlone(folded.text, at, at + wanted.length)) continue;
    const [start, last] = [folded.places[at], folded.places[at + wanted.length - 1]];
    if (start !== undefined && last !== undefined) return { start, end: last + widthAt(text, last) };
  }
  return undefined;
}

const edges = /^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu;

interface Folded {
  text: string;
  /** For each unit of the folded text, the place of the character that it comes from. */
  places: number[];
}

const space = /\s/u;
/** Marks of Markdown, and what has no width. */
const unseen = /[*`\p{Cf}]/u;
const singles = /['‘’‚‛′]/u;
const doubles = /["“”„‟«»″]/u;
const dashes = /\p{Pd}/u;

function fold(text: string): Folded {
  let folded = '';
  const places: number[] = [];
  const add = (part: string, place: number) => {
    folded += part;
    for (let unit = 0; unit < part.length; unit += 1) places.push(place);
  };
  let place = 0;
  for (const character of text) {
    if (space.test(character)) {
      if (!folded.endsWith(' ')) add(' ', place);
    } else if (!unseen.test(character)) add(foldCharacter(character), place);
    place += character.length;
  }
  return { text: folded, places };
}

function foldCharacter(character: string): string {
  if (singles.test(character)) return "'";
  if (doubles.test(character)) return '"';
  if (dashes.test(character)) return '-';
  return character.normalize('NFKC').toLowerCase();
}

/** Not in the middle of a word. Scripts that put no spaces between words have no such middle. */
function standsAlone(text: string, start: number, end: number): boolean {
  return !(joined(text[start - 1], text[start]) || joined(text[end - 1], text[end]));
}

const partOfWord = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Arabic}\p{N}]/u;

function joined(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && partOfWord.test(one) && partOfWord.test(other);
}

function widthAt(text: string, unit: number): number {
  return (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1;
}
