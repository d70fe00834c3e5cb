/** What generated pages have in common. */

/** Said at the top of each, so that nobody edits one by hand. */
export const generatedNote = '<!-- Written by `npm run docs` from the code. Change the code, not this page. -->';

/** A Markdown table; bars and line ends in a cell would end it. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n');
}
