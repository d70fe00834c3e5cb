/** What a rehearsal has in hand while it goes: the release, the load, the time line, and what was promised and measured so far. */

import type { ReleaseStatus } from '../release/status.ts';
import type { Ground } from './ground.ts';
import type { Kill, Promised } from './judge.ts';
import type { Load } from './load.ts';
import type { Program } from './program.ts';
import type { Service } from './service.ts';

/** Something that happened, in milliseconds since the beginning of the load. */
export interface Act {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly group: 'release' | 'broken' | 'kill' | 'recovery';
}

export interface Patience {
  /** One sample of a watch. */
  readonly every: string;
  /** How long a version must be good. */
  readonly watch: string;
  readonly minRequests: number;
}

export interface Stage {
  readonly folder: string;
  /** The state folder of the release. */
  readonly state: string;
  /** Of the folder with the runbooks. */
  readonly runbooks: string;
  readonly url: string;
  readonly program: Program;
  /** The same for whoever looks after the database, as its own user; a string says why there is nobody. */
  readonly keeper: Program | string;
  readonly ground: Ground;
  readonly service: Service;
  readonly load: Load;
  readonly patience: Patience;
  readonly acts: Act[];
  readonly kills: Kill[];
  readonly promises: Promised[];
  /** What could not be rehearsed here, with the reason. */
  readonly skipped: string[];
  tell(message: string): void;
}

/** Runs one act, and puts it on the time line, also when it fails. */
export async function act<Result>(stage: Stage, group: Act['group'], name: string, work: () => Promise<Result>): Promise<Result> {
  stage.tell(name);
  const from = stage.load.now;
  try {
    return await work();
  } finally {
    stage.acts.push({ name, group, from, to: stage.load.now });
  }
}

export function promise(stage: Stage, text: string, measured: string, kept: boolean): void {
  stage.promises.push({ promise: text, measured, kept });
  if (!kept) stage.tell(`not kept: ${text} (${measured})`);
}

/** Runs `quarterdeck release …`. @throws Error with what it said when it fails */
export function release<Result = ReleaseStatus & { switched_ms: number | null }>(stage: Stage, ...words: string[]): Promise<Result> {
  const [command = '', ...rest] = words;
  return stage.program.json<Result>(['release', command, '--state', stage.state, ...rest]);
}

export interface RunbookEnd {
  readonly run: string;
  readonly outcome: string;
  readonly exit: number;
  readonly reason: string;
}

/** For the report. */
export function endText({ outcome, run, exit, reason }: RunbookEnd): string {
  return exit === 0 ? `${outcome} (${run})` : `${outcome} (${run}): ${reason}`;
}

/** Runs one of the runbooks, gives every approval that it waits for, and tells how it ended. @throws Error when it could not be run at all */
export async function runbook(
  { runbooks }: Pick<Stage, 'runbooks'>,
  program: Program,
  name: string,
  inputs: Readonly<Record<string, string>>,
): Promise<RunbookEnd> {
  const given = Object.entries(inputs).flatMap(([key, value]) => ['--input', `${key}=${value}`]);
  const go = async (...words: string[]): Promise<RunbookEnd> => {
    const { stdout, stderr } = await program.run(['runbook', ...words, '--yes', '--by', 'rehearsal', '--json']);
    const last = stdout.trim().split('\n').at(-1) ?? '';
    if (last === '') throw new Error(`${name}.md could not be run: ${stderr.trim()}`);
    return JSON.parse(last) as RunbookEnd;
  };
  let end = await go('run', `${runbooks}/${name}.md`, ...given);
  while (end.exit === waits) {
    const { hash } = await program.json<{ hash: string }>(['runbook', 'show', end.run]);
    await program.json(['runbook', 'approve', end.run, '--by', 'owner', '--hash', hash]);
    end = await go('resume', end.run);
  }
  return end;
}

/** The exit status of a run that waits for a person. */
const waits = 3;
