/** Lines and paragraphs of a page, which a PDF does not have: only text, and where it stands. */

/** Of pdf.js. */
export interface TextItem {
  str: string;
  /** The last two are where it stands, upwards from the lower left; the third and fourth hold the size. */
  transform: number[];
  hasEOL: boolean;
}

interface Line {
  text: string;
  /** Of its first item. */
  y: number;
  size: number;
}

/** Lines are usually 1.2 of their size apart. */
const paragraphGap = 1.6;
/** A heading differs more from the text below it than a word in small capitals from its line. */
const sameSize = 1.15;

/** The paragraphs of a page, with its lines; a word that was divided at the end of one is whole again. */
export function paragraphsOf(items: readonly TextItem[]): string[] {
  const paragraphs: string[][] = [];
  let before: Line | undefined;
  for (const line of linesOf(items)) {
    const last = paragraphs.at(-1);
    if (before === undefined || last === undefined || isApart(before, line)) paragraphs.push([line.text]);
    else last.push(line.text);
    before = line;
  }
  return paragraphs.map(joinLines);
}

function linesOf(items: readonly TextItem[]): Line[] {
  const lines: Line[] = [];
  let parts: string[] = [];
  let first: TextItem | undefined;
  const end = () => {
    const text = clean(parts.join(''));
    if (text !== '' && first !== undefined) lines.push({ text, y: first.transform[5] ?? 0, size: sizeOf(first) });
    parts = [];
    first = undefined;
  };
  for (const item of items) {
    parts.push(item.str);
    if (item.str.trim() !== '') first ??= item;
    if (item.hasEOL) end();
  }
  end();
  return lines;
}

function sizeOf({ transform }: TextItem): number {
  return Math.hypot(transform[2] ?? 0, transform[3] ?? 0);
}

/** Further down than the next line would be, further up as the next column is, or of another size. */
function isApart(before: Line, line: Line): boolean {
  const size = Math.max(before.size, line.size);
  const down = before.y - line.y;
  return down > paragraphGap * size || down < -size / 2 || size > sameSize * Math.min(before.size, line.size);
}

/** What a font without a table of its characters gives is no text: NUL cannot even be stored. */
function clean(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\0\s]+/g, ' ')
    .trim();
}

function joinLines(lines: readonly string[]): string {
  return lines.join('\n').replaceAll(/(?<=\p{Ll})[-\u00AD]\n(?=\p{Ll})/gu, '');
}
