/** Which fences hold shell commands, and what of them is typed. */

import type { Call } from '../lint/calls.ts';
import { isShell } from '../lint/scripts.ts';
import { readScript } from './calls.ts';

const prompt = /^\s*(?:\[?[\w.-]+@[\w.-]+[^$#\n]{0,40})?(?:\$|❯)[ \t]+(?=\S)/;

/** Programs that nobody mentions in a block without meaning that they are to be typed. */
const known: ReadonlySet<string> = new Set(
  (
    'alembic ansible ansible-playbook apt apt-get aws az brew bundle cargo cd chmod chown cp createdb crontab curl dig dnf docker docker-compose dropdb export fly flyctl flyway gcloud gh git gpg ' +
    'gunzip helm journalctl kill kubectl kustomize ln make mkdir mv mysql mysqldump nginx npm npx oc openssl pg_dump pg_isready pg_restore pip pip3 pnpm podman psql python python3 rake rails ' +
    'redis-cli rm rsync scp service ssh sudo systemctl tar terraform ufw unzip wget yarn yum'
  ).split(' '),
);

/**
 * Its language says so; or it has none, and either its first line has a prompt, or it reads as a script in which every pipe begins with one of the known programs.
 * Anything else without a language may be a file, a log, a picture.
 */
export function isShellFence(language: string, text: string): boolean {
  if (language !== '') return isShell(language);
  if (prompt.test(text.trimStart().split('\n', 1)[0] ?? '')) return true;
  const { shell, calls } = readScript(text);
  const typedIn = ({ program, command, via }: Call) =>
    via !== undefined || command.pipeline.indexOf(command) > 0 || (known.has(program) && command.words.length > 1);
  return shell.faults.length === 0 && calls.length > 0 && calls.every(typedIn);
}

/** The commands without their prompts. What was printed stands below each as a comment that says that it is expected. */
export function typed(text: string): string {
  const lines = text.split('\n');
  if (!lines.some((line) => prompt.test(line))) return text;
  const script: string[] = [];
  let continued = false;
  let printing = false;
  for (const line of lines) {
    const command: boolean = continued || prompt.test(line);
    if (command) {
      if (printing) script.push('');
      script.push(continued ? line : line.replace(prompt, ''));
      printing = false;
    } else if (!printing && /^\s*(?:#|$)/.test(line)) script.push(line);
    else {
      if (!printing) script.push('# Expected output:');
      script.push(`# ${line}`.trimEnd());
      printing = true;
    }
    continued = command && line.trimEnd().endsWith('\\');
  }
  return script.join('\n');
}
