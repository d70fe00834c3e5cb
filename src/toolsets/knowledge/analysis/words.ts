/** Finds the words of a text. */

/** With apostrophes inside; runs of scripts that put no spaces between words count as one. */
const words = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*(?:['’][\p{L}\p{N}][\p{L}\p{N}\p{M}]*)*/gu;

const apostrophe = "'".charCodeAt(0);
const space = ' '.charCodeAt(0);
const firstBeyondAscii = 0x80;

/** By unit, what it is in a word of ASCII; 0 is none of it. */
const small = 1;
const capital = 2;
const kinds = Uint8Array.from({ length: firstBeyondAscii }, (_, unit) => {
  const character = String.fromCharCode(unit);
  if (/[A-Z]/.test(character)) return capital;
  return /[a-z0-9]/.test(character) ? small : 0;
});

/**
 * Calls `visit` with each word and where it begins, in UTF-16 units. Looks at the units one by one while they are ASCII, as those of most texts are: every
 * search reads some thousand words, and the expression takes several times as long. With `initials`, a word of ASCII may be passed over that begins
 * with none of these small letters and digits and has no capital further in: it is not even cut out of the text.
 */
export function eachWord(text: string, visit: (word: string, at: number) => void, initials?: ReadonlySet<string>): void {
  const wanted = initials === undefined ? all : unitsOf(initials);
  for (let at = 0; at < text.length;) {
    const unit = text.charCodeAt(at);
    if (unit < firstBeyondAscii && kinds[unit] === 0) {
      at += 1;
      continue;
    }
    let end = at;
    let inside = 0;
    for (let kind = kinds[unit]; kind !== undefined && kind !== 0 && end < text.length; kind = kinds[text.charCodeAt(end)]) {
      if (end > at) inside |= kind;
      end += 1;
    }
    const next = end < text.length ? text.charCodeAt(end) : space;
    if (end === at || next >= firstBeyondAscii || next === apostrophe) {
      words.lastIndex = at;
      const found = words.exec(text);
      if (found === null) return;
      visit(found[0], found.index);
      at = found.index + found[0].length;
      continue;
    }
    if (wanted[unit] === 1 || (inside & capital) !== 0) visit(text.slice(at, end), at);
    at = end;
  }
}

const all = new Uint8Array(firstBeyondAscii).fill(1);

/** By unit: 1 for these and their capitals. */
function unitsOf(characters: ReadonlySet<string>): Uint8Array {
  const units = new Uint8Array(firstBeyondAscii);
  for (const character of characters) for (const form of [character, character.toUpperCase()]) units[form.charCodeAt(0)] = 1;
  return units;
}
