/** A Markdown document as rules look at it: sections, prose, tables, scripts with their commands, all with places. */

import type { Code, InlineCode, List, ListItem, Parents, Root, RootContent, Table } from 'mdast';
import { toString } from 'mdast-util-to-string';
import { parseMarkdown } from '../markdown.ts';
import type { Place, Source } from '../source.ts';
import { type Call, callsOf } from './calls.ts';
import { type Script, fenceScript, inlineScript, isShell } from './scripts.ts';

export interface Section {
  readonly title: string;
  /** 0 for what stands before the first heading. */
  readonly depth: number;
  readonly at: Place;
  /** The titles from the outermost heading to this one. */
  readonly path: readonly string[];
  /** The number of the heading of depth 2 it is under, so that parts of one procedure can be told from another. */
  readonly part: number;
}

/** A run of prose as it is written: a heading, a paragraph, a cell. */
export interface Prose {
  readonly kind: 'heading' | 'paragraph' | 'cell';
  readonly text: string;
  readonly section: Section;
  readonly lines: { readonly first: number; readonly last: number };
  readonly at: (index: number) => Place;
}

export interface Item {
  readonly node: ListItem;
  readonly text: string;
  readonly at: Place;
  readonly section: Section;
}

export interface TableAt {
  readonly section: Section;
  readonly headings: readonly string[];
  readonly rows: readonly { readonly cells: readonly string[]; readonly at: Place }[];
}

/** A comment that a renderer hides, and the lines that it speaks about. */
export interface Hidden {
  readonly text: string;
  readonly at: Place;
  readonly lines: { readonly first: number; readonly last: number };
}

export interface LintDocument {
  readonly source: Source;
  /** The YAML at the head; empty: there is none. */
  readonly frontMatter: string;
  readonly sections: readonly Section[];
  readonly prose: readonly Prose[];
  readonly items: readonly Item[];
  readonly tables: readonly TableAt[];
  readonly scripts: readonly Script[];
  /** Every command of every script in the order of the document, also those that others run (`ssh`, `kubectl exec`, `sudo`). */
  readonly calls: readonly Call[];
  readonly hidden: readonly Hidden[];
}

export function readDocument(source: Source): LintDocument {
  const { tree, frontMatter } = parseMarkdown(source.text);
  const reader = new Reader(source, new LineStarts(source.text));
  reader.children(tree, undefined);
  const { sections, prose, items, tables, scripts, hidden } = reader;
  return { source, frontMatter: frontMatter ?? '', sections, prose, items, tables, scripts, hidden, calls: callsOf(scripts) };
}

/** Places of offsets, without counting lines from the top for each. */
class LineStarts {
  private readonly starts: readonly number[];

  constructor(text: string) {
    this.starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  }

  placeOf(offset: number): Place {
    let low = 0;
    let high = this.starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (this.starts[low] ?? 0) + 1 };
  }
}

class Reader {
  readonly prose: Prose[] = [];
  readonly items: Item[] = [];
  readonly tables: TableAt[] = [];
  readonly scripts: Script[] = [];
  readonly hidden: Hidden[] = [];
  readonly sections: Section[] = [{ title: '', depth: 0, at: { line: 1, column: 1 }, path: [], part: 0 }];
  /** The headings that the next one may be under. */
  private readonly open: { readonly title: string; readonly depth: number }[] = [];
  private readonly source: Source;
  private readonly starts: LineStarts;

  constructor(source: Source, starts: LineStarts) {
    this.source = source;
    this.starts = starts;
  }

  /** `list`: the outermost list around. */
  children(parent: Root | Parents, list: List | undefined): void {
    for (const [index, child] of parent.children.entries()) this.node(child, parent, index, list);
  }

  private node(node: RootContent, parent: Root | Parents, index: number, list: List | undefined): void {
    if (node.type === 'code') return this.code(node, parent.children[index + 1]);
    if (node.type === 'inlineCode') return this.inline(node, parent, index, list);
    if (node.type === 'html') return this.html(node.value, node, parent, index);
    if (node.type === 'heading') this.heading(toString(node), node.depth, startOf(node));
    if (node.type === 'heading' || node.type === 'paragraph') return this.text(node.type, node, list);
    if (node.type === 'tableCell') return this.text('cell', node, list);
    if (node.type === 'table') this.tables.push(this.table(node));
    if (node.type === 'listItem') this.items.push({ node, text: toString(node.children[0]), at: startOf(node), section: this.section });
    if ('children' in node) this.children(node, list ?? (node.type === 'list' ? node : undefined));
  }

  private get section(): Section {
    return this.sections.at(-1) ?? { title: '', depth: 0, at: { line: 1, column: 1 }, path: [], part: 0 };
  }

  private heading(title: string, depth: number, at: Place): void {
    while ((this.open.at(-1)?.depth ?? 0) >= depth) this.open.pop();
    this.open.push({ title, depth });
    const path = this.open.map((each) => each.title);
    this.sections.push({ title, depth, at, path, part: this.section.part + (depth <= 2 ? 1 : 0) });
  }

  private text(kind: Prose['kind'], node: Parents, list: List | undefined): void {
    const start = offsetOf(node);
    const text = this.source.text.slice(start, node.position?.end.offset);
    const lines = { first: node.position?.start.line ?? 1, last: node.position?.end.line ?? 1 };
    this.prose.push({ kind, text, section: this.section, lines, at: (index) => this.starts.placeOf(start + index) });
    this.children(node, list);
  }

  private table(node: Table): TableAt {
    const [head, ...rows] = node.children.map((row) => ({ cells: row.children.map((cell) => toString(cell).trim()), at: startOf(row) }));
    return { section: this.section, headings: head?.cells ?? [], rows };
  }

  private code(node: Code, next: RootContent | undefined): void {
    if (!isShell(node.lang)) return;
    const expected = next?.type === 'code' && (next.lang === 'output' || next.lang === 'expect');
    this.scripts.push(fenceScript(node, this.source.text, this.section, expected));
  }

  private inline(node: InlineCode, parent: Root | Parents, index: number, list: List | undefined): void {
    const before = parent.children
      .slice(0, index)
      .map((each) => toString(each))
      .join('');
    const script = inlineScript(node, before, list, this.source.text, this.section);
    if (script !== undefined) this.scripts.push(script);
  }

  private html(value: string, node: RootContent, parent: Root | Parents, index: number): void {
    const block = parent.type !== 'paragraph' && parent.type !== 'heading' && parent.type !== 'tableCell';
    const next = block ? parent.children[index + 1] : undefined;
    // Not a pattern: a thousand comments that do not end would each be searched to the end.
    for (let start = value.indexOf('<!--'); start >= 0;) {
      const end = value.indexOf('-->', start);
      if (end < 0) break;
      const at = this.starts.placeOf(offsetOf(node) + start);
      const first = next?.position?.start.line ?? at.line;
      this.hidden.push({ text: value.slice(start + 4, end).trim(), at, lines: { first, last: next?.position?.end.line ?? at.line } });
      start = value.indexOf('<!--', end);
    }
  }
}

function startOf(node: RootContent | Parents): Place {
  return { line: node.position?.start.line ?? 1, column: node.position?.start.column ?? 1 };
}

function offsetOf(node: RootContent | Parents): number {
  return node.position?.start.offset ?? 0;
}
