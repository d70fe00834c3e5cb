/** Runs inside runs: a step that calls `quarterdeck runbook run` tells the run below which one it belongs to, and finds it again. */

import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { inQuotes } from '../shell/quotes.ts';
import type { FrontMatter } from '../parse/front-matter.ts';
import { RunFolder } from './folder.ts';
import type { ChildRun, HeldLock } from './records.ts';
import type { Running } from './running.ts';

/** The variable by which a run tells the runs that its steps start who they belong to. */
export const parentVariable = 'QUARTERDECK_PARENT';

export interface Parent {
  readonly run: string;
  readonly step: string;
  /** The folder of all runs. */
  readonly state: string;
  /** The folder of its document. */
  readonly documents: string;
  /** Held by the runs above. */
  readonly locks: readonly HeldLock[];
  /** What is sent, where a runbook below says nothing itself. */
  readonly notify: FrontMatter['notify'];
  /** In whose name confirmations are answered; null: nobody's. */
  readonly confirmedBy: string | null;
}

const lock = z.object({ store: z.string(), key: z.string(), fence: z.number() });
const inherited = z.object({
  run: z.string(),
  state: z.string(),
  documents: z.string(),
  locks: z.array(lock),
  notify: z.custom<FrontMatter['notify']>(Array.isArray),
  confirmedBy: z.string().nullable(),
});

/** undefined: no run started this process. */
export function parentOf(environment: Readonly<Record<string, string | undefined>>): Parent | undefined {
  const { [parentVariable]: text, QUARTERDECK_STEP: step } = environment;
  if (text === undefined || step === undefined) return undefined;
  try {
    return { ...inherited.parse(JSON.parse(text)), step };
  } catch {
    return undefined;
  }
}

const folderOfChildren = (path: string, step: string): string => join(path, 'children', step);

/** Leaves the name of a run with the run above. */
export function announceChild({ state, run, step }: Parent, child: string): void {
  const folder = folderOfChildren(resolve(state, 'runs', run), step);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, child), '');
}

/** The runs that a step has started, the oldest first. */
export function childrenRunBy({ folder }: Running, step: string): ChildRun[] {
  return childFolders(folder.state, folder.run, step).flatMap((child) => {
    const { state } = child.read();
    return state === undefined || state.outcome === 'running' ? [] : [{ run: child.run, outcome: state.outcome }];
  });
}

export function childFolders(state: string, run: string, step: string): RunFolder[] {
  const folder = folderOfChildren(resolve(state, 'runs', run), step);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .toSorted()
    .flatMap((child) => RunFolder.at(state, child) ?? []);
}

/** A folder with a `quarterdeck` in it that is this program, so that steps need none on their PATH, nor find another version. */
export function makeProgramFolder(path: string, program: readonly string[]): string {
  const folder = join(path, 'bin');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'quarterdeck');
  writeFileSync(file, `#!/bin/sh\nexec ${program.map(inQuotes).join(' ')} "$@"\n`);
  chmodSync(file, 0o700);
  return folder;
}
