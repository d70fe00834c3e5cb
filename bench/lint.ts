/** `npm run bench:lint`: how long the linter takes for a document, in a process that has just started. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeMachine } from './machine.ts';

/** The longest of the seeds, cut to what is promised for. */
const document = fileURLToPath(new URL('../test/corpus/seeds/001_15480022435340f0.txt', import.meta.url));
const lines = 500;
const processes = 7;

if (process.argv[2] === 'once') await once();
else {
  console.log(`${describeMachine()}\ncommand: npm run bench:lint\n`);
  const rows = Array.from({ length: processes }, (): [number, number] => {
    const { stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), 'once'], { encoding: 'utf8' });
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as [number, number];
  });
  const sorted = (of: 0 | 1) => rows.map((row) => row[of]).toSorted((a, b) => a - b);
  const shown = (name: string, of: 0 | 1) => {
    const all = sorted(of);
    console.log(
      `${name.padEnd(44)} median ${all[Math.floor(processes / 2)]?.toFixed(0)} ms   of ${all.map((ms) => ms.toFixed(0)).join(', ')}`,
    );
  };
  shown(`the linter and its rules loaded`, 0);
  shown(`${lines} lines linted, the first time in a process`, 1);
}

/** Prints how many milliseconds it took to load the linter, and to lint the document. */
async function once(): Promise<void> {
  const text = readFileSync(document, 'utf8').split('\n').slice(0, lines).join('\n');
  const began = performance.now();
  const { lint } = await import('../src/runbook/lint/lint.ts');
  const loaded = performance.now();
  const { findings } = lint({ file: 'document.md', text });
  if (findings.length === 0) throw new Error('The linter found nothing.');
  console.log(JSON.stringify([loaded - began, performance.now() - loaded]));
}
