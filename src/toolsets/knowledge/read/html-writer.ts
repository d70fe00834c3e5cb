/** Writes Markdown from the elements of a page in their order. Marks of emphasis are left out: who quotes a sentence does not know them. */

type Attributes = Readonly<Record<string, string>>;

/** A quote, or an item of a list: what stands before its lines. */
interface Container {
  first: string;
  rest: string;
  begun: boolean;
}

/** Lists and quotes in each other, beyond which marks say nothing any more and their indentation would be most of the text. */
const deepest = 10;

/** Elements that are in the middle of a line. All others begin one, also those that nobody knows. */
const inline = new Set(
  'a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd label mark q rp rt ruby s samp small span strike strong sub sup time tt u var wbr'.split(
    ' ',
  ),
);

export class HtmlWriter {
  readonly #blocks: string[] = [];
  readonly #containers: Container[] = [];
  /** Open ones beyond the deepest. */
  #deeper = 0;
  /** Of the open lists: the number of the next item; undefined: without numbers. */
  readonly #lists: (number | undefined)[] = [];
  /** What is written of the line so far. */
  #line: string[] = [];
  /** Where open links and code began in it. */
  readonly #marks: { tag: string; from: number; href?: string }[] = [];
  #heading = 0;
  /** Whether the block before was in a list. */
  #inList = false;
  #pre: { language: string; depth: number } | undefined;
  #table: { rows: string[][]; inCell: boolean } | undefined;

  text(value: string): void {
    // Places to break a word at are not seen, and would hide it from whoever looks for it.
    const seen = value.replaceAll(/[\u00AD\u200B]/g, '');
    this.#line.push(this.#pre === undefined ? seen.replaceAll(/[ \t\n\f\r\u00A0]+/g, ' ') : seen);
  }

