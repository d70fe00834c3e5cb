/** What is done to a fence in the text: something else in its place, or another word after its bar. */

import { type Block, question, render } from './blocks.ts';
import { type Edit, before, lineAbove } from './edit.ts';
import type { FenceAt } from './fences.ts';

export class FenceEdits {
  readonly edits: Edit[] = [];
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** In its place, to be read only. */
  never(at: FenceAt, questions: readonly string[]): void {
    const { fence, start, prefix, blockStart } = at;
    if (fence.language === '') return;
    if (prefix === undefined) this.edits.push(...before(this.text, blockStart, questions));
    else if (questions.length > 0) {
      const lines = render(questions.map(question)).split('\n');
      const line = start - prefix.length;
      const above = /^[\s>]*$/.test(lineAbove(this.text, line));
      const put = [...(above ? [] : ['']), ...lines, ''].map((each) => `${prefix}${each}`.trimEnd()).join('\n');
      this.edits.push({ start: line, end: line, text: `${put}\n` });
    }
    this.info(at, ' {run=never}');
  }

  /** What stands after the language. */
  info({ fence, start }: FenceAt, info: string): void {
    const [first = ''] = /^[^\r\n]*/.exec(this.text.slice(start)) ?? [];
    const bar = /^(?:`+|~+)[ \t]*/.exec(first)?.[0].length ?? 0;
    this.edits.push({ start: start + bar, end: start + first.length, text: `${fence.language}${info}` });
  }

  /** Steps stand at the left margin, with an empty line around what is no fence. */
  replace({ start, end, prefix = '', inline }: FenceAt, blocks: readonly Block[]): void {
    if (inline !== undefined) {
      const closed = /^\n\s*(?:\n|$)/.test(this.text.slice(end, end + 1000));
      this.edits.push(inline, { start: end, end, text: `\n\n${render(blocks)}${closed ? '' : '\n'}` });
      return;
    }
    const from = start - prefix.length;
    const above = lineAbove(this.text, from).trim();
    const below = /\n([^\n]*)/.exec(this.text.slice(end, end + 1000))?.[1]?.trim() ?? '';
    const [first, last] = [blocks[0], blocks.at(-1)];
    const head = above === '' || first?.type === 'fence' ? '' : '\n';
    const foot = below === '' || last?.type === 'fence' ? '' : '\n';
    // A fence that nobody closed ends with the document.
    const open = this.text[end - 1] === '\n' ? '\n' : '';
    this.edits.push({ start: from, end, text: head + render(blocks) + foot + open });
  }

  /** As text that is nothing else. */
  relabel(at: FenceAt): void {
    this.info({ ...at, fence: { ...at.fence, language: 'text' } }, '');
  }
}
