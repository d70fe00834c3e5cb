/** Reads JSON that strangers send: nesting is bounded before it is parsed, and a fault is told by its place, never by its content. */

import { unreadable } from '../platform/problem.ts';

/** Deepest nesting of a body. Our own deepest shape has five levels; the rest is room for the caller's JSON. */
export const maxJsonDepth = 64;

/** @throws Problem `unreadable` with the line and column of the first fault. */
export function parseJson(text: string): unknown {
  const deep = findTooDeep(text);
  if (deep !== undefined)
    throw unreadable({
      message: `The body is nested deeper than ${maxJsonDepth} levels (${place(text, deep)}).`,
      next: 'Send a flatter structure.',
      details: { max_depth: maxJsonDepth },
    });
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const at = findFault(text);
    throw unreadable({
      message: `The body is not valid JSON: it ${at >= text.length ? 'ends too early' : 'breaks'} at ${place(text, at)}.`,
      next: 'Send one JSON value in UTF-8.',
      details: { position: at },
    });
  }
}

function place(text: string, at: number): string {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  return `line ${line}, column ${at - before.lastIndexOf('\n')}`;
}

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d];

/** The offset of the first bracket beyond the limit. It counts brackets outside strings, so it neither recurses nor allocates. */
function findTooDeep(text: string): number | undefined {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === quote) at = endOfString(text, at);
    else if (character === openBrace || character === openBracket) {
      depth += 1;
      if (depth > maxJsonDepth) return at;
    } else if (character === closeBrace || character === closeBracket) depth -= 1;
  }
  return undefined;
}

/** The offset of the closing quote, or of the end of the text. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === quote) return at;
    if (character === backslash) at += 1;
  }
  return text.length;
}

const space = /[ \t\n\r]*/y;
const plain = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
/** A piece of a string. Bounded, because one pattern over a whole string of megabytes overflows the engine's stack. */
const piece = /[^"\\\u0000-\u001f]{1,4096}|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** Moves over tokens; a step that does not match returns false and leaves the place at the fault. */
function openReader(text: string) {
  let at = 0;
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    if (!pattern.test(text)) return false;
    at = pattern.lastIndex;
    return true;
  };
  const character = (wanted: string): boolean => {
    take(space);
    if (text[at] !== wanted) return false;
    at += 1;
    return true;
  };
  const string = (): boolean => {
    if (!character('"')) return false;
    while (take(piece));
    if (text[at] !== '"') return false;
    at += 1;
    return true;
  };
  return {
    place: () => at,
    character,
    /** After `{`, or after `,` in an object. */
    key: () => string() && character(':'),
    scalar: () => string() || take(plain),
  };
}

/**
 * Where text that JSON.parse refused stops being JSON. The engine's own message quotes the text, which may be
 * a password, and gives no offset for most faults.
 */
function findFault(text: string): number {
  const reader = openReader(text);
  const closers: ('}' | ']')[] = [];
  for (;;) {
    const closer = reader.character('{') ? '}' : reader.character('[') ? ']' : undefined;
    if (closer !== undefined) {
      if (!reader.character(closer)) {
        closers.push(closer);
        if (closer === '}' && !reader.key()) return reader.place();
        continue;
      }
    } else if (!reader.scalar()) return reader.place();
    // A value has ended: close everything that ends with it, then go on to the next member.
    for (let next = false; !next;) {
      const inside = closers.at(-1);
      if (inside === undefined) return reader.place();
      if (reader.character(inside)) closers.pop();
      else if (!reader.character(',')) return reader.place();
      else if (inside === '}' && !reader.key()) return reader.place();
      else next = true;
    }
  }
}
