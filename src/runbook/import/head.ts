/** The front matter of a draft: what the document had, a title, and the inputs that were found. */

import { Document, isMap, parseDocument } from 'yaml';
import { readFrontMatter } from '../parse/front-matter.ts';

export interface FoundInput {
  readonly description: string;
  readonly enum?: readonly string[] | undefined;
  readonly default?: string | undefined;
  readonly secret?: boolean | undefined;
}

export interface Head {
  /** With its dashes, and the end of its last line. */
  readonly text: string;
  /** What the document had at its head and this format has no place for, as YAML; undefined: nothing. */
  readonly foreign: string | undefined;
}

/** `yaml`: what stood at the head of the document; undefined where that was no front matter. */
export function makeHead(yaml: string | undefined, title: string, inputs: ReadonlyMap<string, FoundInput>): Head {
  const { document, foreign } = ownPart(yaml ?? '');
  if (!document.has('title')) document.set('title', title);
  for (const [name, { description, enum: values, default: value, secret }] of inputs) {
    const input = {
      description,
      ...(values && { enum: values }),
      ...(value !== undefined && { default: value }),
      ...(secret === true && { secret }),
    };
    if (!document.hasIn(['inputs', name])) document.setIn(['inputs', name], document.createNode(input, { flow: true }));
  }
  return { text: `---\n${document.toString({ lineWidth: 0 })}---\n`, foreign };
}

/** Whether it is a map: what stands between two lines of dashes may be a part of the text. */
export function isFrontMatter(yaml: string): boolean {
  const document = parseDocument(yaml);
  return document.errors.length === 0 && isMap(document.contents);
}

function ownPart(yaml: string): { document: Document; foreign: string | undefined } {
  const document = parseDocument(yaml);
  if (!isMap(document.contents)) return { document: new Document({}), foreign: undefined };
  if (readFrontMatter(yaml).faults.length === 0) return { document, foreign: undefined };
  const own = new Document({});
  for (const key of ['title', 'owner']) {
    const value = document.get(key);
    if (typeof value !== 'string' || value.trim() === '') continue;
    own.set(key, value);
    document.delete(key);
  }
  return { document: own, foreign: document.contents.items.length === 0 ? undefined : document.toString({ lineWidth: 0 }).trimEnd() };
}
