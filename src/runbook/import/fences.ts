/** The fences of a document with what stands around them: headings, the words right before, the list or quote that they are in. */

import type { Code, Heading as HeadingNode, InlineCode, List, ListItem, Parents, PhrasingContent, Root, RootContent } from 'mdast';
import { toString } from 'mdast-util-to-string';
import { isShell } from '../lint/scripts.ts';
import { type Fence, readFence } from '../parse/fences.ts';
import type { Edit } from './edit.ts';
import { isShellFence } from './shell-fences.ts';

export interface Heading {
  readonly title: string;
  /** A bold line such as **Option 1** is one step below the heading that it stands under. */
  readonly depth: number;
  readonly parent: Heading | undefined;
}

export interface FenceAt {
  readonly fence: Fence;
  readonly start: number;
  readonly end: number;
  /** undefined: nothing stands above it. */
  readonly heading: Heading | undefined;
  /** The line of prose that announces it: `Build the image:`. */
  readonly lead: string | undefined;
  /** `list`: it can be moved to the left margin; `fixed`: it can not, and a step cannot stand where it is. */
  readonly within: 'margin' | 'list' | 'fixed';
  /** What begins a new line at the same place; undefined: nothing can stand before it there. */
  readonly prefix: string | undefined;
  /** Where the block of the document that it is part of begins. */
  readonly blockStart: number;
  /** It is no fence, but a command in the words of a numbered item, which end at `end`: what is left of these. */
  readonly inline: Edit | undefined;
}

export interface ListAt {
  readonly list: List;
  readonly heading: Heading | undefined;
}

export interface Outline {
  readonly headings: readonly Heading[];
  /** In the order of the text. */
  readonly fences: readonly FenceAt[];
  /** Those that are in nothing else. */
  readonly lists: readonly ListAt[];
}

export function readOutline(text: string, tree: Root): Outline {
  const reader = new OutlineReader(text);
  for (const [index, node] of tree.children.entries()) reader.block(node, tree, index, { root: node, item: undefined, quoted: false });
  reader.fences.sort((a, b) => a.start - b.start);
  return reader;
}

interface Around {
  /** The child of the document that it is, or is in. */
  readonly root: RootContent;
  /** The outermost item that it is in. */
  readonly item: ListItem | undefined;
  readonly quoted: boolean;
}

/** Deeper than any heading: under the heading above it, beside other bold lines. */
const boldDepth = 7;

class OutlineReader implements Outline {
  readonly headings: Heading[] = [];
  readonly fences: FenceAt[] = [];
  readonly lists: ListAt[] = [];
  private readonly deep = new Map<ListItem, number>();
  private open: Heading | undefined;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  block(node: RootContent, parent: Parents, index: number, around: Around): void {
    if (node === around.root) this.rootBlock(node);
    if (node.type === 'code') return this.code(node, parent, index, around);
    if (!('children' in node)) return;
    const quoted = around.quoted || node.type === 'blockquote';
    const item = around.item ?? (node.type === 'listItem' ? node : undefined);
    if (node.type === 'list') this.numbered(node, around);
    for (const [at, child] of node.children.entries()) this.block(child, node, at, { ...around, item, quoted });
  }

  private rootBlock(node: RootContent): void {
    if (node.type === 'heading') this.heading(toString(node), node.depth);
    if (node.type === 'paragraph' && isLabel(node)) this.heading(toString(node), boldDepth);
    if (node.type === 'list') this.lists.push({ list: node, heading: this.open });
  }

  private heading(title: string, depth: HeadingNode['depth'] | typeof boldDepth): void {
    while (this.open !== undefined && this.open.depth >= depth) this.open = this.open.parent;
    this.open = { title: title.replaceAll(/\s+/g, ' ').trim(), depth, parent: this.open };
    this.headings.push(this.open);
  }

  private code(node: Code, parent: Parents, index: number, { root, item, quoted }: Around): void {
    const fence = readFence(this.text, node);
    const [start, end] = [node.position?.start.offset, node.position?.end.offset];
    if (fence === undefined || start === undefined || end === undefined) return;
    const before = this.text.slice(this.text.lastIndexOf('\n', start - 1) + 1, start);
    const prefix = /^[\s>]*$/.test(before) ? before : undefined;
    const movable = item !== undefined && !quoted && root.type === 'list' && prefix !== undefined && end > this.lastDeep(item);
    const within = root === node ? 'margin' : movable ? 'list' : 'fixed';
    const previous = parent.children[index - 1];
    const lead = previous?.type === 'paragraph' ? leadOf(toString(previous), parent.type === 'listItem' ? 1 : 3) : undefined;
    const blockStart = root.position?.start.offset ?? start;
    this.fences.push({
      fence,
      start,
      end,
      heading: this.open,
      lead,
      within,
      prefix,
      blockStart,
      inline: undefined,
    });
  }

