/** Reads a runbook out of Markdown, and finds everything that is wrong with it before anything runs. */

import type { Code, RootContent } from 'mdast';
import { toString } from 'mdast-util-to-string';
import { visit } from 'unist-util-visit';
import type { Item, Runbook, Stage, Step, Undo } from '../document.ts';
import { parseMarkdown } from '../markdown.ts';
import { type Values, substitute } from '../names.ts';
import { type Fault, FaultyDocument, type Place, type Source } from '../source.ts';
import { itemName, readChecklist } from './checklists.ts';
import { readStep, readUndo } from './commands.ts';
import { readExpectations } from './expectations.ts';
import { type Fence, readFence } from './fences.ts';
import { type FrontMatter, readFrontMatter } from './front-matter.ts';
import { checkReferences } from './references.ts';
import { isDecisionTable, readTable } from './tables.ts';

export interface ReadRunbook {
  readonly runbook: Runbook;
  /** In the order of the text; empty: it can be planned. */
  readonly faults: readonly Fault[];
}

/**
 * The runbook. `values`: of the inputs that are no secrets, put in place of `${NAME}`; without them, what needs one has its default.
 * @throws FaultyDocument with all that is wrong
 */
export function parseRunbook(source: Source, values?: Values): Runbook {
  const { runbook, faults } = readRunbook(source, values);
  if (faults.length > 0) throw new FaultyDocument(source, faults);
  return runbook;
}

/** Like `parseRunbook`, for who wants to go on with what could be read. */
export function readRunbook(source: Source, values?: Values): ReadRunbook {
  const { tree, frontMatter } = parseMarkdown(source.text);
  const { front, faults: frontFaults } = readFrontMatter(frontMatter ?? '');
  const walk = new Walk(source.text, values, values === undefined ? front : filledIn(front, values));
  for (const node of tree.children) walk.take(node);
  const runbook = walk.finish(source);
  const faults = [...frontFaults, ...walk.faults, ...checkReferences(runbook)];
  return { runbook, faults: faults.toSorted((a, b) => a.line - b.line || a.column - b.column) };
}

const shells = new Set(['bash', 'sh']);

/** With the values of inputs in the texts that may name them. */
function filledIn(front: FrontMatter, values: Values): FrontMatter {
  const fill = (text: string | undefined) => (text === undefined ? undefined : substitute(text, values));
  const { title, owner, escalate, lock, notify } = front;
  const addressed = notify.map((one) => ({ ...one, address: fill(one.address) }));
  return { ...front, title: fill(title), owner: fill(owner), escalate: fill(escalate), lock: fill(lock), notify: addressed };
}

/** The command right before, and what of its expectations and its table has come since. */
type Preceding = { command: Step | Undo; had: 'nothing' | 'output' | 'expect' | 'table' } | undefined;

/** Goes through the blocks of a document from top to bottom, and remembers which command the last one belongs to. */
class Walk {
  readonly faults: Fault[] = [];
  readonly #text: string;
  readonly #values: Values | undefined;
  readonly #front: FrontMatter;
  readonly #stages: { title: string; place: Place; items: Item[] }[] = [];
  readonly #undos = new Map<string, Undo>();
  readonly #names = new Map<string, Place>();
  /** The number that the words of an item were last given. */
  readonly #counts = new Map<string, number>();
  readonly #illustrations: Place[] = [];
  #title: string | undefined;
  /** What an output, an expectation or a table right here is about, and what of these it has had. */
  #last: Preceding;

  constructor(text: string, values: Values | undefined, front: FrontMatter) {
    this.#text = text;
    this.#values = values;
    this.#front = front;
  }

  take(node: RootContent): void {
    const last = this.#last;
    this.#last = undefined;
    if (node.type === 'heading') this.#takeHeading(node.depth, toString(node).trim(), placeOf(node));
    else if (node.type === 'code') this.#takeFence(node, last);
    else if (node.type === 'table') this.#takeTable(node, last);
    else if (node.type === 'list') this.#stage().items.push(...readChecklist(node, this.faults, (text) => this.#nameFor(text)));
    if (node.type !== 'code') this.#refuseHiddenSteps(node);
    this.#refuseBrokenFence(node);
  }

  finish(source: Source): Runbook {
    const title = this.#front.title ?? this.#title ?? source.file;
    for (const [name, undo] of this.#undos)
      if (!this.#steps().some((step) => step.name === name))
        this.faults.push({
          ...undo.place,
          message: `There is no step ${name} to undo.`,
          fix: `Name the step that it undoes: ${
            this.#steps()
              .map((step) => step.name)
              .join(', ') || 'there is none'
          }.`,
        });
    const stages = this.#stages
      .filter(({ items }) => items.length > 0)
      .map((stage): Stage => ({ ...stage, title: stage.title === '' ? title : stage.title }));
    return { source, title, front: this.#front, stages, undos: this.#undos, illustrations: this.#illustrations };
  }

  #takeHeading(depth: number, title: string, place: Place): void {
    if (depth === 1) this.#title ??= title;
    if (depth === 2) this.#stages.push({ title, place, items: [] });
  }

  #takeFence(node: Code, last: Preceding): void {
    const fence = readFence(this.#text, node);
    if (fence === undefined) return;
    this.faults.push(...fence.faults);
    const { language, attributes } = fence;
    if ((language === 'output' || language === 'expect') && attributes === undefined) return this.#takeExpectation(fence, last);
    if (attributes === undefined) {
      if (shells.has(language)) this.#illustrations.push(fence.place);
    } else if (attributes.get('run')?.value !== 'never') this.#takeCommand(fence);
  }

  #takeCommand(fence: Fence): void {
    const { language, attributes, place, faults } = fence;
    // What could not be read is told already.
    if (faults.length > 0) return;
    const [named, undoes] = [attributes?.has('name') === true, attributes?.has('undo') === true];
    if (!shells.has(language))
      return this.#fault(place, `A fence of ${language || 'no language'} cannot run.`, 'Use bash or sh for a step, or write {run=never}.');
    if (attributes?.has('run') === true) return this.#fault(place, 'run has one value, never.', 'Write {run=never}, or leave it out.');
    if (named === undoes)
      return this.#fault(
        place,
        named ? 'It has name and undo, and is one of the two.' : 'It has neither name nor undo.',
        'Write {name=…} for a step, {undo=…} for an undo, {run=never} for neither.',
      );
    if (named) this.#takeStep(readStep(fence, this.#values, this.faults));
    else this.#takeUndo(readUndo(fence, this.#values, this.faults));
  }

