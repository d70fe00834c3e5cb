/** The text of a document, places in it, and how what is wrong there is shown. */

export interface Source {
  /** As the caller named it. */
  readonly file: string;
  readonly text: string;
}

/** Both from 1, as editors count. The column is in UTF-16 code units, as in SARIF and in every editor protocol. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Something wrong in a document: what, where, and what to do. */
export interface Fault extends Place {
  readonly message: string;
  /** One sentence: what to write instead. */
  readonly fix: string;
}

/** Raised for a document that cannot be used. Nothing has run, and all that is wrong with it is in the list. */
export class FaultyDocument extends Error {
  readonly source: Source;
  readonly faults: readonly Fault[];

  constructor(source: Source, faults: readonly Fault[]) {
    super(faults.map((fault) => showFault(source, fault)).join('\n'));
    this.name = 'FaultyDocument';
    this.source = source;
    this.faults = faults;
  }
}

/** `file:line:column: message`, what to do, and the line with a caret below the place. */
export function showFault({ file, text }: Source, { line, column, message, fix }: Fault): string {
  const shown = text.split(/\r?\n/)[line - 1] ?? '';
  // Tabs stay tabs, so that the caret is below its character wherever a terminal puts it.
  const before = shown.slice(0, column - 1).replaceAll(/[^\t]/g, ' ');
  return `${file}:${line}:${column}: ${message} ${fix}\n  ${shown}\n  ${before}^`;
}

/** The place of an offset. */
export function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - start + 1 };
}
