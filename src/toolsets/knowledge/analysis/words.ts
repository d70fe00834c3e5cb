/** Finds the words of a text. */

/** With apostrophes inside; runs of scripts that put no spaces between words count as one. */
const words = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*(?:['’][\p{L}\p{N}][\p{L}\p{N}\p{M}]*)*/gu;

const apostrophe = "'".charCodeAt(0);
const space = ' '.charCodeAt(0);
const firstBeyondAscii = 0x80;

/** By unit: whether it is an ASCII letter or digit. */
const isPlain = Uint8Array.from({ length: firstBeyondAscii }, (_, unit) => (/[a-z0-9]/i.test(String.fromCharCode(unit)) ? 1 : 0));

/**
 * Calls `visit` with each word and where it begins, in UTF-16 units. Looks at the units one by one while they are ASCII, as those of most texts are: every
 * search reads some thousand words, and the expression takes several times as long.
 */
export function eachWord(text: string, visit: (word: string, at: number) => void): void {
  for (let at = 0; at < text.length;) {
    const unit = text.charCodeAt(at);
    if (unit < firstBeyondAscii && isPlain[unit] === 0) {
      at += 1;
      continue;
    }
    let end = at;
    while (end < text.length && isPlain[text.charCodeAt(end)] === 1) end += 1;
    const next = end < text.length ? text.charCodeAt(end) : space;
    if (end === at || next >= firstBeyondAscii || next === apostrophe) {
      words.lastIndex = at;
      const found = words.exec(text);
      if (found === null) return;
      visit(found[0], found.index);
      at = found.index + found[0].length;
      continue;
    }
    visit(text.slice(at, end), at);
    at = end;
  }
}
