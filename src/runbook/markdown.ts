/** Reads CommonMark with GFM and front matter. Every text is Markdown, so this has no errors. */

import type { Root } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';

export interface MarkdownDocument {
  readonly tree: Root;
  /** The YAML from the second line to the closing dashes; undefined: there is none. */
  readonly frontMatter: string | undefined;
}

const frontMatterBlock = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)(?<=\n)---[ \t]*(?:\r?\n|$)/;

/** Places in the tree are those of `text`. */
export function parseMarkdown(text: string): MarkdownDocument {
  const { block, frontMatter } = splitFrontMatter(text);
  const body = block === '' ? text : block.replaceAll(/[^\r\n]/g, ' ') + text.slice(block.length);
  return {
    tree: fromMarkdown(body, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }),
    frontMatter,
  };
}

export interface FrontMatterBlock {
  /** With its dashes, up to the next line; empty: there is none. */
  readonly block: string;
  readonly frontMatter: string | undefined;
}

export function splitFrontMatter(text: string): FrontMatterBlock {
  const [block = '', frontMatter] = frontMatterBlock.exec(text) ?? [];
  return { block, frontMatter };
}