  #takeStep(step: Step): void {
    const before = this.#names.get(step.name);
    if (before !== undefined)
      this.#fault(step.place, `There is a step ${step.name} in line ${before.line} already.`, 'Give each step a name of its own.');
    this.#names.set(step.name, step.place);
    this.#stage().items.push(step);
    this.#last = { command: step, had: 'nothing' };
  }

  #takeUndo(undo: Undo): void {
    const before = this.#undos.get(undo.name);
    if (before !== undefined)
      return this.#fault(undo.place, `The step ${undo.name} has an undo in line ${before.place.line} already.`, 'Put both into one fence.');
    this.#undos.set(undo.name, undo);
    this.#last = { command: undo, had: 'nothing' };
  }

  #takeExpectation(fence: Fence, last: Preceding): void {
    const { language, place } = fence;
    const follows =
      last !== undefined && last.had !== 'table' && last.had !== 'expect' && !(language === 'output' && last.had === 'output');
    if (!follows)
      return this.#fault(
        place,
        `The fence ${language} follows no step.`,
        language === 'output' ? 'Put it right after the step whose output it is.' : 'Put it right after a step, or after its output.',
      );
    const expectations = [...last.command.expectations, ...readExpectations(fence, this.#values, this.faults)];
    this.#last = { command: this.#replace(last.command, { expectations }), had: language === 'output' ? 'output' : 'expect' };
  }

  #takeTable(table: RootContent & { type: 'table' }, last: Preceding): void {
    if (!isDecisionTable(table)) return;
    const step = last?.had === 'table' ? undefined : last?.command;
    if (step?.type !== 'step' || step.watch === undefined)
      return this.#fault(placeOf(table), 'The decision table follows no watch.', 'Put it right after a step with every= and for=.');
    const rows = readTable(table, this.#values, this.faults);
    this.#last = { command: this.#replace(step, { watch: { ...step.watch, rows } }), had: 'table' };
  }

  /** Puts a command with more in it into the place of what it was. */
  #replace(command: Step | Undo, more: Partial<Step>): Step | Undo {
    if (command.type === 'undo') {
      const undo = { ...command, expectations: more.expectations ?? command.expectations };
      this.#undos.set(undo.name, undo);
      return undo;
    }
    const step = { ...command, ...more };
    const { items } = this.#stage();
    items[items.indexOf(command)] = step;
    return step;
  }

  /** Whoever approves a runbook sees quotes, lists and HTML rendered, where a step would not look like one. */
  #refuseHiddenSteps(node: RootContent): void {
    visit(node, (inner) => {
      const place = placeOf(inner);
      if (inner.type === 'html' && /^\s*(?:`{3}|~{3}).*\{[^}]*\b(?:name|undo)=/m.test(inner.value)) this.#hidden(place, 'raw HTML');
      if (inner.type !== 'code') return;
      const fence = readFence(this.#text, inner);
      if (fence?.attributes !== undefined && fence.attributes.get('run')?.value !== 'never')
        this.#hidden(fence.place, node.type === 'blockquote' ? 'a quote' : 'a list');
    });
  }

  /** CommonMark ends a fence of backticks where its first line has another one: the step would be text, and nothing would run. */
  #refuseBrokenFence(node: RootContent): void {
    if (node.type !== 'paragraph') return;
    const [first = ''] = this.#text.slice(node.position?.start.offset).split('\n');
    if (/^`{3,}.*\{[^}]*\b(?:name|undo)=.*`/.test(first))
      this.#fault(
        placeOf(node),
        'This is no step: the first line of a fence of backticks has none in it.',
        'Write what is in backticks without them.',
      );
  }

  #hidden(place: Place, where: string): void {
    this.#fault(place, `A step cannot stand in ${where}.`, 'Move it out, to the left margin, or write {run=never}.');
  }

  #stage(): { items: Item[] } {
    const last = this.#stages.at(-1);
    if (last !== undefined) return last;
    const first = { title: '', place: { line: 1, column: 1 }, items: [] };
    this.#stages.push(first);
    return first;
  }

  #steps(): Step[] {
    return this.#stages.flatMap(({ items }) => items.filter((item) => item.type === 'step'));
  }

  /** A name for an item of a checklist, which has none: its words, and a number where that is taken. */
  #nameFor(text: string): string {
    const words = itemName(text);
    for (let count = (this.#counts.get(words) ?? 0) + 1; ; count += 1) {
      const name = count === 1 ? words : `${words}-${count}`;
      if (this.#names.has(name)) continue;
      this.#counts.set(words, count);
      this.#names.set(name, { line: 0, column: 0 });
      return name;
    }
  }

  #fault(place: Place, message: string, fix: string): void {
    this.faults.push({ ...place, message, fix });
  }
}

function placeOf({ position }: { position?: { start: Place } | undefined }): Place {
  return { line: position?.start.line ?? 1, column: position?.start.column ?? 1 };
}
