/** HTML: read as browsers read it, without scripts and without the network, and stored as Markdown. */

import { type DefaultTreeAdapterTypes, parse } from 'parse5';
import { assertNotBlank } from './decode.ts';
import type { ReadText } from './document.ts';
import { HtmlWriter } from './html-writer.ts';
import { readMarkdown } from './markdown.ts';

type Node = DefaultTreeAdapterTypes.ChildNode;
type Element = DefaultTreeAdapterTypes.Element;

/** What nobody reads on the page, and the ways around it. */
const unread = new Set(
  'audio button canvas datalist dialog embed frame frameset head iframe input link math meta meter nav noframes noscript object optgroup option progress script select style svg template textarea title video'.split(
    ' ',
  ),
);

/** What a table of figures does not have in its cells, so that whoever uses one used it to lay out a page. */
const layout = new Set('table ul ol pre blockquote h1 h2 h3 h4 h5 h6'.split(' '));

/** @throws Problem `empty` */
export function readHtml(source: string): ReadText {
  const document = parse(source);
  const main = findMain(document.childNodes);
  const markdown = (main === undefined ? '' : toMarkdown(main.childNodes)) || toMarkdown(document.childNodes);
  assertNotBlank(
    markdown,
    'The HTML has no text.',
    'A page that scripts build has its text elsewhere: save what the browser shows, and send that.',
  );
  const read = readMarkdown(markdown);
  return { ...read, format: 'html', title: titleOf(document.childNodes) ?? read.title };
}

/** The content of the page, where it says which that is; what is around it stands on every page of the site. */
function findMain(nodes: readonly Node[]): Element | undefined {
  const found: Element[] = [];
  walk(nodes, {
    enter: (element) => {
      if (element.tagName === 'main') found.push(element);
    },
  });
  return found.length === 1 ? found[0] : undefined;
}

function toMarkdown(nodes: readonly Node[]): string {
  const layoutTables = findLayoutTables(nodes);
  const writer = new HtmlWriter();
  walk(nodes, {
    enter: (element) => writer.enter(element.tagName, attributesOf(element), layoutTables.has(element)),
    leave: (element) => writer.leave(element.tagName, layoutTables.has(element)),
    text: (value) => writer.text(value),
  });
  return writer.end();
}

interface Visitor {
  enter?: (element: Element) => void;
  leave?: (element: Element) => void;
  text?: (value: string) => void;
}

/** Without recursion: elements may be nested deeper than functions can call each other. */
function walk(nodes: readonly Node[], { enter, leave, text }: Visitor): void {
  const stack: (Node | { left: Element })[] = nodes.toReversed();
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if ('left' in next) leave?.(next.left);
    else if (next.nodeName === '#text' && 'value' in next) text?.(next.value);
    else if ('tagName' in next && isRead(next)) {
      enter?.(next);
      stack.push({ left: next });
      for (let at = next.childNodes.length - 1; at >= 0; at -= 1) {
        const child = next.childNodes[at];
        if (child !== undefined) stack.push(child);
      }
    }
  }
}

function isRead(element: Element): boolean {
  if (unread.has(element.tagName)) return false;
  const { hidden, style = '', role, ...others } = attributesOf(element);
  if (hidden !== undefined || others['aria-hidden'] === 'true' || role === 'navigation') return false;
  return !/display\s*:\s*none|visibility\s*:\s*hidden/i.test(style);
}

function attributesOf({ attrs }: Element): Record<string, string> {
  return Object.fromEntries(attrs.map(({ name, value }) => [name, value]));
}

function findLayoutTables(nodes: readonly Node[]): Set<Element> {
  const found = new Set<Element>();
  const open: Element[] = [];
  walk(nodes, {
    enter: (element) => {
      const table = open.at(-1);
      if (table !== undefined && layout.has(element.tagName)) found.add(table);
      if (element.tagName === 'table') open.push(element);
    },
    leave: (element) => {
      if (element.tagName === 'table') open.pop();
    },
  });
  return found;
}

/** That of the head; pictures have titles too. */
function titleOf(nodes: readonly Node[]): string | null {
  const child = (inside: readonly Node[], name: string) =>
    inside.find((node): node is Element => 'tagName' in node && node.tagName === name);
  const html = child(nodes, 'html');
  const head = child(html?.childNodes ?? [], 'head');
  const text = (child(head?.childNodes ?? [], 'title')?.childNodes ?? []).map((node) => ('value' in node ? node.value : '')).join('');
  const title = text.replaceAll(/\s+/g, ' ').trim();
  return title === '' ? null : title;
}
