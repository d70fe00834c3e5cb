/** Cuts secrets out of text, also where a secret is split over several pieces. Only the value goes, never the line around it. */

import { formsOf } from './forms.ts';

/** Takes the text of one stream piece by piece. What may be the beginning of a secret waits for the next piece. */
export interface RedactedStream {
  push(text: string): string;
  /** What was waiting. */
  end(): string;
}

export interface Redactor {
  /** From now on this is cut out as well; streams that are open notice. */
  add(name: string, secret: string): void;
  text(text: string): string;
  stream(): RedactedStream;
}

export function createRedactor(): Redactor {
  /** By what is looked for. */
  const replacements = new Map<string, string>();
  let search: RegExp | undefined;
  let longest = 0;

  const replace = (text: string): string => (search === undefined ? text : text.replace(search, (form) => replacements.get(form) ?? ''));

  /** From where on the text may turn out to be a secret, when more of it comes. */
  const openFrom = (text: string, from: number): number => {
    for (let start = Math.max(from, text.length - longest + 1); start < text.length; start += 1) {
      const end = text.slice(start);
      for (const form of replacements.keys()) if (form.length > end.length && form.startsWith(end)) return start;
    }
    return text.length;
  };

  /** How much of the text can go out: as it would be replaced if all of it were there, the leftmost secret first. */
  const settled = (text: string): number => {
    for (let from = 0; ;) {
      const open = openFrom(text, from);
      if (search === undefined || open === from) return open;
      search.lastIndex = from;
      const match = search.exec(text);
      if (match === null || match.index >= open) return open;
      from = match.index + match[0].length;
    }
  };

  return {
    add(name, secret) {
      for (const form of formsOf(secret)) if (!replacements.has(form)) replacements.set(form, `[secret ${name}]`);
      // The longest first: a secret may hold another.
      const forms = [...replacements.keys()].sort((a, b) => b.length - a.length);
      longest = forms[0]?.length ?? 0;
      search = forms.length === 0 ? undefined : new RegExp(forms.map(literally).join('|'), 'g');
    },
    text: replace,
    stream() {
      let waiting = '';
      return {
        push(text) {
          const all = waiting + text;
          const until = settled(all);
          waiting = all.slice(until);
          return replace(all.slice(0, until));
        },
        end() {
          const rest = replace(waiting);
          waiting = '';
          return rest;
        },
      };
    },
  };
}

/** The text as a pattern that matches it alone. */
function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
