/**
 * Stands in for systemd, which no test machine runs: it does what the lines of a unit say that a test can show. It knows Environment,
 * EnvironmentFile, ExecStart, ExecStartPost, ExecStop and StateDirectory, runs them for a user without rights, and leaves alone, as
 * KillMode=process does, what a main process that died had started. It confines nothing.
 */

import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, parseEnv } from 'node:util';

/** `nobody` where the test may choose, so that nothing works only because it is root. */
const user = process.getuid?.() === 0 ? 65_534 : undefined;

export interface Unit {
  /** Every value of a key, in order, with the paths of a machine whose root is `root`. */
  all(key: string): readonly string[];
  one(key: string): string;
}

/** https://www.freedesktop.org/software/systemd/man/latest/systemd.syntax.html, as far as our units use it */
export function readUnit(text: string, root = ''): Unit {
  const lines = text.split('\n').flatMap((line) => {
    const [, key, value = ''] = /^([A-Z]\w+)=(.*)$/.exec(line) ?? [];
    return key === undefined ? [] : [{ key, value: value.replaceAll(/(^|[ =-])\/(opt|etc|var\/lib)\//g, `$1${root}/$2/`) }];
  });
  const all = (key: string): string[] => lines.filter((line) => line.key === key).map(({ value }) => value);
  return { all, one: (key) => all(key).at(-1) ?? '' };
}

/** What a service on the machine under `root` was started as. */
interface Running {
  readonly pid: number;
}

const runningFile = (root: string): string => join(root, 'run', 'main.json');
const unitFile = (root: string): string => join(root, 'etc/systemd/system/quarterdeck.service');
const wantedFile = (root: string): string => join(root, 'etc/systemd/system/multi-user.target.wants/quarterdeck.service');

const unitUnder = (root: string): Unit => readUnit(readFileSync(unitFile(root), 'utf8'), root);

function environmentOf(unit: Unit): NodeJS.ProcessEnv {
  const given = unit.all('Environment').map((line) => parseEnv(line));
  const files = unit.all('EnvironmentFile').map((path) => parseEnv(readFileSync(path, 'utf8')));
  return Object.assign(
    { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: unit.one('WorkingDirectory') },
    ...given,
    ...files,
  ) as NodeJS.ProcessEnv;
}

function wordsOf(line: string, environment: NodeJS.ProcessEnv): [string, ...string[]] {
  const [program = '', ...words] = line
    .split(' ')
    .map((word) => word.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => environment[name] ?? ''));
  return [program, ...words];
}

/** Runs a line of a unit to its end. */
export function runLine(unit: Unit, key: string): { status: number | null; output: string } {
  const env = environmentOf(unit);
  const [program, ...words] = wordsOf(unit.one(key), env);
  const { status, stdout, stderr } = spawnSync(program, words, {
    env,
    cwd: unit.one('WorkingDirectory'),
    uid: user,
    gid: user,
    encoding: 'utf8',
  });
  return { status, output: `${stdout}${stderr}` };
}

/** What `systemctl start` and `Restart=always` do. @throws Error when the unit would be failed */
export function startUnit(root: string): void {
  const unit = unitUnder(root);
  const state = join(root, 'var/lib', unit.one('StateDirectory'));
  mkdirSync(dirname(state), { recursive: true });
  if (!existsSync(state)) mkdirSync(state, { mode: 0o700 });
  if (user !== undefined) chownSync(state, user, user);
  const env = environmentOf(unit);
  const [program, ...words] = wordsOf(unit.one('ExecStart'), env);
  mkdirSync(join(root, 'run'), { recursive: true });
  const log = openSync(join(root, 'run', 'journal'), 'a');
  const child = spawn(program, words, { env, cwd: state, uid: user, gid: user, detached: true, stdio: ['ignore', log, log] });
  child.unref();
  writeFileSync(runningFile(root), JSON.stringify({ pid: child.pid ?? 0 } satisfies Running));
  const { status, output } = runLine(unit, 'ExecStartPost');
  if (status !== 0) throw new Error(`ExecStartPost ended with ${status}: ${output}${readFileSync(join(root, 'run', 'journal'), 'utf8')}`);
}

export function mainPid(root: string): number | undefined {
  if (!existsSync(runningFile(root))) return undefined;
  const { pid } = JSON.parse(readFileSync(runningFile(root), 'utf8')) as Running;
  return existsSync(`/proc/${pid}/exe`) ? pid : undefined;
}

async function stopUnit(root: string): Promise<void> {
  if (mainPid(root) === undefined) return;
  const { status, output } = runLine(unitUnder(root), 'ExecStop');
  if (status !== 0) throw new Error(`ExecStop ended with ${status}: ${output}`);
  while (mainPid(root) !== undefined) await sleep(50);
  rmSync(runningFile(root));
}

/** `systemctl` as a program, for the steps of a runbook: `node systemd.ts ROOT WORDS…`. */
async function systemctl([root = '', ...words]: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: words, allowPositionals: true, options: { version: { type: 'boolean' } } });
  const [command] = positionals;
  if (values.version === true) console.log('systemd 252 (a stand-in)');
  else if (command === 'start') startUnit(root);
  else if (command === 'stop') await stopUnit(root);
  else if (command === 'enable') {
    mkdirSync(join(wantedFile(root), '..'), { recursive: true });
    writeFileSync(wantedFile(root), '');
  } else if (command === 'disable') rmSync(wantedFile(root), { force: true });
  else if (command === 'is-enabled') console.log(existsSync(wantedFile(root)) ? 'enabled' : 'disabled');
  else if (command === 'is-active') console.log(mainPid(root) === undefined ? 'inactive' : 'active');
  else if (command !== 'daemon-reload') throw new Error(`the stand-in knows no systemctl ${words.join(' ')}`);
}

if (process.argv[1] === import.meta.filename) await systemctl(process.argv.slice(2));
