/** Reads what stands in braces after the language of a fence: `{name=apply timeout=5m approve="release manager"}`. */

import type { Fault, Place } from '../source.ts';

export interface Attribute {
  readonly name: string;
  /** As written, with `${NAME}` still in it. */
  readonly value: string;
  /** Of the name. */
  readonly place: Place;
}

export interface ReadAttributes {
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly faults: readonly Fault[];
}

/** A bare word, with `${NAME}` in it where it likes, or anything but a quote between quotes. There are no escapes. */
const pair = /([A-Za-z_][\w-]*)(?:=(?:"([^"\n]*)"|((?:\$\{\w+\}|[^\s"{}])+)))?(?=[\s}]|$)/y;

/** `text` begins with the brace, which is at `place`. */
export function readAttributes(text: string, place: Place): ReadAttributes {
  const attributes = new Map<string, Attribute>();
  const faults: Fault[] = [];
  const at = (offset: number): Place => ({ line: place.line, column: place.column + offset });
  let offset = 1;
  for (;;) {
    offset += /^\s*/.exec(text.slice(offset))?.[0].length ?? 0;
    if (text[offset] === '}' || offset >= text.length) break;
    pair.lastIndex = offset;
    const [whole, name, quoted, bare] = pair.exec(text) ?? [];
    if (whole === undefined || name === undefined) {
      faults.push({
        ...at(offset),
        message: `${JSON.stringify(wordAt(text, offset))} is not an attribute.`,
        fix: 'Write name=word, or name="some words" without a quote inside.',
      });
      break;
    }
    const value = quoted ?? bare;
    if (value === undefined)
      faults.push({ ...at(offset), message: `The attribute ${name} has no value.`, fix: `Write ${name}=word or ${name}="some words".` });
    else if (attributes.has(name))
      faults.push({ ...at(offset), message: `The attribute ${name} stands here twice.`, fix: 'Keep one of the two.' });
    else attributes.set(name, { name, value, place: at(offset) });
    offset += whole.length;
  }
  if (faults.length === 0) faults.push(...endFaults(text, offset, at));
  return { attributes, faults };
}

function endFaults(text: string, offset: number, at: (offset: number) => Place): Fault[] {
  if (offset >= text.length) return [{ ...at(0), message: 'The brace is not closed.', fix: 'End the attributes with } on the same line.' }];
  const rest = text.slice(offset + 1).trim();
  return rest === ''
    ? []
    : [
        {
          ...at(offset + 1),
          message: `${JSON.stringify(rest)} stands after the attributes.`,
          fix: 'Put it inside the braces, or leave it out.',
        },
      ];
}

function wordAt(text: string, offset: number): string {
  return /^\S+/.exec(text.slice(offset))?.[0] ?? '';
}
