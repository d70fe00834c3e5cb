/** Turns the fences of a document into steps, undos and what never runs. */

import type { Root } from 'mdast';
import { parseOutput } from '../expect/output.ts';
import { referencesIn } from '../names.ts';
import { type Edit, before, lineAbove } from './adapt.ts';
import { type Block, fence as fenceBlock, question, render, whenOf } from './blocks.ts';
import { readScript } from './calls.ts';
import type { FenceAt, Heading, Outline } from './fences.ts';
import type { FoundInput } from './head.ts';
import { Inputs } from './inputs.ts';
import { Names } from './names.ts';
import { itemNames, namesFor } from './step-names.ts';
import { Placeholders } from './placeholders.ts';
import { type Choices, type Role, choicesIn, conditionsOf, pathOf, roleOf } from './sections.ts';
import { isShellFence, typed } from './shell-fences.ts';
import { type Part, type PartOfStep, partsOf } from './steps.ts';
import { type DraftStep, type WayBack, deedsOf, wayBackOf } from './undo.ts';

export interface Draft {
  readonly edits: readonly Edit[];
  readonly inputs: ReadonlyMap<string, FoundInput>;
  readonly choices: Choices;
}

/** A fence of shell commands. */
interface Work {
  readonly at: FenceAt;
  readonly role: Role;
  /** With tokens in place of placeholders. */
  readonly hidden: string;
  /** Why nothing of it can be a step. */
  readonly refused: string | undefined;
}

export function draftFences(text: string, tree: Root, { headings, fences }: Outline, title: string): Draft {
  const placeholders = new Placeholders();
  const works = fences
    .filter(({ fence }) => isOpen(fence))
    .filter(({ fence }) => isShellFence(fence.language.toLowerCase(), linesOf(fence)))
    .map((at) => workOf(at, title, placeholders));
  const done = works.filter(({ role, refused }) => role.is === 'procedure' && refused === undefined);
  const choices = choicesIn(headings, new Set(done.flatMap(({ at }) => pathOf(at.heading))));
  const inputs = new Inputs(placeholders);
  for (const input of choices.inputs) inputs.choose(input);
  return new Drafter(text, tree, { placeholders, choices, inputs }).draft(works, fences);
}

type Parts = Readonly<{ placeholders: Placeholders; choices: Choices; inputs: Inputs }>;

class Drafter {
  private readonly edits: Edit[] = [];
  private readonly steps: DraftStep[] = [];
  private readonly told = new Set<Heading>();
  private readonly text: string;
  private readonly tree: Root;
  private readonly placeholders: Placeholders;
  private readonly choices: Choices;
  private readonly inputs: Inputs;

  constructor(text: string, tree: Root, { placeholders, choices, inputs }: Parts) {
    this.text = text;
    this.tree = tree;
    this.placeholders = placeholders;
    this.choices = choices;
    this.inputs = inputs;
  }

  draft(works: readonly Work[], fences: readonly FenceAt[]): Draft {
    const parts = new Map(
      works.map((work) => [work, work.role.is === 'procedure' && work.refused === undefined ? this.partsOf(work) : undefined]),
    );
    const done = works.filter((work) => parts.get(work) !== undefined);
    const names = new Names(
      itemNames(
        this.tree,
        [...parts.values()].flatMap((each) => each ?? []),
      ),
    );
    const blocks = new Map<Work, Block[]>();
    for (const [work, own] of parts)
      if (own !== undefined) blocks.set(work, [...this.blocksOf(work, own, names), ...this.folderAfter(own, work !== done.at(-1))]);
    for (const work of works) {
      const own = blocks.get(work);
      if (own !== undefined) this.replace(work.at, own);
      else if (work.refused !== undefined) this.never(work.at, [work.refused]);
      else if (work.role.is === 'way back') this.wayBack(work, work.role.heading);
      else if (work.role.is === 'aside') this.aside(work, work.role.heading);
    }
    const shells = new Map(works.map((work) => [work.at, work]));
    for (const [index, at] of fences.entries()) {
      const previous = fences[index - 1];
      if (!shells.has(at)) this.other(at, previous === undefined ? undefined : shells.get(previous), blocks);
    }
    return { edits: this.edits, inputs: this.inputs.found, choices: this.choices };
  }

  private partsOf({ at, hidden }: Work): Part[] {
    return partsOf(hidden, {
      restore: (text) => this.placeholders.restore(text),
      choose: (input) => this.inputs.choose(input),
      about: at.lead ?? at.heading?.title ?? '',
    });
  }

  private blocksOf({ at }: Work, parts: readonly Part[], names: Names): Block[] {
    const steps = parts.filter((part) => part.type === 'step');
    const language = at.fence.language === 'sh' ? 'sh' : 'bash';
    return parts.flatMap((part): Block[] => {
      if (part.type === 'note') return [fenceBlock('text', part.text)];
      if (part.type === 'never')
        return [question(part.question), fenceBlock(language, this.placeholders.restore(part.script), ['run=never'])];
      if (part.type !== 'step') return [part];
      return this.stepBlocks(part, { at, language, only: steps.length === 1, names });
    });
  }

  /** A reader goes on in the folder that a `cd` went to; the next step does not. */
  private folderAfter(parts: readonly Part[], more: boolean): Block[] {
    const cwd = parts.findLast((part) => part.type === 'step')?.cwd;
    if (cwd === undefined || !more) return [];
    return [
      question(
        `who follows the source is in \`${cwd}\` from here on. Every step begins in the root of the repository: give those below cwd=${cwd} that need it.`,
      ),
    ];
  }

