/** Offsets in UTF-16 units, which JavaScript counts, and in code points, which citations count: many at once, in one pass. */

/** The code point offset of each place in UTF-16 units. Places must ascend; one in the middle of a character counts as behind it. */
export function toCodePoints(text: string, places: Iterable<number>): number[] {
  let unit = 0;
  let point = 0;
  const found: number[] = [];
  for (const place of places) {
    for (; unit < place && unit < text.length; point += 1) unit += widthAt(text, unit);
    found.push(point);
  }
  return found;
}

/** The UTF-16 offset of each place in code points. Places must ascend; one behind the end is the end. */
export function toUtf16(text: string, places: Iterable<number>): number[] {
  let unit = 0;
  let point = 0;
  const found: number[] = [];
  for (const place of places) {
    for (; point < place && unit < text.length; point += 1) unit += widthAt(text, unit);
    found.push(unit);
  }
  return found;
}

function widthAt(text: string, unit: number): 1 | 2 {
  return (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1;
}
