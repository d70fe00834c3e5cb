/** The blocks that a draft is made of, as Markdown. */

import { mark } from '../mark.ts';
import type { Choice } from './sections.ts';

export type Block =
  | { readonly type: 'fence'; readonly language: string; readonly attributes: readonly string[]; readonly text: string }
  | { readonly type: 'question'; readonly text: string }
  | { readonly type: 'confirmation'; readonly text: string };

export function fence(language: string, text: string, attributes: readonly string[] = []): Block {
  return { type: 'fence', language, attributes, text };
}

/** What somebody has to decide, in words that say so. */
export function question(text: string): Block {
  return { type: 'question', text };
}

/** `when="ENVIRONMENT == staging"`, once for each input. */
export function whenOf(choices: readonly Choice[]): string[] {
  const terms = new Map(choices.map(({ input, value }) => [input, `${input} == ${value}`]));
  return terms.size === 0 ? [] : [`when="${[...terms.values()].join(' and ')}"`];
}

export function render(blocks: readonly Block[]): string {
  return blocks.map(renderBlock).join('\n\n');
}

export function renderBlock(block: Block): string {
  if (block.type === 'question') return `> **${mark}:** ${oneLine(block.text)}`;
  if (block.type === 'confirmation') return `- [ ] ${escaped(oneLine(block.text))}`;
  const { language, attributes, text } = block;
  const bar = '`'.repeat(Math.max(3, ...[...text.matchAll(/^\s*(`{3,})/gm)].map(([, run = '']) => run.length + 1)));
  const info = attributes.length === 0 ? language : `${language} {${attributes.join(' ')}}`;
  return `${bar}${info}\n${text}${text === '' ? '' : '\n'}${bar}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** Words of a comment say what they say, and a command among them is not one to run. */
function escaped(text: string): string {
  return text.replaceAll(/[\\`*<[\]|&]/g, (found) => `\\${found}`).replace(/^([#>+-]|\d+(?=[.)]))/, String.raw`\$1`);
}
