/** Names for steps, out of the words that describe them: `apply-migrations`, never `step-12`. */

/** Short enough to be typed, and to be part of the name of a file. */
const longest = 40;
const mostWords = 5;

const fillers = new Set([
  'the',
  'a',
  'an',
  'your',
  'our',
  'please',
  'then',
  'and',
  'of',
  'for',
  'to',
  'with',
  'that',
  'this',
  'is',
  'are',
  'if',
]);

/** Words as a name; empty: nothing of them can be one. */
export function slug(text: string): string {
  const words = text
    .replaceAll(/<!--[\s\S]*?-->/g, ' ')
    .replace(/^\W*(?:(?:step|phase|task|stage)\s+\d+(?:\.\d+)*|\d+(?:\.\d+)*)[.):]?(?:\s*[:–—-])?\s+/i, '')
    .replaceAll(/\([^)]*\)/g, ' ')
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[’']/g, '')
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  const telling = words.filter((word) => !fillers.has(word));
  if (words.every((word) => /^\d+$/.test(word))) return '';
  const kept: string[] = [];
  for (const word of telling.length > 0 ? telling : words) {
    if (kept.length === mostWords || [...kept, word].join('-').length > longest) break;
    kept.push(word);
  }
  return kept.join('-') || (telling[0]?.slice(0, longest) ?? '');
}

/** Each name once, and none that an item of a checklist has or gets: its words, or these with a number. */
export class Names {
  readonly #items: ReadonlySet<string>;
  readonly #taken = new Set<string>();
  /** The number that a name was last given, so that a thousand of one name are not counted anew for each. */
  readonly #counts = new Map<string, number>();

  constructor(items: Iterable<string>) {
    this.#items = new Set(items);
  }

  /** The first that is free, of candidates from the one that says most to the one that says least. */
  take(candidates: readonly string[]): string {
    const usable = candidates.filter((name) => name !== '');
    const [first = 'run'] = usable;
    let name = usable.find((each) => this.#isFree(each));
    for (let count = (this.#counts.get(first) ?? 1) + 1; name === undefined; count += 1) {
      this.#counts.set(first, count);
      name = [`${first}-${count}`, `${first}-step-${count}`].find((each) => this.#isFree(each));
    }
    this.#taken.add(name);
    return name;
  }

  #isFree(name: string): boolean {
    return !this.#taken.has(name) && !this.#items.has(name) && !this.#items.has(name.replace(/-\d+$/, ''));
  }
}
