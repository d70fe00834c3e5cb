/** Checks that the programs that a runbook requires are there, in a version that it allows. */

import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import semver from 'semver';
import type { FrontMatter } from './parse/front-matter.ts';

export type RequiredPrograms = FrontMatter['requires'];
type RequiredProgram = RequiredPrograms[string];

export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where steps run. */
  readonly cwd: string;
  /** For one program. Default: ten seconds, which is long for a virtual machine that starts to say its version. */
  readonly timeoutMs?: number;
}

/** Programs that do not know `--version`, or say it only to a server. `aws --version` begins with its own version, as it should. */
const otherArguments: Readonly<Record<string, readonly string[]>> = {
  kubectl: ['version', '--client'],
  helm: ['version', '--short'],
  openssl: ['version'],
};

/** More than any program has to say about itself. */
const mostOutput = 64 * 1024;

/** One sentence that says what to do for each program that is missing, has a version that is not allowed, or says none. Empty: all are well. */
export async function checkRequired(required: RequiredPrograms, surroundings: Surroundings): Promise<readonly string[]> {
  const problems = await Promise.all(Object.entries(required).map(async ([name, program]) => check(name, program, surroundings)));
  return problems.filter((problem) => problem !== undefined);
}

async function check(name: string, { version: range, command }: RequiredProgram, surroundings: Surroundings): Promise<string | undefined> {
  const words =
    command === undefined ? [name, ...(otherArguments[name] ?? ['--version'])] : ['bash', '--noprofile', '--norc', '-c', command];
  const answer = await ask(words, surroundings);
  const requires = `this runbook requires ${range}`;
  if (answer.outcome === 'missing') {
    const where = words[0]?.includes('/') === true ? 'is not there' : 'is not on the PATH';
    return `${words[0]} ${where}, and ${requires}: install it.`;
  }
  const called = `\`${command ?? words.join(' ')}\``;
  if (answer.outcome === 'failed')
    return `The version of ${name} cannot be read: ${called} ${answer.why}. Mend it, or name another command under requires.`;
  // Any version will do, and the program is there.
  if (semver.validRange(range) === '*') return undefined;
  const found = findVersion(answer.stdout) ?? findVersion(answer.stderr);
  if (found === undefined) return `The version of ${name} cannot be read: ${called} prints none. Name a command that does under requires.`;
  const version = semver.coerce(found) ?? found;
  if (semver.satisfies(version, range)) return undefined;
  return `${name} is ${found}, and ${requires}: install ${directionOf(version, range)} one.`;
}

function directionOf(version: semver.SemVer | string, range: string): string {
  if (semver.ltr(version, range)) return 'a newer';
  return semver.gtr(version, range) ? 'an older' : 'another';
}

/** `v1.28.3-rc.1` is 1.28.3: whoever requires 1.28 does not mean to refuse it. Numbers without a dot count only where there are no others (`less 590`). */
function findVersion(output: string): string | undefined {
  const text = stripVTControlCharacters(output);
  const [, parts] = /(?<![\d.])(\d+(?:\.\d+)+)/.exec(text) ?? /(?<!\w)v?(\d+)(?!\w)/.exec(text) ?? [];
  if (parts === undefined) return undefined;
  // A date as a version has zeros in front, `2023.01.05`.
  return parts.split('.').slice(0, 3).map(Number).join('.');
}

type Answer =
  | { readonly outcome: 'answered'; readonly stdout: string; readonly stderr: string }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'failed'; readonly why: string };

/** Runs it without a terminal, and ends it with all that it started when it takes too long. */
async function ask([file = '', ...words]: readonly string[], { environment, cwd, timeoutMs = 10_000 }: Surroundings): Promise<Answer> {
  const child = spawn(file, words, { cwd, env: environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const timer = setTimeout(() => {
    resolve({ outcome: 'failed', why: `does not answer within ${timeoutMs / 1_000} s` });
    if (child.pid !== undefined) endGroup(child.pid);
  }, timeoutMs);
  child.on('error', (error) => {
    const code = 'code' in error ? String(error.code) : error.message;
    resolve(code === 'ENOENT' ? { outcome: 'missing' } : { outcome: 'failed', why: `cannot be started (${code})` });
  });
  child.on('close', (status, signal) => {
    const said = firstLine(stderr()) ?? firstLine(stdout());
    const ended = signal === null ? `ends with status ${status}` : `is ended by ${signal}`;
    if (status === 0) resolve({ outcome: 'answered', stdout: stdout(), stderr: stderr() });
    else resolve({ outcome: 'failed', why: said === undefined ? ended : `${ended} and says "${said}"` });
  });
  const answer = await promise;
  clearTimeout(timer);
  return answer;
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (bytes < mostOutput) chunks.push(chunk);
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended in this moment.
  }
}

/** What others wrote, short and without what would move a cursor. */
function firstLine(output: string): string | undefined {
  const [line = ''] = stripVTControlCharacters(output).trim().split(/\r?\n/);
  return line === '' ? undefined : line.replaceAll(/\p{Cc}/gu, ' ').slice(0, 100);
}
