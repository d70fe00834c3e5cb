/** What a terminal would show of what a process wrote. */

import { stripVTControlCharacters } from 'node:util';

/** Without colour codes, carriage returns and spaces at the ends of lines. */
export function stripped(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[ \t\r]+$/gm, '');
}
