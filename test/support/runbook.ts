/** A folder in which a test writes runbooks and runs them as a user does, with runs and locks of its own. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { RunRecord } from '../../src/runbook/run/records.ts';

export const program = fileURLToPath(new URL('../../bin/quarterdeck.mjs', import.meta.url));

export interface RanRunbook {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the last line of `--json` says. */
export interface LastLine {
  readonly event: 'run.finished';
  readonly run: string;
  readonly outcome: string;
  readonly exit: number;
  readonly left: readonly string[];
  readonly reason?: string;
  readonly waiting_for?: { step: string; what: string } | null;
}

export interface Workshop {
  readonly folder: string;
  /** Writes a file, and gives its path. */
  write(name: string, content: string): string;
  read(name: string): string;
  /** Runs `quarterdeck runbook …`. */
  runbook(words: readonly string[], options?: StartOptions): Promise<RanRunbook>;
  /** Starts `quarterdeck runbook …` and comes back at once. */
  start(words: readonly string[], options?: StartOptions): Started;
  /** The last line of `quarterdeck runbook … --json`. */
  last(words: readonly string[], options?: StartOptions): Promise<LastLine>;
  journal(run: string): RunRecord[];
  remove(): Promise<void>;
}

export interface StartOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** In place of the program itself. */
  readonly entry?: string;
}

export interface Started {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<RanRunbook>;
}

/** Why this account cannot run the program: a checkout in a home folder is closed to everyone else. undefined: it can. */
export function withoutReach(account: { uid?: number; gid?: number }): string | undefined {
  const { status } = spawnSync(process.execPath, [program, '--version'], { ...account, cwd: '/' });
  return status === 0 ? undefined : 'this checkout is in a folder that the account of the database cannot read';
}

/** `account`: whom the runbooks run as; default: whoever runs the tests. */
export function createWorkshop(account: { uid?: number; gid?: number } = {}): Workshop {
  const folder = mkdtempSync(join(tmpdir(), 'quarterdeck-runbook-'));
  if (account.uid !== undefined && account.gid !== undefined) chownSync(folder, account.uid, account.gid);

  const start = (words: readonly string[], { environment = {}, entry = program }: StartOptions = {}): Started => {
    const child = spawn(process.execPath, [entry, 'runbook', ...words], {
      ...account,
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, XDG_STATE_HOME: join(folder, 'state'), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>,
    ]);
    return {
      pid: child.pid ?? 0,
      kill: (signal) => void child.kill(signal),
      ended: ended.then(([stdout, stderr, [code, signal]]) => ({ code, signal, stdout, stderr })),
    };
  };
  const runbook = (words: readonly string[], options?: StartOptions) => start(words, options).ended;

  return {
    folder,
    write(name, content) {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    },
    read: (name) => readFileSync(join(folder, name), 'utf8'),
    runbook,
    start,
    async last(words, options) {
      const { stdout, stderr } = await runbook([...words, '--json'], options);
      const line = stdout.trimEnd().split('\n').at(-1) ?? '';
      if (line === '') throw new Error(`quarterdeck runbook ${words.join(' ')} printed nothing: ${stderr}`);
      return JSON.parse(line) as LastLine;
    },
    journal: (run) =>
      readFileSync(join(folder, 'state/quarterdeck/runbooks/runs', run, 'journal.jsonl'), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as RunRecord),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A runbook of these blocks. A step is written `name attributes: script`. */
export function document(front: string, ...blocks: readonly string[]): string {
  return `---\n${front}\n---\n\n# A runbook\n\n## Only stage\n\n${blocks.join('\n\n')}\n`;
}

export function step(attributes: string, script: string): string {
  return `\`\`\`bash {${attributes}}\n${script}\n\`\`\``;
}

export const expecting = (kind: 'output' | 'expect', lines: string): string => `\`\`\`${kind}\n${lines}\n\`\`\``;
