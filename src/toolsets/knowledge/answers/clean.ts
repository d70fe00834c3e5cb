/**
 * Takes out of a text what could act on whoever shows it: a picture or a link is a request to an address, and its address can carry what was
 * read. Renderers differ, so what is left is neither in Markdown nor in HTML.
 */

import { stripVTControlCharacters } from 'node:util';

/** What stands in the place of an address that was taken out. */
export const removedLink = '(link removed)';

/** `sources`: texts whose addresses may stay, because the reader can see them there. Pictures never stay. */
export function clean(text: string, sources: readonly string[]): string {
  const keep = (address: string) => sources.some((source) => source.includes(address));
  const plain = stripVTControlCharacters(text).replace(lineEnds, '\n').replace(controls, '');
  return inert(
    plain
      .replace(picture, '')
      .replace(link, (_, words: string, address: string) => `${words} ${address}`)
      .replace(element, '')
      .replace(address, (found) => {
        const trailing = /[.,;:!?)\]'"*_]*$/.exec(found)?.[0] ?? '';
        const bare = found.slice(0, found.length - trailing.length);
        return `${keep(bare) ? bare : removedLink}${trailing}`;
      }),
  );
}

/** What is still a form of a link or a picture after its parts were put together. */
export function inert(text: string): string {
  return text
    .replaceAll('](', '] (')
    .replaceAll('![', '! [')
    .replaceAll('][', '] [')
    .replace(/^(\s*)\[([^\]\n]*)\]:/gm, '$1$2:');
}

const lineEnds = /\r\n?|[\u0085\u2028\u2029]/g;
/** All but line ends and tabs; and what has no width, but for the two that scripts and emoji join letters with. */
const controls = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}]/gu;
const picture = /!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])?/g;
const link = /\[([^\]]*)\]\(\s*<?([^\s)>]*)[^)]*\)/g;
/** Elements that fetch, lead away, hide or run; `Array<string>` stays. */
const element =
  /<\/?(?:a|area|applet|audio|base|body|button|embed|form|frame|frameset|html|iframe|image|img|input|link|math|meta|object|portal|script|source|style|svg|table|td|textarea|track|video)\b[^>]*>?/gi;
const address =
  /(?:[a-z][a-z0-9+.-]*:\/\/|\b(?:javascript|data|vbscript|file|mailto|tel|blob):(?=\S)|(?<![:\w/])\/\/(?=[^\s/])|\\\\(?=[^\s\\])|\bwww\.)[^\s<>"`|{}]*/gi;
