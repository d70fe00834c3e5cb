/** Reads the citations that a model writes into its answer: `[2: "words of the second source"]`. */

/** What a model says that it has something from. */
export interface Claim {
  /** Number of the source, as the model was told. */
  source: number;
  /** Undefined: it named the source alone. */
  quote: string | undefined;
}

export interface Mark {
  /** UTF-16 unit of `text` behind which it stood. */
  at: number;
  /** How many units were left out there. */
  length: number;
  claims: Claim[];
}

export interface Marked {
  /** Without the marks, and without the white space before them. */
  text: string;
  marks: Mark[];
  /** What may be the beginning of a mark whose end has not come yet. */
  rest: string;
}

/** A longer one is no quote, and what follows is not held back for its end. */
const longest = 1_500;

const opens = /\[\s*\^?\d{1,3}\s*[:,;\]]/y;
const mayOpen = /\[\s*\^?\d{0,3}\s*$/y;
const claim =
  /\s*\^?(\d{1,3})\s*(?::\s*(?:["“”„«»‘’']([^]{1,1200}?)["“”„«»‘’'](?=\s*(?:\]|[,;]\s*\^?\d))|(?!\s*["“”„«»‘’'])([^\]]{0,1200})))?\s*/y;

/** What a mark says that cannot be read: there is no such source. */
const nothing: Claim = { source: 0, quote: undefined };

/** `whole`: nothing more will come. */
export function readMarks(written: string, whole: boolean): Marked {
  let text = '';
  const marks: Mark[] = [];
  let place = 0;
  for (let open = written.indexOf('['); open !== -1; open = written.indexOf('[', place)) {
    text += written.slice(place, open);
    place = open;
    if (!at(opens, written, open)) {
      if (!whole && at(mayOpen, written, open)) return { text, marks, rest: written.slice(open) };
      text += '[';
      place += 1;
      continue;
    }
    const mark = readMark(written, open);
    if (mark === undefined && !whole && written.length - open < longest) return { text, marks, rest: written.slice(open) };
    place = mark?.end ?? endOfLine(written, open);
    const before = text.trimEnd();
    const length = text.length - before.length + place - open;
    marks.push({ at: before.length, length, claims: mark?.claims ?? [nothing] });
    text = before;
  }
  return { text: text + written.slice(place), marks, rest: '' };
}

/** Undefined: it has no end. */
function readMark(written: string, open: number): { claims: Claim[]; end: number } | undefined {
  const claims: Claim[] = [];
  for (let place = open + 1; ; place += 1) {
    claim.lastIndex = place;
    const found = claim.exec(written);
    if (found === null) return undefined;
    const [, source, quoted, bare] = found;
    claims.push({ source: Number(source), quote: quoted ?? bare });
    place = claim.lastIndex;
    if (written[place] === ']') return { claims, end: place + 1 };
    if (written[place] !== ',' && written[place] !== ';') return undefined;
  }
}

function endOfLine(written: string, from: number): number {
  const end = written.indexOf('\n', from);
  return end === -1 ? written.length : end;
}

function at(pattern: RegExp, text: string, place: number): boolean {
  pattern.lastIndex = place;
  return pattern.test(text);
}
