/** A small collection for machines without a large one: the decisions of this project, and questions that each of them answers. */

import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Collection } from './collection.ts';

/** Asked in other words than the pages use for their titles; by the number of the page that has the answer. */
const questions: readonly { text: string; answers: readonly string[] }[] = [
  { text: 'what happens to the data when the process is killed', answers: ['0001'] },
  { text: 'how are tenants kept apart in the database', answers: ['0002'] },
  { text: 'why are passwords and sessions not our own code', answers: ['0003'] },
  { text: 'how is an event that commits late not skipped', answers: ['0004'] },
  { text: 'two workers took the same task', answers: ['0007'] },
  { text: 'why was this package chosen instead of another', answers: ['0008'] },
  { text: 'too many requests from one credential', answers: ['0009'] },
  { text: 'elicitation: ask the person and run the call again', answers: ['0010'] },
  { text: 'a tool call that takes longer than the client waits', answers: ['0011'] },
  { text: 'traces and metrics for a collector', answers: ['0012'] },
  { text: 'consent screen and dynamic client registration', answers: ['0013'] },
  { text: 'how many packets does a transaction need', answers: ['0015'] },
  { text: 'parsing bash in code blocks', answers: ['0016'] },
  { text: 'resume a run after the machine crashed', answers: ['0017'] },
  { text: 'blue-green switch behind a proxy', answers: ['0018'] },
  { text: 'prove that a dump can be restored', answers: ['0019'] },
  { text: 'schema change while the old version serves', answers: ['0020'] },
  { text: 'write-ahead log archive and recovery target', answers: ['0021'] },
  { text: 'collect evidence before fixing', answers: ['0022'] },
];

export async function readOwnSet(root: string): Promise<Collection> {
  const folder = join(root, 'docs', 'decisions');
  const names = (await readdir(folder)).filter((name) => /^\d{4}-.*\.md$/.test(name)).sort();
  const documents = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(folder, name), 'utf8');
      return { id: name.slice(0, 4), title: /^# (.*)$/m.exec(text)?.[1] ?? name, text };
    }),
  );
  return {
    name: 'the decisions of this project',
    documents,
    queries: questions.map(({ text, answers }, place) => ({ id: String(place + 1), text, relevant: new Set(answers) })),
  };
}
