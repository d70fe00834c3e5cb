/** What steps may be called, from what stands around them, and which names are taken by items of checklists. */

import type { Root } from 'mdast';
import { itemName, readChecklist } from '../parse/checklists.ts';
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

/** From the one to prefer on. `only`: the fence has one step, which is then what its heading is about. `values`: of the ways that it is part of. */
export function namesFor(part: PartOfStep, at: FenceAt, script: string, only: boolean, values: readonly string[]): string[] {
  const headings = pathOf(at.heading)
    .filter(({ depth }) => depth > 1)
    .map(({ title }) => slug(title))
    .toReversed();
  const heading = headings.find((name) => name !== '' && !general.test(name)) ?? '';
  const words = readScript(script).shell.commands[0]?.words.map(({ value }) => value ?? '') ?? [];
  const command = slug(
    words
      .filter((word) => /^[\w./]+$/.test(word) && word !== 'sudo')
      .slice(0, 3)
      .join(' '),
  );
  const own = slug(part.title ?? '');
  const lead = slug(at.lead ?? '');
  const first = [own, ...(only ? [lead, heading, command] : [command, lead, heading])].find((name) => name !== '') ?? '';
  const longer = [...values, heading]
    .filter((each) => each !== '' && !first.includes(each))
    .map((each) => `${first}-${each}`.slice(0, 60).replace(/-$/, ''));
  return [first, ...longer];
}
