/** What commands do, as far as their words tell: change something, put a version live, back up, restore, verify. */

import { type Kubectl, curl, docker, kubectl, option, textOf } from './arguments.ts';
import type { Call } from './calls.ts';
import type { LintDocument } from './document.ts';

const kubectlChanges =
  /^(?:apply|create|delete|patch|replace|edit|scale|autoscale|label|annotate|taint|cordon|uncordon|drain|expose|run|set \w+|rollout (?:undo|restart|pause|resume)|create \w+)$/;

export function kubectlChange(call: Call): Kubectl | undefined {
  const found = kubectl(call);
  if (found === undefined || !kubectlChanges.test(found.verb)) return undefined;
  // Prints what would be, and changes nothing.
  const dryRun = textOf(option(call, '--dry-run'));
  return option(call, '--dry-run') === undefined || dryRun === 'none' ? found : undefined;
}

const awsChange = /^(?:create|delete|modify|restore|start|stop|reboot|put|update|terminate|run|promote|failover)-/;

/** Whether the command changes something outside of this shell. */
export function changes(call: Call): boolean {
  const { program, args } = call;
  const words = args.map(({ text }) => text);
  if (kubectl(call) !== undefined) return kubectlChange(call) !== undefined;
  const container = docker(call);
  if (container !== undefined)
    return /^(?:compose (?:up|down|stop|restart|rm)|run|start|stop|kill|rm|restart|rename|tag|push|(?:system|image|volume) prune|volume rm)$/.test(
      container.verb,
    );
  if (program === 'systemctl' || program === 'service')
    return words.some((word) => /^(?:start|stop|restart|reload|enable|disable)$/.test(word));
  if (program === 'helm') return /^(?:install|upgrade|rollback|uninstall)$/.test(words[0] ?? '');
  if (program === 'terraform' || program === 'tofu') return /^(?:apply|destroy)$/.test(words[0] ?? '');
  if (program === 'aws') return words.some((word) => awsChange.test(word));
  if (program === 'git') return /^(?:push|tag)$/.test(words[0] ?? '');
  if (program === 'curl') return curl(call)?.writes === true;
  return (
    /^(?:dropdb|createdb|pg_restore|mongorestore)$/.test(program) ||
    isMigration(call) ||
    /(?:deploy|migrat|rollback|restore|backup)[\w-]*\.(?:sh|py)$/.test(program)
  );
}

/** Of the schema of a database. */
export function isMigration(call: Call): boolean {
  const words = [call.program, ...call.args.map(({ text }) => text)].join(' ');
  return /\balembic (?:up|down)grade\b|\bmanage\.py migrate\b|\brails db:(?:migrate|rollback)\b|\bprisma migrate deploy\b|\bflyway migrate\b|\bmigrate (?:.* )?(?:up|down)\b/.test(
    words,
  );
}

export function isDowngrade(call: Call): boolean {
  const words = [call.program, ...call.args.map(({ text }) => text)].join(' ');
  return /\balembic downgrade\b|\bdb:rollback\b|\bmigrate (?:.* )?down\b/.test(words);
}

/** Puts another version of a program, or other settings, to work. */
export function deploys(call: Call): boolean {
  const kube = kubectlChange(call);
  if (kube !== undefined) return /^(?:apply|replace|set image|rollout restart|rollout undo)$/.test(kube.verb);
  const container = docker(call);
  if (container !== undefined) return container.verb === 'run' || container.verb === 'compose up';
  if (call.program === 'systemctl') return call.args.some(({ text }) => text === 'start' || text === 'restart');
  return call.program === 'helm' && /^(?:install|upgrade|rollback)$/.test(call.args[0]?.text ?? '');
}

const dumps: ReadonlySet<string> = new Set(['pg_dump', 'pg_dumpall', 'mysqldump', 'mongodump', 'pg_basebackup']);

