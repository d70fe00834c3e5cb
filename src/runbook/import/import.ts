/** Makes a first draft in this format out of a runbook in prose. What it cannot decide, it asks in the text. */

import { basename } from 'node:path';
import { toString } from 'mdast-util-to-string';
import { visit } from 'unist-util-visit';
import { parseMarkdown, splitFrontMatter } from '../markdown.ts';
import { mark, openQuestions } from '../mark.ts';
import { readFence } from '../parse/fences.ts';
import type { Place, Source } from '../source.ts';
import { adaptText } from './adapt.ts';
import { fence, renderBlock } from './blocks.ts';
import { draftFences } from './draft.ts';
import type { Edit } from './edit.ts';
import { readOutline } from './fences.ts';
import { isFrontMatter, makeHead } from './head.ts';

/**
 * The text of the draft. It can be parsed, whatever the source is.
 * @throws Error where there is a refusal
 */
export function importRunbook(source: Source): string {
  const refusal = refusalOf(source);
  if (refusal !== undefined) throw new Error(refusal);
  const bom = source.text.startsWith('\uFEFF') ? '\uFEFF' : '';
  const crlf = /\r\n/.test(source.text) && !/(?<!\r)\n|\r(?!\n)/.test(source.text);
  const text = (crlf ? source.text.replaceAll('\r\n', '\n') : source.text).slice(bom.length);
  const { yaml, body } = split(text);
  const { tree } = parseMarkdown(body);
  const outline = readOutline(body, tree);
  const heading = tree.children.find((node) => node.type === 'heading' && node.depth === 1);
  const title = oneLine(heading === undefined ? '' : toString(heading)) || basename(source.file).replace(/\.\w+$/, '') || 'Runbook';
  const draft = draftFences(body, tree, outline, title);
  const { text: head, foreign } = makeHead(yaml, title, draft.inputs);
  const kept = foreign === undefined ? '' : `\n${renderBlock(fence('yaml', foreign))}\n`;
  const result = head + kept + apply(body, [...draft.edits, ...adaptText(body, tree, outline, { title, choices: draft.choices })]);
  return bom + (crlf ? result.replaceAll('\n', '\r\n') : result);
}

/** The body begins with an empty line, so that dashes at its head are no front matter. */
function split(text: string): { yaml: string | undefined; body: string } {
  const { block, frontMatter } = splitFrontMatter(text);
  const yaml = frontMatter !== undefined && isFrontMatter(frontMatter) ? frontMatter : undefined;
  const body = yaml === undefined ? text : text.slice(block.length);
  return { yaml, body: body === '' || body.startsWith('\n') ? body : `\n${body}` };
}

function apply(text: string, edits: readonly Edit[]): string {
  let result = '';
  let offset = 0;
  for (const { start, end, text: put } of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    result += text.slice(offset, start) + put;
    offset = end;
  }
  return result + text.slice(offset);
}

/** Why a document is not imported; undefined: it is. What a person has written in this format would be taken for prose. */
export function refusalOf({ file, text }: Source): string | undefined {
  const [question] = openQuestions(text);
  if (question !== undefined) return `${file}:${question.line} has a ${mark}: it was imported before.`;
  const step = placeOfStep(text);
  return step === undefined ? undefined : `${file}:${step.line} is a step: the document is a runbook already.`;
}

function placeOfStep(text: string): Place | undefined {
  // Most documents need not be read for this.
  if (!/\b(?:name|undo)=/.test(text)) return undefined;
  let place: Place | undefined;
  visit(parseMarkdown(text).tree, 'code', (node) => {
    const found = readFence(text, node);
    if (place === undefined && (found?.attributes?.has('name') === true || found?.attributes?.has('undo') === true)) place = found.place;
  });
  return place;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
