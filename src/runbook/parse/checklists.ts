/** Reads task lists: an item that ends in a command is an automatic check, any other is for a person to confirm. */

import type { List, ListItem, PhrasingContent } from 'mdast';
import { toString } from 'mdast-util-to-string';
import type { Check, Confirmation } from '../document.ts';
import type { Fault, Place } from '../source.ts';

/** The words of an item as a name. Where it is taken, a number follows. */
export function itemName(text: string): string {
  const words = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replaceAll(/^-|-$/g, '');
  return words || 'item';
}

export function readChecklist(list: List, faults: Fault[], nameFor: (text: string) => string): (Check | Confirmation)[] {
  return list.children.flatMap((item) => {
    const own = typeof item.checked === 'boolean' ? [readItem(item, faults, nameFor)] : [];
    const nested = item.children.filter((child) => child.type === 'list').flatMap((child) => readChecklist(child, faults, nameFor));
    return [...own, ...nested];
  });
}

function readItem(item: ListItem, faults: Fault[], nameFor: (text: string) => string): Check | Confirmation {
  const place: Place = { line: item.position?.start.line ?? 1, column: item.position?.start.column ?? 1 };
  if (item.checked === true)
    faults.push({
      ...place,
      message: 'The item is ticked in the file.',
      fix: 'Write - [ ]: what was done is in the report of a run, not in the runbook.',
    });
  const [paragraph] = item.children;
  const content = paragraph?.type === 'paragraph' ? paragraph.children : [];
  const command = commandAtEnd(content);
  const words = command === undefined ? content : content.slice(0, -1);
  const text = toString({ type: 'paragraph', children: words })
    .replaceAll(/\s+/g, ' ')
    .replace(/\s*[—–:-]?\s*$/, '')
    .trim();
  if (text === '')
    faults.push({
      ...place,
      message: 'The item does not say what it is about.',
      fix: 'Write a few words, before the command if it has one.',
    });
  const name = nameFor(text);
  return command === undefined ? { type: 'confirmation', name, place, text } : { type: 'check', name, place, text, script: command };
}

function commandAtEnd(content: readonly PhrasingContent[]): string | undefined {
  const last = content.at(-1);
  if (last?.type !== 'inlineCode' || !last.value.startsWith('$ ')) return undefined;
  return last.value.slice(2).trim();
}
