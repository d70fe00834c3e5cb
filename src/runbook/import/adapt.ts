/** What this format reads in its own way, in a text that was not written for it: ticked boxes, empty items, tables of metrics, braces after a language. */

import type { List, ListItem, Root, Table } from 'mdast';
import { toString } from 'mdast-util-to-string';
import { visit } from 'unist-util-visit';
import { mark } from '../mark.ts';
import { isDecisionTable } from '../parse/tables.ts';
import { type Edit, before } from './edit.ts';
import { byHandQuestion } from './by-hand.ts';
import type { Heading, Outline } from './fences.ts';
import { type Choices, pathOf, roleOf } from './sections.ts';

/** The words of an item that had none. */
export const nothingToDo = `${mark}: say what this item is about`;

export function adaptText(
  text: string,
  tree: Root,
  { lists, fences }: Outline,
  { title, choices }: { readonly title: string; readonly choices: Choices },
): Edit[] {
  const edits: Edit[] = [];
  const told = new Set<Heading>();
  const done = new Set(fences.flatMap(({ inline, end }) => (inline === undefined ? [] : [end])));
  for (const { list, heading } of lists) {
    const items = tasksOf(list);
    const questions = [
      ...(items.length === 0 ? [] : [...tickedQuestion(items), ...askedAlwaysQuestion(heading, title, choices, told)]),
      ...(roleOf(heading, title).is === 'procedure' ? byHandQuestion(list, done) : []),
    ];
    edits.push(...before(text, list.position?.start.offset, questions), ...items.flatMap((item) => adaptItem(text, item)));
  }
  for (const node of tree.children) if (node.type === 'table' && isDecisionTable(node)) edits.push(...adaptTable(text, node));
  visit(tree, 'html', ({ value, position }) => {
    const start = position?.start.offset;
    if (start !== undefined && /^\s*(?:`{3}|~{3}).*\{[^}]*\b(?:name|undo)=/m.test(value))
      edits.push({ start, end: start + value.length, text: withoutBraces(value) });
  });
  return edits;
}

function tickedQuestion(items: readonly ListItem[]): string[] {
  const { length } = items.filter(({ checked }) => checked === true);
  if (length === 0) return [];
  const what = length === 1 ? 'an item was' : `${length} items were`;
  return [
    `${what} ticked in the source. A runbook says what to do, and its report what was done: take out what is only a record, and end in a command what a command can tell (\`\`- [ ] It answers — \`$ curl …\` \`\`).`,
  ];
}

/** Items of a checklist have no condition. */
function askedAlwaysQuestion(heading: Heading | undefined, title: string, choices: Choices, told: Set<Heading>): string[] {
  const role = roleOf(heading, title);
  const chosen = pathOf(heading).find((each) => choices.of.has(each));
  const about = role.is === 'procedure' ? chosen : role.heading;
  if (about === undefined || told.has(about)) return [];
  told.add(about);
  return [
    `every run asks for the items under “${about.title}”, also one that does nothing there. Take the boxes away, or move them to a runbook of their own.`,
  ];
}

/** A fence in raw HTML, which a renderer hides. */
function withoutBraces(html: string): string {
  return html.replaceAll(/^\s*(?:`{3}|~{3}).*$/gm, (line) => line.replaceAll('{', '(').replaceAll('}', ')'));
}

function tasksOf(list: List): ListItem[] {
  return list.children.flatMap((item) => [
    ...(typeof item.checked === 'boolean' ? [item] : []),
    ...item.children.flatMap((child) => (child.type === 'list' ? tasksOf(child) : [])),
  ]);
}

function adaptItem(text: string, item: ListItem): Edit[] {
  const start = item.position?.start.offset ?? 0;
  const box = /\[[ \t\r\nxX]\]/.exec(text.slice(start, item.position?.end.offset));
  if (box === null) return [];
  const at = start + box.index;
  const [paragraph] = item.children;
  const content = paragraph?.type === 'paragraph' ? paragraph.children : [];
  const last = content.at(-1);
  const command = last?.type === 'inlineCode' && last.value.startsWith('$ ');
  const words = toString({ type: 'paragraph', children: command ? content.slice(0, -1) : content })
    .replace(/\s*[—–:-]?\s*$/, '')
    .trim();
  const untick = item.checked === true ? [{ start: at, end: at + 3, text: '[ ]' }] : [];
  return words === '' ? [{ start: at, end: at + 3, text: `[ ] ${nothingToDo}` }] : untick;
}

/** Its heading would make it the table of a watch. */
function adaptTable(text: string, table: Table): Edit[] {
  const cell = table.children[0]?.children[0];
  const end = cell?.children.at(-1)?.position?.end.offset;
  if (end === undefined) return [];
  const asked =
    'these thresholds decide nothing. To have them decide, write a step with every= and for= that prints the metrics as JSON, and after it a table with the columns Metric, Hold and Roll back.';
  return [...before(text, table.position?.start.offset, [asked]), { start: end, end, text: ' (judged by people)' }];
}
