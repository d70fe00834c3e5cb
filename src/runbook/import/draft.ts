/** Turns the fences of a document into steps, undos and what never runs. */

import type { Root } from 'mdast';
import { parseOutput } from '../expect/output.ts';
import { referencesIn } from '../names.ts';
import { type Block, fence as fenceBlock, question, whenOf } from './blocks.ts';
import { readScript } from './calls.ts';
import { captureOf } from './captures.ts';
import type { Edit } from './edit.ts';
import { FenceEdits } from './fence-edits.ts';
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
  private readonly edits: FenceEdits;
  /** The steps that have an undo. */
  private readonly undone = new Set<string>();
  private readonly steps: DraftStep[] = [];
  /** How many fences each heading has. */
  private perHeading: ReadonlyMap<Heading | undefined, number> = new Map();
  private readonly told = new Set<Heading>();
  private readonly text: string;
  private readonly tree: Root;
  private readonly placeholders: Placeholders;
  private readonly choices: Choices;
  private readonly inputs: Inputs;

  constructor(text: string, tree: Root, { placeholders, choices, inputs }: Parts) {
    this.text = text;
    this.edits = new FenceEdits(text);
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
    this.perHeading = new Map([...Map.groupBy(done, ({ at }) => at.heading)].map(([heading, all]) => [heading, all.length]));
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
      if (own !== undefined) this.edits.replace(work.at, own);
      else if (work.at.inline !== undefined) continue;
      else if (work.refused !== undefined) this.edits.never(work.at, [work.refused]);
      else if (work.role.is === 'way back') this.wayBack(work, work.role.heading);
      else if (work.role.is === 'aside') this.aside(work, work.role.heading);
    }
    const shells = new Map(works.map((work) => [work.at, work]));
    for (const [index, at] of fences.entries()) {
      const previous = fences[index - 1];
      if (!shells.has(at) && at.inline === undefined) this.other(at, previous === undefined ? undefined : shells.get(previous), blocks);
    }
    return { edits: this.edits.edits, inputs: this.inputs.found, choices: this.choices };
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
      return this.stepBlocks(part, { at, language, alone: steps.length === 1, names });
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

  private stepBlocks(part: PartOfStep, { at, language, alone, names }: StepSurroundings): Block[] {
    const conditions = [...conditionsOf(at.heading, this.choices), ...part.choices];
    const captured = conditions.length === 0 ? captureOf(part) : undefined;
    const capture = captured !== undefined && this.inputs.capture(captured.name) ? captured : undefined;
    const { script, questions } = this.inputs.fill(capture?.script ?? part.script);
    const values = conditions.map(({ value }) => value);
    const underHeading = this.perHeading.get(at.heading) === 1;
    const name = names.take(namesFor({ part, at, script, alone, underHeading, values }));
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
      ...(capture === undefined ? [] : [`capture=${capture.name}`]),
      ...whenOf(conditions),
    ];
    return [
      ...[...conditionalLead(at.lead), ...questions, ...part.questions].map(question),
      fenceBlock(language, script, attributes),
      ...(part.output.length === 0 ? [] : [fenceBlock('output', part.output.join('\n'))]),
      ...(part.assertions.length === 0 ? [] : [fenceBlock('expect', part.assertions.join('\n'))]),
    ];
  }

  private wayBack(work: Work, heading: Heading): void {
    const found: WayBack | undefined = work.at.within === 'fixed' ? undefined : wayBackOf(work.hidden, heading, this.steps);
    const again = found?.some(({ undoes }) => undoes !== undefined && this.undone.has(undoes)) === true;
    if (found === undefined || again)
      return this.edits.never(work.at, [this.once(heading) ? unclearWayBack : 'the same: which step does it undo?']);
    const blocks = found.map(({ undoes, script }): Block[] => {
      const language = work.at.fence.language === 'sh' ? 'sh' : 'bash';
      if (undoes === undefined) return [fenceBlock(language, this.placeholders.restore(script), ['run=never'])];
      this.undone.add(undoes);
      const filled = this.inputs.fill(script);
      return [...filled.questions.map(question), fenceBlock(language, filled.script, [`undo=${undoes}`, 'excludeFromRunAll=true'])];
    });
    const rest = found.some(({ undoes }) => undoes === undefined)
      ? [question('what follows and never runs is about going back as well: decide which step it undoes, or take it out.')]
      : [];
    this.edits.replace(work.at, [...rest, ...blocks.flat()]);
  }

  private aside({ at }: Work, heading: Heading): void {
    this.edits.never(
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
      return this.edits.relabel(at);
    }
    if (language === 'expect' && attributes === undefined) return this.edits.relabel(at);
    if (attributes === undefined || (attributes.get('run')?.value === 'never' && faults.length === 0)) return;
    const [first = ''] = /^[^\r\n]*/.exec(this.text.slice(at.start)) ?? [];
    const braces = first.slice(first.indexOf('{')).trimEnd();
    this.edits.info({ ...at, fence: { ...at.fence, language: language || 'text' } }, ` example ${braces}`);
  }
}

interface StepSurroundings {
  readonly at: FenceAt;
  readonly language: string;
  /** The only step of its fence. */
  readonly alone: boolean;
  readonly names: Names;
}

/** Nobody has said yet that it never runs, and its language is not in braces, as those of notebooks are. */
function isOpen({ language, attributes }: FenceAt['fence']): boolean {
  return attributes === undefined || (language !== '' && attributes.get('run')?.value !== 'never');
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

function conditionalLead(lead: string | undefined): string[] {
  return lead !== undefined && /^(?:if|in case|when|should)\b/i.test(lead)
    ? [`“${lead}”, and a run does it always. Give the step when= over an input, or over what a check before it captures.`]
    : [];
}

const unclearWayBack =
  'this goes back, and it is not certain from which step. Put what undoes a step into a fence with {undo=NAME}, the name of that step; it must be safe when the step did nothing. What people decide belongs in a runbook of its own.';
