/** What the reader of a procedure is to replace, as inputs: `<pod-name>`, `YOUR_ORG`, `{{version}}`, hosts of example.com, `"..."`. */

import { isReserved } from '../names.ts';
import { parseShell } from '../shell/parse.ts';
import type { ShellScript, ShellWord, Span } from '../shell/types.ts';

/** In the order in which they are looked for; the first group, or all, is what the input is named after. */
const forms: readonly RegExp[] = [
  /(?<![<\d$])<([A-Za-z](?:[\w. -]*\w)?)>(?![\w>])/g,
  /\{\{\s*([A-Za-z_][\w-]*)\s*\}\}/g,
  /\b(YOUR_[A-Z0-9_]+)\b/g,
  // A host that is nobody's, and not part of an address of mail. Names under example.com are reserved for documents (RFC 2606).
  /(?<![\w.@%+-])(?:[a-z0-9-]+\.)*(?:example\.(?:com|org|net)|(?:your|my)-?(?:domain|company|org|site|host|server)\.[a-z]{2,6})(?![\w@])/g,
  /\b(your[-_][a-z][a-z0-9]*(?:[-_][a-z0-9]+)*)\b/g,
  /\b(previous-(?:version|tag|release)|(?:new-)?image:tag)\b/g,
  /\b(backup_file)\.\w+\b/g,
  /(?<=([A-Za-z][\w-]*)=["']?)\.\.\.(?=["'\s]|$)/g,
];

/** A character that no keyboard has stands at both ends of a number: a word to the shell, whatever it was before. */
const token = /\uE000(\d+)\uE001/g;

export interface Filled {
  readonly script: string;
  /** Inputs that it needs, by name, with what each stands in place of. */
  readonly inputs: ReadonlyMap<string, string>;
  /** What stands where the shell puts no value in. */
  readonly left: readonly string[];
}

export class Placeholders {
  readonly #found: { readonly text: string; readonly name: string }[] = [];
  readonly #names = new Map<string, string>();

  /** The text with a token for each placeholder, so that the shell can be read. */
  hide(text: string): string {
    let hidden = text;
    for (const form of forms)
      hidden = hidden.replaceAll(form, (found: string, ...groups: unknown[]) => {
        const [name] = groups;
        // Markup has an end tag.
        if (found.startsWith('<') && text.includes(`</${found.slice(1)}`)) return found;
        this.#found.push({ text: found, name: this.#nameOf(found, typeof name === 'string' ? name : undefined) });
        return `\uE000${this.#found.length - 1}\uE001`;
      });
    return hidden;
  }

  /** The text as it was. */
  restore(hidden: string): string {
    return hidden.replaceAll(token, (whole, index: string) => this.#found[Number(index)]?.text ?? whole);
  }

  /** The script with variables in place of the tokens, quoted as each place needs it. */
  fill(hidden: string): Filled {
    const shell = parseShell(hidden);
    const words = wordsOf(shell).toSorted((a, b) => a.end - a.start - (b.end - b.start));
    const inputs = new Map<string, string>();
    const left: string[] = [];
    const edits: Edit[] = [];
    for (const { index, 0: whole, 1: number } of hidden.matchAll(token)) {
      const placeholder = this.#found[Number(number)];
      if (placeholder === undefined || shell.comments.some(({ start, end }) => start <= index && index < end)) continue;
      const at = { start: index, end: index + whole.length };
      const word = words.find(({ start, end }) => start <= at.start && at.end <= end);
      if (word === undefined) left.push(placeholder.text);
      else {
        inputs.set(placeholder.name, placeholder.text);
        if (!edits.some(({ start }) => start === word.start)) edits.push(this.#edit(word, at, placeholder.name));
      }
    }
    const script = edits.toSorted((a, b) => b.start - a.start).reduce(put, hidden);
    return { script: this.restore(script), inputs, left };
  }

  /** One pair of quotes around the whole word reads best, where nothing in it means something else within quotes. */
  #edit({ text, quoted, start, end }: ShellWord, at: Span, name: string): Edit {
    if (!quoted && /^[\w\uE000\uE001./:@=,+%$^-]+$/.test(text)) {
      const [, before = '', rest = text] = /^(--?[\w-]+=|[A-Za-z_]\w*=)?(.*)$/.exec(text) ?? [];
      const nameOf = (index: string) => this.#found[Number(index)]?.name ?? '';
      const filled = rest.replaceAll(token, (whole, index: string, offset: number) =>
        reference(nameOf(index), rest[offset + whole.length]),
      );
      return { start, end, text: `${before}"${filled}"` };
    }
    const variable = reference(name, text[at.end - start]);
    const quote = quoteAt(text, at.start - start);
    return { ...at, text: quote === '"' ? variable : quote === "'" ? `'"${variable}"'` : `"${variable}"` };
  }

  /** One name for one text, and for one name in different brackets. */
  #nameOf(text: string, inner: string | undefined): string {
    // Dots stand for something else each time.
    const key = text === '...' ? `${text} ${inner ?? ''}` : text;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = inner === undefined ? hostName(text) : variableNameOf(inner);
    this.#names.set(key, name);
    return name;
  }
}

interface Edit extends Span {
  readonly text: string;
}

function put(text: string, { start, end, text: filled }: Edit): string {
  return text.slice(0, start) + filled + text.slice(end);
}

/** Braces where the name would go on. */
function reference(name: string, next: string | undefined): string {
  return /\w/.test(next ?? '') ? `\${${name}}` : `$${name}`;
}

/** `pod-name` as POD_NAME; `your-org` as ORG. */
export function variableNameOf(text: string): string {
  const name = text
    .replace(/^(?:your|my|the|insert|enter)[-_ ]+/i, '')
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '_')
    .slice(0, 40)
    .replaceAll(/^_|_$/g, '');
  if (name === '') return 'VALUE';
  if (/^\d/.test(name)) return `VALUE_${name}`;
  return isReserved(name) ? `${name}_VALUE` : name;
}

/** `staging.shop.example.com` as STAGING_SHOP_HOST; example.com itself as HOST. */
function hostName(host: string): string {
  const own = host.split('.').slice(0, -2);
  return [...own, 'host']
    .join('_')
    .toUpperCase()
    .replaceAll(/\W/g, '_')
    .replace(/^(?=\d)/, 'HOST_');
}

/** Every word of the script, also those of assignments and redirections. */
export function wordsOf({ commands }: ShellScript): ShellWord[] {
  return commands.flatMap(({ words, assignments, redirections }) => [
    ...words,
    ...assignments.flatMap(({ value }) => value ?? []),
    ...redirections.flatMap(({ target }) => target ?? []),
  ]);
}

/** The quote that is open at an offset of a word. */
function quoteAt(text: string, offset: number): string {
  let quote = '';
  for (let index = 0; index < offset; index += 1) {
    const letter = text[index] ?? '';
    if (letter === '\\' && quote !== "'") index += 1;
    else if (letter === quote) quote = '';
    else if (quote === '' && (letter === '"' || letter === "'")) quote = letter;
  }
  return quote;
}
