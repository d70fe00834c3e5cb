/** What people are asked to do: by a comment without a command, by the items of a numbered list. */

import type { List, ListItem } from 'mdast';
import { toString } from 'mdast-util-to-string';
import { visit } from 'unist-util-visit';

const asks =
  /^(?:add|announce|approve|ask|check|choose|click|communicate|confirm|contact|create|delete|document|edit|enter|ensure|fill in|go to|inform|list|log ?in|look|make sure|mark|merge|monitor|navigate|note|notify|observe|open|post|press|record|remove|request|review|run|schedule|select|send|set|sign ?in|start|stop|switch|take|tell|test|trigger|update|upload|validate|verify|visit|wait|watch|write)(?![\w-])/i;

/** Whether words begin as a request does. */
export function asksPerson(words: string): boolean {
  return asks.test(words.trim());
}

/** A longer list tells no more. */
const mostShown = 3;

/** What to decide about items that no command does, of a list in which somebody works from the first to the last. `done`: where the words end that became steps. */
export function byHandQuestion(list: List, done: ReadonlySet<number>): string[] {
  if (list.ordered !== true) return [];
  const items = list.children.filter((item) => isByHand(item, done)).map((item) => shortened(toString(item.children[0])));
  if (items.length === 0) return [];
  const more = items.length > mostShown ? ` and ${items.length - mostShown} more` : '';
  const shown = items.slice(0, mostShown).map((item) => `“${item}”`);
  return [
    `people do ${shown.join(', ')}${more}, and a run goes on without waiting for them. Write \`- [ ]\` in place of the number where it should ask, or a step that does it.`,
  ];
}

function isByHand(item: ListItem, done: ReadonlySet<number>): boolean {
  const [words] = item.children;
  if (words?.type !== 'paragraph' || typeof item.checked === 'boolean' || done.has(words.position?.end.offset ?? -1)) return false;
  let code = false;
  visit(item, 'code', () => void (code = true));
  return !code && asksPerson(toString(words));
}

function shortened(text: string): string {
  const words = text.replaceAll(/\s+/g, ' ').trim();
  return words.length > 60 ? `${words.slice(0, 59)}…` : words;
}