  private stepBlocks(part: PartOfStep, { at, language, only, names }: StepSurroundings): Block[] {
    const { script, questions } = this.inputs.fill(part.script);
    const conditions = [...conditionsOf(at.heading, this.choices), ...part.choices];
    const name = names.take(
      namesFor(
        part,
        at,
        script,
        only,
        conditions.map(({ value }) => value),
      ),
    );
    this.steps.push({
      name,
      kind: part.kind,
      heading: at.heading,
      deeds: deedsOf(readScript(part.script)),
      conditional: conditions.length > 0,
    });
    const attributes = [
      `name=${name}`,
      ...(part.kind === 'check' ? ['kind=check'] : []),
      ...(part.cwd === undefined ? [] : [`cwd=${part.cwd}`]),
      ...whenOf(conditions),
    ];
    return [
      ...[...questions, ...part.questions].map(question),
      fenceBlock(language, script, attributes),
      ...(part.output.length === 0 ? [] : [fenceBlock('output', part.output.join('\n'))]),
      ...(part.assertions.length === 0 ? [] : [fenceBlock('expect', part.assertions.join('\n'))]),
    ];
  }

  private wayBack(work: Work, heading: Heading): void {
    const found: WayBack | undefined = work.at.within === 'fixed' ? undefined : wayBackOf(work.hidden, heading, this.steps);
    if (found === undefined) return this.never(work.at, [this.once(heading) ? unclearWayBack : 'the same: which step does it undo?']);
    const blocks = found.map(({ undoes, script }): Block[] => {
      const language = work.at.fence.language === 'sh' ? 'sh' : 'bash';
      if (undoes === undefined) return [fenceBlock(language, this.placeholders.restore(script), ['run=never'])];
      const filled = this.inputs.fill(script);
      return [...filled.questions.map(question), fenceBlock(language, filled.script, [`undo=${undoes}`, 'excludeFromRunAll=true'])];
    });
    const rest = found.some(({ undoes }) => undoes === undefined)
      ? [question('what follows and never runs is about going back as well: decide which step it undoes, or take it out.')]
      : [];
    this.replace(work.at, [...rest, ...blocks.flat()]);
  }

  private aside({ at }: Work, heading: Heading): void {
    this.never(
      at,
      this.once(heading)
        ? [
            `nothing under “${heading.title}” runs: it is not a part of every run. Make a runbook of its own of what should run, or take {run=never} away and name the step.`,
          ]
        : [],
    );
  }

  /** Whether this is the first time that something is said about it. */
  private once(heading: Heading): boolean {
    const first = !this.told.has(heading);
    this.told.add(heading);
    return first;
  }

  /** In its place, to be read only. */
  private never(at: FenceAt, questions: readonly string[]): void {
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
  private info({ fence, start }: FenceAt, info: string): void {
    const [first = ''] = /^[^\r\n]*/.exec(this.text.slice(start)) ?? [];
    const bar = /^(?:`+|~+)[ \t]*/.exec(first)?.[0].length ?? 0;
    this.edits.push({ start: start + bar, end: start + first.length, text: `${fence.language}${info}` });
  }

  /** Steps stand at the left margin, with an empty line around what is no fence. */
  private replace({ start, end, prefix = '' }: FenceAt, blocks: readonly Block[]): void {
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

  /** Another language: braces after it would be attributes here, and `output` and `expect` belong to a step. */
  private other(at: FenceAt, previous: Work | undefined, blocks: ReadonlyMap<Work, readonly Block[]>): void {
    const { language, attributes, text, faults } = at.fence;
    if (language === 'output' && attributes === undefined && at.within !== 'fixed') {
      const own = previous === undefined ? undefined : blocks.get(previous)?.at(-1);
      const near =
        previous !== undefined &&
        this.text.slice(previous.at.end, at.start).trim() === '' &&
        previous.at.within === 'margin' &&
        at.within === 'margin';
      const step = own?.type === 'fence' && own.attributes.some((each) => each.startsWith('name='));
      if (near && step && 'lines' in parseOutput(text) && referencesIn(text).length === 0) return;
      return this.relabel(at);
    }
    if (language === 'expect' && attributes === undefined) return this.relabel(at);
    if (attributes === undefined || (attributes.get('run')?.value === 'never' && faults.length === 0)) return;
    const [first = ''] = /^[^\r\n]*/.exec(this.text.slice(at.start)) ?? [];
    const braces = first.slice(first.indexOf('{')).trimEnd();
    this.info({ ...at, fence: { ...at.fence, language: language || 'text' } }, ` example ${braces}`);
  }

  private relabel(at: FenceAt): void {
    this.info({ ...at, fence: { ...at.fence, language: 'text' } }, '');
  }
}

interface StepSurroundings {
  readonly at: FenceAt;
  readonly language: string;
  readonly only: boolean;
  readonly names: Names;
}

/** Nobody has said yet that it never runs. */
function isOpen({ attributes }: FenceAt['fence']): boolean {
  return attributes?.get('run')?.value !== 'never';
}

function linesOf({ text }: FenceAt['fence']): string {
  return text.replaceAll(/\r\n?/g, '\n');
}

function workOf(at: FenceAt, title: string, placeholders: Placeholders): Work {
  const hidden = placeholders.hide(typed(linesOf(at.fence)));
  const { shell } = readScript(hidden);
  const [fault] = shell.faults;
  const refused =
    fault !== undefined
      ? `this is no shell script: ${placeholders.restore(fault.message)}. Mend it, or mark it as \`text\`.`
      : at.within === 'fixed'
        ? 'a step cannot stand in a quote, or in a list where more follows in the same item. Move it to the left margin if it should run.'
        : undefined;
  return { at, role: roleOf(at.heading, title), hidden, refused };
}

const unclearWayBack =
  'this goes back, and it is not certain from which step. Put what undoes a step into a fence with {undo=NAME}, the name of that step; it must be safe when the step did nothing. What people decide belongs in a runbook of its own.';