  /** `2. Restart it: `systemctl restart shop` (takes a minute)`: the only command of a numbered item that announces it or begins with it. */
  private numbered(list: List, { root, item: outermost, quoted }: Around): void {
    if (list.ordered !== true || quoted) return;
    for (const item of list.children) {
      const [words] = item.children;
      const end = words?.position?.end.offset;
      if (words?.type !== 'paragraph' || end === undefined || typeof item.checked === 'boolean' || item.children[1]?.type === 'code')
        continue;
      const commands = words.children.filter((node) => node.type === 'inlineCode' && isShellFence('', node.value));
      const [command] = commands;
      if (command?.type !== 'inlineCode' || commands.length > 1 || end <= this.lastDeep(outermost ?? item)) continue;
      const before = toString({ type: 'paragraph', children: words.children.slice(0, words.children.indexOf(command)) });
      if (!/^\s*$|(?::|—|–|\brun)\s*$/i.test(before) || /\b(?:never|not|avoid|instead|don['’]t)\b/i.test(before)) continue;
      const place = { line: item.position?.start.line ?? 1, column: item.position?.start.column ?? 1 };
      const fence = {
        language: 'bash',
        place,
        firstLine: place.line,
        text: command.value + expectedAfter(words.children, command),
        attributes: undefined,
        faults: [],
      };
      const lead = before.trim().replace(/\s*(?::|—|–|\brun)$/i, '') || undefined;
      this.fences.push({
        fence,
        start: end,
        end,
        heading: this.open,
        lead,
        within: 'list',
        prefix: '',
        blockStart: root.position?.start.offset ?? end,
        inline: this.withoutCommand(command),
      });
    }
  }

  /** A command that stands twice would be changed once. What begins a line must not begin a list or a quote instead. */
  private withoutCommand({ position }: InlineCode): Edit {
    const [start, end] = [position?.start.offset ?? 0, position?.end.offset ?? 0];
    const line = this.text.slice(this.text.lastIndexOf('\n', start - 1) + 1, start);
    if (/^\s*(?:\d+[.)]\s*)*$/.test(line)) return { start, end, text: 'Run:' };
    const blanks = /[ \t]*$/.exec(line)?.[0].length ?? 0;
    return { start: start - blanks, end, text: '' };
  }

  /** Where the last line of an item begins that would be code at the left margin, where four blanks make it so. Fences of a shell move as well. */
  private lastDeep(item: ListItem): number {
    const known = this.deep.get(item);
    if (known !== undefined) return known;
    let offset = item.position?.start.offset ?? 0;
    let last = 0;
    let closing: string | undefined;
    for (const line of this.text.slice(offset, item.position?.end.offset).split('\n')) {
      const [, bar, language] = /^\s*(`{3,}|~{3,})[ \t]*([^\s{]*)/.exec(line) ?? [];
      if (closing !== undefined) {
        if (bar?.startsWith(closing) === true) closing = undefined;
      } else if (bar !== undefined && isShell(language)) closing = bar;
      else if (/^(?: {4}| {0,3}\t)/.test(line) && line.trim() !== '') last = offset;
      offset += line.length + 1;
    }
    this.deep.set(item, last);
    return last;
  }
}

/** `… returns `"v2"``, as a comment says it. */
function expectedAfter(words: readonly PhrasingContent[], command: PhrasingContent): string {
  const [verb, value] = words.slice(words.indexOf(command) + 1);
  const says = verb?.type === 'text' && /^\s*(?:should )?(?:returns?|shows?|prints?|outputs?|says?)\s*:?\s*$/i.test(verb.value);
  return says && value?.type === 'inlineCode' ? `\n# Expected: ${value.value.replaceAll(/\s+/g, ' ')}` : '';
}

const label = /^(?:option|alternative|method|variant)\s+[a-z0-9]\b/i;

/** `**Option 1: with Docker**` */
function isLabel(node: RootContent & { type: 'paragraph' }): boolean {
  const [first] = node.children;
  return node.children.length === 1 && first?.type === 'strong' && label.test(toString(first));
}

/** Words that announce what comes: a line that ends in a colon, or begins an item. */
function leadOf(text: string, fewest: number): string | undefined {
  const line = text.trim().split('\n').at(-1)?.trim() ?? '';
  return line.endsWith(':') && line.split(/\s+/).length >= fewest && line.length <= 120 ? line.slice(0, -1) : undefined;
}