export function isBackup({ program, args }: Call): boolean {
  if (dumps.has(program)) return !args.some(({ text }) => text === '--version' || text === '--help');
  return /^(?:[\w-]*[-_])?backup[\w-]*\.(?:sh|py)$/.test(program) && !args.some(({ text }) => /verify|check|list/.test(text));
}

/** A file or stream that is read into a database. */
export interface Restore {
  readonly call: Call;
  /** The file; undefined for a pipe, or where only a shell can tell. */
  readonly file: string | undefined;
  readonly target: string;
}

const psqlValued = /^-[dhpUvFRTLoPcf]$/;

/** `psql` that reads a file or a pipe; `pg_restore` into a database. */
export function restoreOf(call: Call): Restore | undefined {
  if (call.program === 'pg_restore') {
    const target = textOf(option(call, '-d', '--dbname'));
    if (target === undefined || option(call, '-l', '--list') !== undefined) return undefined;
    const last = call.args.at(-1)?.text;
    return { call, target, file: last === target ? inputFile(call) : last };
  }
  if (call.program !== 'psql' || !readsScript(call)) return undefined;
  const target =
    textOf(option(call, '-d', '--dbname')) ??
    call.args.find(({ text }, index) => !text.startsWith('-') && !psqlValued.test(call.args[index - 1]?.text ?? ''))?.text;
  return { call, target: target ?? '', file: textOf(option(call, '-f', '--file')) ?? inputFile(call) };
}

/** From a file or a pipe: not typed, and not `-c`. */
export function readsScript(call: Call): boolean {
  if (option(call, '-f', '--file') !== undefined) return true;
  if (option(call, '-c', '--command') !== undefined) return false;
  const { pipeline, redirections } = call.command;
  return redirections.some(({ operator }) => operator === '<') || pipeline.indexOf(call.command) > 0;
}

function inputFile({ command }: Call): string | undefined {
  return command.redirections.find(({ operator }) => operator === '<')?.target?.value;
}

/** A database that people may be using: a name of production, or the variable that the application itself is given; not one that the document makes. */
export function isLive({ call, target }: Restore, { calls }: LintDocument): boolean {
  const made = calls.some((each) => each.program === 'createdb' && each.args.some(({ text }) => text !== '' && target.endsWith(text)));
  if (made) return false;
  if (/\$\{?(?:DATABASE_URL|DB_URL|DB_NAME|PGDATABASE|POSTGRES_DB)\b|prod|live/i.test(target)) return true;
  return target === '' && call.via !== undefined;
}

/** Whether a restore brings data back, where `psql` alone may also be a migration. */
export function bringsBack({ call, file }: Restore): boolean {
  if (call.program === 'pg_restore') return true;
  return /backup|dump|snapshot|restore|\.bak\b/i.test(file ?? '') || /restor|roll ?back|recover/i.test(call.script.section.path.join(' '));
}

/** What stands in one part of the document (under one heading of the second level) before this call. */
export function before(call: Call, { calls }: LintDocument): readonly Call[] {
  const own = calls.indexOf(call);
  return calls.filter((each, index) => index < own && each.script.section.part === call.script.section.part);
}

/** What stands after it, to the end of the document. */
export function after(call: Call, { calls }: LintDocument): readonly Call[] {
  return calls.slice(calls.indexOf(call) + 1);
}

/** A document that changes a running system, by its own words; a page about development may do as it likes. */
export function isProcedure({ sections }: LintDocument): boolean {
  return sections.some(
    ({ title, depth }) => depth === 1 && /deploy|runbook|production|release|upgrade|restore|roll ?out|migration/i.test(title),
  );
}

/** The words of the call as the program gets them, short enough for one line. */
export function shown({ program, args }: Call): string {
  const words = [program, ...args.map(({ text }) => text)].join(' ').replaceAll(/\s+/g, ' ');
  return words.length > 60 ? `${words.slice(0, 59)}…` : words;
}
