/** What becomes of the commands of one fence: steps with what is expected of them, words for people, and what cannot run by itself. */

import { parseOutput } from '../expect/output.ts';
import { referencesIn } from '../names.ts';
import { parseShell } from '../shell/parse.ts';
import { curl } from '../lint/arguments.ts';
import { asksPerson } from './by-hand.ts';
import { type ReadScript, programOf, readScript } from './calls.ts';
import { readExpected } from './expected.ts';
import { type Group, groupsOf } from './groups.ts';
import { slug } from './names.ts';
import { onlyReads } from './reads.ts';
import { type Choice, type ChosenInput, optionalOf } from './sections.ts';
import { isSentence, whyNotUnattended } from './unattended.ts';

/** Scripts have tokens in place of placeholders; other texts are as they were written. */
export type Part = PartOfStep | NeverPart | Words<'note'> | Words<'confirmation'> | Words<'question'>;

interface Words<Type> {
  readonly type: Type;
  readonly text: string;
}

export interface PartOfStep {
  readonly type: 'step';
  readonly script: string;
  /** What it says that it does; undefined: nothing. */
  readonly title: string | undefined;
  readonly kind: 'check' | 'change';
  readonly choices: readonly Choice[];
  readonly cwd: string | undefined;
  readonly assertions: readonly string[];
  readonly output: readonly string[];
  readonly questions: readonly string[];
}

interface NeverPart {
  readonly type: 'never';
  readonly script: string;
  readonly question: string;
}

export interface Surroundings {
  /** The text as it was before placeholders were hidden. */
  restore(text: string): string;
  /** The input that decides between alternatives. */
  choose(input: ChosenInput): string;
  /** What the fence is about, where its commands do not say it. */
  readonly about: string;
}

export function partsOf(script: string, around: Surroundings): Part[] {
  const groups = groupsOf(script);
  const parts: Part[] = [];
  for (let index = 0; index < groups.length;) {
    const next = groups.findIndex((group, at) => at > index && !group.alternative);
    const set = groups.slice(index, next < 0 ? undefined : next);
    parts.push(...(set.length > 1 ? alternativesOf(set, around) : set.flatMap((group) => partOf(group, [], around))));
    index += set.length;
  }
  return parts;
}

function partOf(group: Group, choices: readonly Choice[], around: Surroundings): Part[] {
  if (group.comment) return [commentOf(around.restore(group.script))];
  const said = messageOf(group, around);
  return said ?? [commandOf(group, choices, around)];
}

/** Words to be sent under a comment that asks somebody to: `# Post in Slack` and a text in quotes. */
function messageOf({ script, title }: Group, { restore }: Surroundings): Part[] | undefined {
  const { commands } = parseShell(script);
  const [first] = commands[0]?.words ?? [];
  if (title === undefined || !asksPerson(title) || commands.length > 1 || commands[0]?.words.length !== 1 || !isSentence(first))
    return undefined;
  return [
    { type: 'confirmation', text: restore(title) },
    { type: 'note', text: restore(first?.value ?? '') },
  ];
}

function commandOf(group: Group, choices: readonly Choice[], { restore, choose }: Surroundings): Part {
  const { script, assertions, output, open } = readExpected(group.script);
  const read = readScript(script);
  const later = whenLater(group.title);
  const reason =
    whyNotUnattended(read) ??
    (later === undefined
      ? undefined
      : `the comment says “${later}”, and a run goes on at once. Make it a runbook of its own, or a “- [ ]” item that puts it into a calendar.`);
  if (reason !== undefined) return { type: 'never', script: group.script, question: restore(reason) };
  const lines = output.map(restore);
  const usable = 'lines' in parseOutput(lines.join('\n')) && referencesIn(lines.join('\n')).length === 0;
  return {
    type: 'step',
    script: trimmed(usable ? script : group.script),
    title: group.title === undefined ? undefined : restore(group.title),
    kind: onlyReads(read) ? 'check' : 'change',
    choices: [...choices, ...optionalOf(group.title, choose)],
    cwd: group.cwd,
    assertions: assertions.map(restore),
    output: usable ? lines : [],
    questions: [
      ...open.map((said) => openQuestion(restore(said), read)),
      ...(usable && lines.length > 0
        ? [
            'all of the output must be as in the fence after the step. Put `...` where lines may differ, and `(glob)` or `(re)` at the end of a line that is a pattern.',
          ]
        : []),
    ],
  };
}

