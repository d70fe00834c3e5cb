/** Which step a way back undoes, where that is certain: it takes back what exactly one step does. */

import { kubectl, option, textOf } from '../lint/arguments.ts';
import type { Call } from '../lint/calls.ts';
import { type ReadScript, moduleOf, readScript } from './calls.ts';
import type { Heading } from './fences.ts';
import { groupsOf } from './groups.ts';
import { onlyReads } from './reads.ts';
import { pathOf } from './sections.ts';
import { whyNotUnattended } from './unattended.ts';

export interface DraftStep {
  readonly name: string;
  readonly kind: 'check' | 'change';
  readonly heading: Heading | undefined;
  readonly deeds: readonly string[];
  /** It may be skipped: it is one of several ways. */
  readonly conditional: boolean;
}

/** The parts of the fence, each with the step that it undoes; undefined: what only looks, and what is not certain. */
export type WayBack = readonly { readonly script: string; readonly undoes: string | undefined }[];

/** undefined: of nothing in it is it certain what it undoes. `heading`: the one that says that it is a way back. */
export function wayBackOf(script: string, heading: Heading, steps: readonly DraftStep[]): WayBack | undefined {
  const groups = groupsOf(script);
  // Whoever goes back decides between alternatives when it has come to that.
  if (groups.some(({ alternative }) => alternative)) return undefined;
  const commands = groups.filter(({ comment }) => !comment);
  const beside =
    heading.parent === undefined || heading.parent.depth < 2
      ? []
      : steps.filter((step) => step.kind === 'change' && pathOf(step.heading).some((each) => each === heading.parent));
  const [only, ...others] = beside;
  const whole = only !== undefined && others.length === 0 && !only.conditional && commands.length === 1;
  const parts = groups.map((group) => {
    const read = readScript(group.script);
    if (group.comment || whyNotUnattended(read) !== undefined || onlyReads(read)) return { script: group.script, undoes: undefined };
    return { script: group.script, undoes: undoneBy(read, steps) ?? (whole ? only.name : undefined) };
  });
  const names = parts.flatMap(({ undoes }) => undoes ?? []);
  return names.length > 0 && new Set(names).size === names.length ? parts : undefined;
}

/** What a call does to what; a call that takes it back has the same. */
interface Deed {
  readonly does: string;
  readonly back: boolean;
}

/** The name of the only step that does what the script takes back; undefined: there is none, or more than one, or it does something else too. */
function undoneBy(script: ReadScript, steps: readonly DraftStep[]): string | undefined {
  if (onlyReads(script)) return undefined;
  const deeds = script.calls.filter((call) => !script.calls.some(({ via }) => via === call)).map(deedOf);
  const [first] = deeds;
  if (first === undefined || deeds.some((deed) => deed?.back !== true || deed.does !== first.does)) return undefined;
  const done = steps.filter((step) => step.deeds.includes(first.does));
  return done.length === 1 ? done[0]?.name : undefined;
}

/** What it does that could be taken back. */
export function deedsOf({ calls }: ReadScript): string[] {
  return calls.map(deedOf).flatMap((deed) => (deed?.back === false ? [deed.does] : []));
}

function deedOf(called: Call): Deed | undefined {
  const call = moduleOf(called) ?? called;
  const { program, args } = call;
  const words = args.map(({ text }) => text).filter((word) => !word.startsWith('-'));
  const [verb = '', what = ''] = words;
  const on = (does: string, forth: RegExp, back: RegExp): Deed | undefined =>
    forth.test(verb) || back.test(verb) ? { does: `${program} ${does}`, back: back.test(verb) } : undefined;
  const kube = kubectl(call);
  if (kube !== undefined) {
    const [target = ''] = kube.words;
    const object = `kubectl ${kube.namespace ?? ''} `;
    if (kube.verb === 'rollout undo') return { does: `${object}image of ${target}`, back: true };
    if (kube.verb === 'set image') return { does: `${object}image of ${target}`, back: false };
    const file = textOf(option(call, '-f', '--filename', '-k', '--kustomize'));
    if (file === undefined) return undefined;
    return kube.verb === 'apply' || kube.verb === 'create' || kube.verb === 'delete'
      ? { does: `${object}${file}`, back: kube.verb === 'delete' }
      : undefined;
  }
  if (program === 'alembic') return on('schema', /^upgrade$/, /^downgrade$/);
  if (program === 'helm') return on(what, /^(?:install|upgrade)$/, /^(?:rollback|uninstall)$/);
  if (program === 'terraform') return on('', /^apply$/, /^destroy$/);
  if (program === 'systemctl') return on(what, /^start$/, /^stop$/);
  if (program === 'flyway') return on('', /^migrate$/, /^undo$/);
  return undefined;
}
