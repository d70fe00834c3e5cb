/** Reads CommonMark with GFM and front matter into a syntax tree (mdast). Every text is Markdown, so this has no errors. */

import type { Root } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { frontmatterFromMarkdown } from 'mdast-util-frontmatter';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { frontmatter } from 'micromark-extension-frontmatter';
import { gfm } from 'micromark-extension-gfm';

export function parseMarkdown(text: string): Root {
  return fromMarkdown(text, {
    extensions: [frontmatter('yaml'), gfm()],
    mdastExtensions: [frontmatterFromMarkdown('yaml'), gfmFromMarkdown()],
  });
}
