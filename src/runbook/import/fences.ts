/** The fences of a document with what stands around them: headings, the words right before, the list or quote that they are in. */

import type { Code, Heading as HeadingNode, List, Parents, Root, RootContent } from 'mdast';
import { toString } from 'mdast-util-to-string';
import { isShell } from '../lint/scripts.ts';
import { type Fence, readFence } from '../parse/fences.ts';

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
}

export interface ListAt {
  readonly list: List;
  readonly heading: Heading | undefined;
}

export interface Outline {
  readonly headings: readonly Heading[];
  readonly fences: readonly FenceAt[];
  /** Those that are in nothing else. */
  readonly lists: readonly ListAt[];
}

export function readOutline(text: string, tree: Root): Outline {
  const reader = new OutlineReader(text);
  for (const [index, node] of tree.children.entries()) reader.block(node, tree, index, node);
  return reader;
}

/** Deeper than any heading: under the heading above it, beside other bold lines. */
const boldDepth = 7;

class OutlineReader implements Outline {
  readonly headings: Heading[] = [];
  readonly fences: FenceAt[] = [];
  readonly lists: ListAt[] = [];
  private open: Heading | undefined;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** `root`: the child of the document that it is, or is in. */
  block(node: RootContent, parent: Parents, index: number, root: RootContent): void {
    if (node === root && node.type === 'heading') this.heading(toString(node), node.depth);
    if (node === root && node.type === 'paragraph' && isLabel(node)) this.heading(toString(node), boldDepth);
    if (node === root && node.type === 'list') this.lists.push({ list: node, heading: this.open });
    if (node.type === 'code') return this.code(node, parent, index, root);
    if ('children' in node) for (const [at, child] of node.children.entries()) this.block(child, node, at, root);
  }

  private heading(title: string, depth: HeadingNode['depth'] | typeof boldDepth): void {
    while (this.open !== undefined && this.open.depth >= depth) this.open = this.open.parent;
    this.open = { title: title.replaceAll(/\s+/g, ' ').trim(), depth, parent: this.open };
    this.headings.push(this.open);
  }

  private code(node: Code, parent: Parents, index: number, root: RootContent): void {
    const fence = readFence(this.text, node);
    const [start, end] = [node.position?.start.offset, node.position?.end.offset];
    if (fence === undefined || start === undefined || end === undefined) return;
    const before = this.text.slice(this.text.lastIndexOf('\n', start - 1) + 1, start);
    const prefix = /^[\s>]*$/.test(before) ? before : undefined;
    const movable = root.type === 'list' && prefix !== undefined && this.canMove(node, end, root);
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
    });
  }

  /** Whether what follows it in its item stays what it is at the left margin, where four blanks begin a block of code. */
  private canMove(node: Code, end: number, list: RootContent): boolean {
    if (list.type !== 'list' || isQuoted(list, node)) return false;
    const item = list.children.find(({ position }) => (position?.end.offset ?? 0) >= end);
    const rest = this.text.slice(end, item?.position?.end.offset);
    return !withoutFences(rest).some((line) => /^(?: {4}| {0,3}\t)/.test(line) && line.trim() !== '');
  }
}

function isQuoted(parent: Parents, node: Code): boolean {
  return parent.children.some((child) => {
    if (child === node || !('children' in child)) return false;
    return child.type === 'blockquote' ? contains(child, node) : isQuoted(child, node);
  });
}

function contains(parent: Parents, node: Code): boolean {
  return parent.children.some((child) => child === node || ('children' in child && contains(child, node)));
}

/** Its lines but those of fences of a shell, which move as well. */
function withoutFences(text: string): string[] {
  const lines: string[] = [];
  let closing: string | undefined;
  for (const line of text.split(/\r?\n/).slice(1)) {
    const [, mark, language] = /^\s*(`{3,}|~{3,})[ \t]*([^\s{]*)/.exec(line) ?? [];
    if (closing === undefined) {
      if (mark === undefined || !isShell(language)) lines.push(line);
      else closing = mark;
    } else if (mark?.startsWith(closing) === true) closing = undefined;
  }
  return lines;
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
