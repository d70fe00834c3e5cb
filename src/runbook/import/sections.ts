/** What the headings of a document tell of the commands under them: part of the procedure, a way back, something for another day, one of several ways. */

import type { Heading } from './fences.ts';
import { slug } from './names.ts';
import { variableNameOf } from './placeholders.ts';

export type Role =
  | { readonly is: 'procedure' }
  /** Undoes what the procedure did. */
  | { readonly is: 'way back'; readonly heading: Heading }
  /** Is not done in a run: reference, or what is done when something is wrong. */
  | { readonly is: 'aside'; readonly heading: Heading };

const wayBack = /\broll(?:ing)?[\s-]?backs?\b|\breverts?\b|\brevert(?:ing)\b|\bundo\b|\bback[\s-]?out\b|\bgo(?:ing)? back\b/i;
const aside =
  /\btrouble-?shoot|\b(?:issues?|problems?|incidents?|errors)\b|\bappendix\b|\b(?:useful|helpful|handy|common|other) commands\b|\b(?:quick )?reference\b|\bcheat ?sheet\b|\bfaq\b|\bexamples?\b|\bdebug|\bdisaster\b|\brecover|\brestor(?:e|ing|ation)\b|\bemergenc|^(?:if|when|in case)\b/i;

/** A document that is about going back, or about trouble, is a procedure all through. */
export function roleOf(heading: Heading | undefined, title: string): Role {
  const path = pathOf(heading);
  for (const [is, words] of [
    ['way back', wayBack],
    ['aside', aside],
  ] as const) {
    const found = words.test(title) ? undefined : path.find((each) => each.depth > 1 && words.test(each.title));
    if (found !== undefined) return { is, heading: found };
  }
  return { is: 'procedure' };
}

/** From the outermost in. */
export function pathOf(heading: Heading | undefined): Heading[] {
  return heading === undefined ? [] : [...pathOf(heading.parent), heading];
}

/** One of several ways, or of several places: what is under the heading runs when the input has the value. */
export interface Choice {
  readonly input: string;
  readonly value: string;
}

export interface ChosenInput {
  readonly name: string;
  readonly description: string;
  readonly values: readonly string[];
  readonly default: string | undefined;
}

const environment = /\b(?:dev(?:elopment)?|test(?:ing)?|qa|uat|stag(?:e|ing)|pre-?prod(?:uction)?|prod(?:uction)?|local)\b/i;
const optioned = /^(?:(?:\d+\.?)+\s*)?(?:option|alternative|method|variant)\s+[a-z0-9]\b[.:)]?(?:\s*[:–—-])?\s*(.*)$/i;
const other = /\((?:alternative|alternatively|or)\)\s*$/i;
const recommended = /\((?:recommended|default|preferred)\)\s*$/i;

export interface Choices {
  readonly of: ReadonlyMap<Heading, Choice>;
  readonly inputs: readonly ChosenInput[];
}

/** Only headings with commands under them are ways of doing something. */
export function choicesIn(headings: readonly Heading[], withCommands: ReadonlySet<Heading>): Choices {
  const of = new Map<Heading, Choice>();
  const inputs = new Map<string, ChosenInput>();
  const numbers = new Map(headings.map((heading, index) => [heading, index]));
  const siblings = Map.groupBy(headings, ({ parent, depth }) => `${parent === undefined ? -1 : (numbers.get(parent) ?? -1)}/${depth}`);
  for (const all of siblings.values()) {
    const named = all.filter((heading) => withCommands.has(heading));
    for (const set of [environments(named), options(named), alternatives(named)]) {
      if (set === undefined) continue;
      const [[name, description], members] = set;
      if (members.some(([heading]) => of.has(heading)) || new Set(members.map(([, value]) => value)).size < members.length) continue;
      const known = inputs.get(name);
      const values = [...new Set([...(known?.values ?? []), ...members.map(([, value]) => value)])];
      const preferred = members.find(([heading]) => recommended.test(heading.title))?.[1];
      inputs.set(name, { name, description, values, default: preferred ?? known?.default });
      for (const [heading, value] of members) of.set(heading, { input: name, value });
    }
  }
  for (const heading of headings)
    if (withCommands.has(heading) && !of.has(heading))
      for (const choice of optionalOf(heading.title, (input) => (inputs.set(input.name, input), input.name))) of.set(heading, choice);
  return { of, inputs: [...inputs.values()] };
}

const optional = /\b(?:if (?:needed|necessary|required|applicable|any|desired)|optional(?:ly)?|as needed)\b/i;

/** What is done only when somebody says so, who answers with an input. */
export function optionalOf(title: string | undefined, choose: (input: ChosenInput) => string): Choice[] {
  if (title === undefined || !optional.test(title)) return [];
  const about = slug(title.replace(optional, ' '));
  if (about === '') return [];
  const input = { name: variableNameOf(about), description: `is it done: ${plain(title)}`, values: ['yes', 'no'], default: undefined };
  return [{ input: choose(input), value: 'yes' }];
}

type Alternatives =
  readonly [input: readonly [name: string, description: string], members: readonly (readonly [Heading, string])[]] | undefined;

/** `Staging Deployment` beside `Production Deployment`: the same words but for the place. */
function environments(headings: readonly Heading[]): Alternatives {
  const like = Map.groupBy(headings, ({ title }) => (environment.test(title) ? slug(title.replace(environment, ' ')) : undefined));
  for (const [rest, members] of like) {
    if (rest === undefined || members.length < 2) continue;
    const valued = members.map((heading) => [heading, (environment.exec(heading.title)?.[0] ?? '').toLowerCase()] as const);
    return [['ENVIRONMENT', 'where it is done'], valued];
  }
  return undefined;
}

/** `Option A: Docker` beside `Option B: systemd`. */
function options(headings: readonly Heading[]): Alternatives {
  const members = headings.filter(({ title }) => optioned.test(title));
  const [first] = members;
  if (first === undefined || members.length < 2) return undefined;
  return [
    methodOf(first),
    members.map((heading) => [heading, slug(optioned.exec(heading.title)?.[1] ?? '') || slug(heading.title)] as const),
  ];
}

/** `Manual Deployment (Alternative)` after what it is an alternative to. */
function alternatives(headings: readonly Heading[]): Alternatives {
  const index = headings.findIndex(({ title }) => other.test(title));
  const [before, heading] = [headings[index - 1], headings[index]];
  if (before === undefined || heading === undefined) return undefined;
  return [methodOf(before), [before, heading].map((each) => [each, slug(each.title)] as const)];
}

function methodOf({ parent, title }: Heading): readonly [string, string] {
  const about = slug(parent?.title ?? title);
  return [`${variableNameOf(about)}_METHOD`, `which way: ${plain(parent?.title ?? title)}`];
}

/** Without its number. */
function plain(title: string): string {
  return title.replace(/^(?:(?:step|phase|stage)\s+)?\d[\d.]*[.:)]?\s+/i, '');
}

/** The conditions of a heading and of those that it is under, as `when` has them. */
export function conditionsOf(heading: Heading | undefined, { of }: Choices): Choice[] {
  return pathOf(heading).flatMap((each) => of.get(each) ?? []);
}
