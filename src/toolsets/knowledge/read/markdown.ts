/** Markdown: stored as it is; its blocks are found without looking into their lines, so that time and memory grow with the text alone. */

import MarkdownIt, { type Token } from 'markdown-it';
import { parseDocument } from 'yaml';
import type { Block, BlockKind, ReadText } from './document.ts';

/** CommonMark with tables. Containers deeper than 100 are read as the text of the hundredth. */
const blockParser = new MarkdownIt('default', { html: true }).disable(['inline', 'linkify', 'replacements', 'smartquotes', 'text_join']);
const inlineParser = new MarkdownIt('default', { html: true });

/** Longer is no heading; and inlines of a hostile one would take their time. */
const maxTitle = 200;

export function readMarkdown(text: string): ReadText {
  // Front matter is short: two rulers far apart are none.
  const front = /^---[^\S\n]*\n([\s\S]{0,16000}?)(?<=\n)---[^\S\n]*(?:\n|$)/.exec(text);
  // Blanked and not cut off: lines keep their numbers.
  const body = front === null ? text : front[0].replaceAll(/[^\n]/g, '') + text.slice(front[0].length);
  const lines = lineStarts(text);
  const blocks: Block[] = front === null ? [] : [toBlock(text, { kind: 'code', start: 0, end: front[0].length })];
  const bodyStart = front === null ? 0 : lineOf(front[0]);
  const tokens = blockParser.parse(body, {});
  for (const [index, token] of tokens.entries()) {
    const kind = kindOf(token);
    if (kind === undefined || token.map === null || token.map[0] < bodyStart) continue;
    const [first, behind] = token.map;
    const block = toBlock(text, { kind, start: lines[first] ?? text.length, end: lines[behind] ?? text.length });
    if (block.end > block.start) blocks.push(kind === 'heading' ? { ...block, ...headingOf(token, tokens[index + 1]) } : block);
  }
  return { format: 'markdown', title: frontTitle(front?.[1]) ?? blocks.find(({ level }) => level === 1)?.title ?? null, text, blocks };
}

/** What has a block of its own: all that is at the top, and the items of the lists there. */
function kindOf({ type, level }: Token): BlockKind | undefined {
  if (level > 1 || (level === 1) !== (type === 'list_item_open')) return undefined;
  return kinds[type];
}

const kinds: Readonly<Record<string, BlockKind>> = {
  heading_open: 'heading',
  paragraph_open: 'paragraph',
  blockquote_open: 'paragraph',
  html_block: 'paragraph',
  hr: 'paragraph',
  list_item_open: 'list',
  fence: 'code',
  code_block: 'code',
  table_open: 'table',
};

function headingOf({ tag }: Token, inline: Token | undefined): Pick<Block, 'level' | 'title'> {
  const source = (inline?.content ?? '').slice(0, maxTitle);
  const [line] = inlineParser.parseInline(source, {});
  const title = (line?.children ?? [])
    .map(({ type, content }) => (type === 'softbreak' ? ' ' : type === 'html_inline' ? '' : content))
    .join('');
  return { level: Number(tag.slice(1)), title: title.trim() };
}

function frontTitle(yaml: string | undefined): string | null {
  if (yaml === undefined) return null;
  const value: unknown = parseDocument(yaml, { schema: 'failsafe' }).get('title');
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}

/** Without the blank lines behind it. */
function toBlock(text: string, { kind, start, end }: Block): Block {
  return { kind, start, end: start + text.slice(start, end).trimEnd().length };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

const lineOf = (text: string) => lineStarts(text).length - 1;
