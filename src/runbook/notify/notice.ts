/** What a notification says, and the words in which people read it. */

import type { notifyEvents } from '../parse/front-matter.ts';

export type NotifyEvent = (typeof notifyEvents)[number];

/** What is the same in all notifications of a run. */
export interface NotifiedRun {
  readonly run: string;
  readonly title: string;
  readonly file: string;
  readonly host: string;
  readonly user: string;
  readonly owner: string | null;
  readonly escalate: string | null;
}

/** What is told at one moment of a run. */
export interface NoticeContent {
  /** The step that it is about. */
  readonly step: string | null;
  readonly outcome: string | null;
  /** A sentence, or empty. */
  readonly reason: string;
  readonly exit: number | null;
  /** The steps whose changes stay. */
  readonly left: readonly string[];
  /** The command that goes on from here. */
  readonly next: string | null;
}

export interface Notice extends NotifiedRun, NoticeContent {
  /** The same in every try, so that a receiver can tell a second try from a second notice. */
  readonly id: string;
  readonly event: NotifyEvent;
  /** ISO 8601. */
  readonly at: string;
}

/** As in "the run …". */
export const eventWords: Readonly<Record<NotifyEvent, string>> = {
  started: 'has started',
  waiting: 'waits for a person',
  held: 'is on hold',
  rolled_back: 'was rolled back',
  failed: 'has failed',
  finished: 'has finished',
};

export function headlineOf({ title, event }: Notice): string {
  return `${title} ${eventWords[event]}`;
}

/** Names and values of all but the reason, in the order in which somebody who was woken up asks for them. */
export function factsOf({ step, left, next, owner, escalate, run, file, user, host, at }: Notice): [name: string, value: string][] {
  const facts: [string, string | null][] = [
    ['Step', step],
    ['Left', left.length === 0 ? null : left.join(', ')],
    ['Next', next],
    ['Owner', owner],
    ['Escalate', escalate],
    ['Run', run],
    ['Runbook', file],
    ['By', `${user} on ${host}`],
    ['At', at],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== null);
}

/** At most so many characters, with a sign that there were more. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).toWellFormed()}…`;
}
