/** What steps may be called, from what stands around them, and which names are taken by items of checklists. */

import type { Root } from 'mdast';
import { itemName, readChecklist } from '../parse/checklists.ts';
import { curl, kubectl, option, textOf } from '../lint/arguments.ts';
import { nothingToDo } from './adapt.ts';
import { readScript } from './calls.ts';
import type { FenceAt } from './fences.ts';
import { slug } from './names.ts';
import { pathOf } from './sections.ts';
import type { Part, PartOfStep } from './steps.ts';

/** What the items of checklists are called, those of the document and those that comments become. */
export function itemNames(tree: Root, parts: readonly Part[]): string[] {
  const names: string[] = [];
  const collect = (text: string) => void names.push(itemName(text));
  for (const node of tree.children) if (node.type === 'list') readChecklist(node, [], (text) => (collect(text), text));
  for (const part of parts)
    if (part.type === 'confirmation')
      collect(
        part.text
          .replaceAll(/\s+/g, ' ')
          .replace(/\s*[—–:-]?\s*$/, '')
          .trim(),
      );
  return [...names, itemName(nothingToDo)];
}

/** Headings that say where one is and not what is done. */
const general =
  /^(?:steps?|commands?|usage|check|quick-fix|fix|solution|run|example|deployment-steps|procedure|verification|overview|note|action)$/;

export interface Naming {
  readonly part: PartOfStep;
  readonly at: FenceAt;
  readonly script: string;
  /** The only step of its fence, and whether the fence is the only one under its heading: then it is what these are about. */
  readonly alone: boolean;
  readonly underHeading: boolean;
  /** Of the ways that it is part of. */
  readonly values: readonly string[];
}

/** From the one to prefer on. */
export function namesFor({ part, at, script, alone, underHeading, values }: Naming): string[] {
  const headings = pathOf(at.heading)
    .filter(({ depth }) => depth > 1)
    .map(({ title }) => slug(title))
    .toReversed();
  const heading = headings.find((name) => name !== '' && !general.test(name)) ?? '';
  const command = commandName(script);
  const own = slug(part.title ?? '');
  const lead = slug((at.lead ?? '').replace(/^(?:if|in case|when)\b[^,]*,\s*/i, ''));
  const about = [...(alone ? [lead] : []), ...(alone && underHeading ? [heading] : [])];
  const first = [own, ...about, command, lead, heading].find((name) => name !== '') ?? '';
  const longer = [...values, heading]
    .filter((each) => each !== '' && !first.includes(each))
    .map((each) => `${first}-${each}`.slice(0, 60).replace(/-$/, ''));
  return [first, ...longer];
}

/** What sets up a shell says nothing about what is done in it. */
const preparing = /^(?:set|shopt|export|umask|cd|source|\.|trap|echo|alias|unset|true|test|\[)$/;

/** The first program that does something, with its first words. */
function commandName(script: string): string {
  const { calls } = readScript(script);
  const call = calls.find(({ program }) => program !== '' && !preparing.test(program)) ?? calls[0];
  if (call === undefined) return '';
  const [url] = curl(call)?.urls ?? [];
  if (url !== undefined) return slug(`curl ${/[^/]\/([A-Za-z][\w.-]*)\/?(?:\?.*)?$/.exec(url)?.[1] ?? ''}`);
  const kube = kubectl(call);
  if (kube !== undefined) {
    const file = textOf(option(call, '-f', '--filename', '-k', '--kustomize'));
    const object = kube.words[0] ?? (file === undefined ? '' : file.replace(/\/+$/, '').replace(/\.\w+$/, ''));
    return slug(`kubectl ${kube.verb} ${object.split('/').at(-1) ?? ''}`);
  }
  const words = call.args.filter(({ known, text }) => known && /^[\w./-]*[a-z][\w./-]*$/i.test(text) && !text.startsWith('-'));
  return slug([call.program.replace(/\.\w+$/, ''), ...words.slice(0, 2).map(({ text }) => text)].join(' '));
}