/** Words that put it off: `(after 24h)`. */
function whenLater(title: string | undefined): string | undefined {
  return /\bafter \d+ ?(?:m|min|minutes|h|hrs?|hours?|d|days?|weeks?)\b|\b(?:tomorrow|next (?:day|week|month))\b/i.exec(title ?? '')?.[0];
}

function openQuestion(said: string, { calls }: ReadScript): string {
  const status = /^(?:HTTP[/\d.]* )?2\d\d\b/.test(said) && calls.some((call) => curl(call)?.fails === false);
  const how = status
    ? '`curl --fail` makes a status of 400 and more a failure; what the body must have goes into an `expect` fence after the step'
    : 'Say it in an `expect` fence after the step';
  return `“${said}” is expected here. ${how} (\`stdout contains …\`, \`json .key == …\`, \`lines >= 1\`). Then take the comment out.`;
}

function trimmed(script: string): string {
  return script.replace(/^(?:[ \t]*\n)+/, '').trimEnd();
}

/** Ways to do the same, of which an input chooses one. */
function alternativesOf(set: readonly Group[], around: Surroundings): Part[] {
  const commands = set.filter((group) => !group.comment && whyNotUnattended(readScript(group.script)) === undefined);
  const words = set.filter((group) => group.comment && group.alternative);
  const questions = words.map((group): Part => ({
    type: 'question',
    text: `there is another way, in words alone: “${sentenceOf(wordsOf(around.restore(group.script)))}”. Write it as a step, or take it out.`,
  }));
  const [first] = commands;
  if (first === undefined || commands.length < 2)
    return [...set.filter((group) => !words.includes(group)).flatMap((group) => partOf(group, [], around)), ...questions];
  const values = distinct(
    commands.map((group, index) => valueOf(group, index)),
    commands,
  );
  const about = slug(first.title ?? '') || slug(around.about) || 'step';
  const input = around.choose({
    name: `${about.toUpperCase().replaceAll('-', '_')}_METHOD`,
    description: `which way: ${first.title ?? around.about}`,
    values,
    default: undefined,
  });
  return [
    ...set.flatMap((group) => {
      if (words.includes(group)) return [];
      const value = values[commands.indexOf(group)];
      const title = group.title === undefined || group.title === '' ? `${about} ${value ?? ''}` : group.title;
      return partOf({ ...group, title }, value === undefined ? [] : [{ input, value }], around);
    }),
    ...questions,
  ];
}

function valueOf(group: Group, index: number): string {
  return slug(programOf(readScript(group.script))?.replace(/\.\w+$/, '') ?? '') || slug(group.title ?? '') || `way-${index + 1}`;
}

/** By their titles where two would have the same. */
function distinct(values: readonly string[], groups: readonly Group[]): string[] {
  if (new Set(values).size === values.length) return [...values];
  const titles = groups.map(({ title }) => slug(title ?? ''));
  if (titles.every((title) => title !== '') && new Set(titles).size === titles.length) return titles;
  return values.map((_value, index) => `way-${index + 1}`);
}

/** A comment without a command asks a person for something, or tells something. */
function commentOf(script: string): Part {
  const lines = wordsOf(script);
  return asksPerson(lines[0] ?? '') ? { type: 'confirmation', text: sentenceOf(lines) } : { type: 'note', text: lines.join('\n') };
}

/** The lines below the first are what it is about. */
function sentenceOf([first = '', ...rest]: readonly string[]): string {
  return [first.replace(/:$/, ''), rest.map((line) => line.replace(/^[-*]\s+/, '')).join('; ')].filter((words) => words !== '').join(': ');
}

function wordsOf(script: string): string[] {
  return parseShell(script)
    .comments.map(({ text }) => text.replace(/^\d+[.)]\s+/, ''))
    .filter((text) => text !== '');
}
