/** Writes text so that a shell takes it as it is. */

/** As one word. */
export function inQuotes(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