  enter(tag: string, attributes: Attributes, isLayout: boolean): void {
    if (this.#pre !== undefined) {
      if (tag === 'pre') this.#pre.depth += 1;
      if (tag === 'br') this.#line.push('\n');
      this.#pre.language ||= languageOf(attributes);
      return;
    }
    if (inline.has(tag)) return this.#enterInline(tag, attributes);
    if (tag === 'br') return void this.#line.push(this.#isOneLine() ? ' ' : '\n');
    if (this.#isOneLine()) return this.#enterCell(tag);
    this.#flush();
    if (/^h[1-6]$/.test(tag)) this.#heading = Number(tag[1]);
    else if (tag === 'pre') this.#pre = { language: languageOf(attributes), depth: 1 };
    else if (tag === 'hr') this.#write(['***']);
    else if (tag === 'table' && !isLayout) this.#table = { rows: [], inCell: false };
    else if (tag === 'blockquote') this.#contain('> ', '> ');
    else if (tag === 'ul') this.#lists.push(undefined);
    else if (tag === 'ol') this.#lists.push(Number.parseInt(attributes['start'] ?? '1', 10) || 1);
    else if (tag === 'li') this.#enterItem();
  }

  leave(tag: string, isLayout: boolean): void {
    if (this.#pre !== undefined) {
      if (tag === 'pre') this.#pre.depth -= 1;
      if (this.#pre.depth === 0) this.#writeCode();
      return;
    }
    if (inline.has(tag) || tag === 'br') return this.#leaveInline(tag);
    if (tag === 'table' && !isLayout && this.#table !== undefined) return this.#writeTable(this.#table.rows);
    if (this.#table !== undefined) return this.#leaveCell(tag);
    if (this.#heading > 0 && !/^h[1-6]$/.test(tag)) return void this.#line.push(' ');
    this.#flush();
    this.#heading = 0;
    if (tag === 'ul' || tag === 'ol') this.#lists.pop();
    if (tag === 'li' || tag === 'blockquote') this.#leaveContainer();
  }

  /** The Markdown of it all. */
  end(): string {
    this.#flush();
    return this.#blocks.join('');
  }

  /** In a heading and in a cell there are no blocks. */
  #isOneLine(): boolean {
    return this.#heading > 0 || this.#table !== undefined;
  }

  #enterInline(tag: string, attributes: Attributes): void {
    if (tag === 'img') this.#line.push(` ${attributes['alt'] ?? ''} `);
    else if (tag === 'a' || tag === 'code') this.#marks.push({ tag, from: this.#line.length, href: attributes['href'] });
  }

  #leaveInline(tag: string): void {
    if (tag !== 'a' && tag !== 'code') return;
    const mark = this.#marks.at(-1);
    // Blocks within a link end its line, and with it the link.
    if (mark?.tag !== tag) return;
    this.#marks.pop();
    const inside = this.#line.splice(mark.from).join('');
    this.#line.push(tag === 'code' ? asCode(inside) : asLink(inside, mark.href ?? ''));
  }

  #enterItem(): void {
    const number = this.#lists.at(-1);
    const mark = number === undefined ? '- ' : `${number}. `;
    if (number !== undefined) this.#lists[this.#lists.length - 1] = number + 1;
    this.#contain(mark, ' '.repeat(mark.length));
  }

  #contain(first: string, rest: string): void {
    if (this.#containers.length === deepest) this.#deeper += 1;
    else this.#containers.push({ first, rest, begun: false });
  }

  #leaveContainer(): void {
    if (this.#deeper > 0) this.#deeper -= 1;
    else this.#containers.pop();
  }

  #enterCell(tag: string): void {
    if (this.#table === undefined) return void this.#line.push(' ');
    if (tag === 'tr') this.#table.rows.push([]);
    else if (tag === 'td' || tag === 'th') {
      this.#line = [];
      this.#table.inCell = true;
    } else this.#line.push(' ');
  }

  #leaveCell(tag: string): void {
    if (this.#table === undefined) return;
    if (tag === 'td' || tag === 'th') {
      this.#table.rows.at(-1)?.push(tidy(this.#takeLine()).replaceAll('\n', ' '));
      this.#table.inCell = false;
    } else if (this.#table.inCell) this.#line.push(' ');
    // What is in no cell is the caption, which stands above.
    else this.#flush();
  }

  #takeLine(): string {
    const line = this.#line.join('');
    this.#line = [];
    this.#marks.length = 0;
    return line;
  }

  #flush(): void {
    const text = tidy(this.#takeLine());
    if (text === '') return;
    if (this.#heading > 0) this.#write([`${'#'.repeat(this.#heading)} ${text.replaceAll('\n', ' ')}`]);
    else this.#write(text.split('\n').map(guard));
  }

  #writeCode(): void {
    const code = this.#takeLine().replace(/\n+$/, '');
    const language = this.#pre?.language ?? '';
    this.#pre = undefined;
    if (code.trim() === '') return;
    let fence = '```';
    for (const [ticks] of code.matchAll(/`{3,}/g)) if (ticks.length >= fence.length) fence = `${ticks}\``;
    this.#write([`${fence}${language}`, ...code.split('\n'), fence]);
  }

  #writeTable(rows: readonly string[][]): void {
    this.#table = undefined;
    const filled = rows.filter((cells) => cells.some((cell) => cell !== ''));
    const columns = filled.reduce((most, { length }) => Math.max(most, length), 0);
    // One column is a list of paragraphs.
    if (columns < 2) for (const cells of filled) this.#write([guard(cells.join(' '))]);
    else {
      const [head = '', ...body] = filled.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
      const missing = columns - (filled[0]?.length ?? 0);
      this.#write([`${head}${'  |'.repeat(missing)}`, `|${' --- |'.repeat(columns)}`, ...body]);
    }
  }

  /** A block: after a blank line, or on the next line where an item follows an item. */
  #write(lines: readonly string[]): void {
    const beginsItem = this.#containers.some(({ begun, first }) => !begun && first !== '> ');
    const first = this.#containers.map((container) => (container.begun ? container.rest : container.first)).join('');
    const rest = this.#containers.map((container) => container.rest).join('');
    const follows = this.#blocks.length > 0 && beginsItem && this.#inList;
    if (this.#blocks.length > 0) this.#blocks.push(follows ? '\n' : '\n\n');
    this.#blocks.push(lines.map((line, index) => `${index === 0 ? first : rest}${line}`.trimEnd()).join('\n'));
    for (const container of this.#containers) container.begun = true;
    this.#inList = this.#containers.some(({ first: mark }) => mark !== '> ');
  }
}

function languageOf(attributes: Attributes): string {
  return /(?:^|\s)lang(?:uage)?-([\w+#-]{1,30})/.exec(attributes['class'] ?? '')?.[1] ?? '';
}

function tidy(line: string): string {
  return line
    .replaceAll(/ *\n */g, '\n')
    .replaceAll(/ {2,}/g, ' ')
    .trim();
}

/** Text that would be read as a mark of Markdown at the beginning of a line is not. */
function guard(line: string): string {
  return line
    .replace(/^(#{1,6}(?:\s|$)|[-+*](?:\s|$)|>|`{3}|~{3}|[-=:|*_][-=:|*_ ]*$)/, '\\$1')
    .replace(/^(\d{1,9})([.)](?:\s|$))/, '$1\\$2');
}

function asCode(text: string): string {
  if (text.trim() === '') return text;
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}

/** Only what can be followed from elsewhere; others are their words. */
function asLink(text: string, href: string): string {
  const label = text.trim();
  const target = href.trim().replaceAll(/[\s()<>\\]/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
  if (label === '' || label === href || !/^(?:https?:\/\/|mailto:)/i.test(target)) return text;
  return text.replace(label, () => `[${label.replaceAll('\n', ' ')}](${target})`);
}
