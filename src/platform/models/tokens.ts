/**
 * How many tokens a model makes of a text, estimated: no tokenizer fits every model, a compatible server does not tell its own, and the exact one of one
 * of them costs 2 MB of tables. Rather too many than too few, at worst a seventh too few; never more than one for a UTF-16 unit, so that a cut can be
 * found for any limit. Counting bytes is simpler, and finds half of the tokens of ids and twice those of plain English.
 */

/** Models split long words in parts of about this many letters. */
const lettersPerToken = 7;
/** In alphabets other than the Latin one parts are shorter. */
const otherLettersPerToken = 3;
const digitsPerToken = 3;
const capitalsPerToken = 3;
/** Rulers and indentation. */
const repeatedPerToken = 8;

type Kind = 'blank' | 'lower' | 'upper' | 'digit' | 'letter' | 'ideograph' | 'mark';

/** Stops counting above `most`: whoever asks whether a text fits need not wait for the end of a long one. */
export function estimateTokens(text: string, start = 0, end = text.length, most = Infinity): number {
  let tokens = 0;
  let at = start;
  while (at < end && tokens <= most) {
    const run = runAt(text, at, end);
    tokens += run.tokens;
    at = run.end;
  }
  return tokens;
}

/** What tokenizers look at as one: a word up to the next capital, digits, a character that repeats. */
function runAt(text: string, start: number, limit: number): { end: number; tokens: number } {
  const first = text.charCodeAt(start);
  const kind = kindOf(first);
  let end = start + 1;
  if (kind === 'upper') {
    // HTTPServer: capitals, then a word.
    while (end < limit && kindOf(text.charCodeAt(end)) === 'upper') end += 1;
    const capitals = end - start;
    while (end < limit && kindOf(text.charCodeAt(end)) === 'lower') end += 1;
    if (capitals === 1) return { end, tokens: Math.ceil((end - start) / lettersPerToken) };
    return { end, tokens: Math.ceil(capitals / capitalsPerToken) + Math.ceil((end - start - capitals) / lettersPerToken) };
  }
  if (kind === 'ideograph') return { end, tokens: 1 };
  if (kind === 'mark') {
    while (end < limit && text.charCodeAt(end) === first) end += 1;
    return { end, tokens: Math.ceil((end - start) / repeatedPerToken) };
  }
  while (end < limit && kindOf(text.charCodeAt(end)) === kind) end += 1;
  return { end, tokens: tokensOf(kind, end - start) };
}

function tokensOf(kind: Exclude<Kind, 'upper' | 'ideograph' | 'mark'>, length: number): number {
  switch (kind) {
    case 'lower':
      return Math.ceil(length / lettersPerToken);
    case 'letter':
      return Math.ceil(length / otherLettersPerToken);
    case 'digit':
      return Math.ceil(length / digitsPerToken);
    case 'blank':
      // One blank belongs to the word behind it.
      return length === 1 ? 0 : Math.ceil(length / repeatedPerToken);
  }
}

function kindOf(unit: number): Kind {
  if (unit < 0x80) return asciiKinds[unit] ?? 'mark';
  // Latin letters with accents count as letters of words.
  if (unit >= 0xc0 && unit < 0x250) return 'lower';
  if (unit < 0x370) return 'mark';
  if (unit < 0x1100) return 'letter';
  if (unit >= 0x1e00 && unit < 0x2000) return 'letter';
  if (unit === 0x3000 || (unit >= 0x2000 && unit < 0x200b)) return 'blank';
  // Kana, Han, Hangul, surrogates of what is rarer still, and symbols.
  return 'ideograph';
}

const asciiKinds: readonly Kind[] = Array.from({ length: 0x80 }, (_, unit) => {
  const character = String.fromCharCode(unit);
  if (/\s/.test(character)) return 'blank';
  if (/[a-z]/.test(character)) return 'lower';
  if (/[A-Z]/.test(character)) return 'upper';
  return /\d/.test(character) ? 'digit' : 'mark';
});
