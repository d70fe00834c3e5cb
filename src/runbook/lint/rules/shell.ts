/** Rules about scripts as such: what never ends, what is no shell, what hides a failure. */

import { docker, given, kubectl, option } from '../arguments.ts';
import type { Script } from '../scripts.ts';
import { changes, shown } from '../effects.ts';
import { endless } from '../endless.ts';
import { type Rule, bash } from '../rule.ts';

const producers = /^(?:pg_dump|pg_dumpall|pg_basebackup|mysqldump|mongodump|tar|gunzip|zcat|gpg|age|openssl|aws|ssh)$/;
const consumers = /^(?:gzip|zstd|xz|bzip2|psql|pg_restore|mysql|gpg|age|openssl|aws|tee|split|tar|ssh|docker|rclone)$/;

function hasPipefail({ step, shell }: Script): boolean {
  return (
    step ||
    shell.commands.some(
      ({ words }) =>
        words[0]?.value === 'set' &&
        words.some(({ value }) => value === 'pipefail' || (/^-\w*o$/.test(value ?? '') && words.some((each) => each.value === 'pipefail'))),
    )
  );
}

export const noPipefail: Rule = {
  id: 'R06',
  name: 'pipe-no-pipefail',
  severity: 'warning',
  title: 'The first command of a pipe may fail unnoticed',
  why: 'The status of a pipe is that of its last command: a failed pg_dump leaves a valid gzip file of 20 bytes.',
  fix: 'Begin the script with `set -o pipefail`.',
  bad: bash('pg_dump -d shop | gzip > shop.sql.gz\nquarterdeck check backup shop.sql.gz'),
  good: bash('set -o pipefail\npg_dump -d shop | gzip > shop.sql.gz\nquarterdeck check backup shop.sql.gz'),
  *check({ calls }) {
    for (const call of calls) {
      const { pipeline, redirections } = call.command;
      const next = pipeline[pipeline.indexOf(call.command) + 1]?.words[0]?.value ?? '';
      if (!producers.test(call.program) || !consumers.test(next) || call.via !== undefined || hasPipefail(call.script)) continue;
      if (!redirections.some(({ operator }) => operator.startsWith('<<')))
        yield { at: call.at, message: `A failure of ${call.program} is hidden by ${next}.` };
    }
  },
};

export const neverEnds: Rule = {
  id: 'R13',
  name: 'never-ends',
  severity: 'error',
  title: 'A command never comes back',
  why: 'The lines after it are never run, and a program that runs the procedure stands there until it is stopped.',
  fix: 'Take a bounded one: `rollout status --timeout 5m`, `logs --since 10m`, `up --detach --wait`; or put `timeout 60` before it.',
  bad: bash('kubectl get deployment shop -w\ncurl -fsS --max-time 10 https://shop.example.com/health'),
  good: bash('kubectl rollout status deployment/shop --timeout 5m\ncurl -fsS --max-time 10 https://shop.example.com/health'),
  *check({ calls }) {
    for (const call of calls) {
      const found = call.script.kind === 'fence' ? endless(call) : undefined;
      const { background, words, pipeline } = call.command;
      if (found === undefined || background || words.some(({ value }) => value === 'timeout')) continue;
      // What is started alone to stay, in a terminal of its own, may stay.
      if (found.serves && call.script.shell.commands.length === 1) continue;
      const last = pipeline.at(-1)?.words.map(({ value }) => value ?? '') ?? [];
      if (last[0] === 'head' || (last[0] === 'grep' && last.some((word) => /^-\w*[mq]/.test(word)))) continue;
      yield { at: call.at, message: `\`${found.what}\` does not come back.` };
    }
  },
};

export const pager: Rule = {
  id: 'R14',
  name: 'pager',
  severity: 'warning',
  title: 'A command opens a pager and waits for a key',
  why: 'At a terminal the procedure stands still until somebody presses q; and a status that is shown is not one that is checked.',
  fix: 'Use `--no-pager`, and for a check `systemctl is-active --quiet NAME`.',
  bad: bash('sudo systemctl status shop'),
  good: bash('systemctl is-active --quiet shop'),
  *check({ calls }) {
    for (const call of calls) {
      const { pipeline, redirections, inside } = call.command;
      const piped = pipeline.length > 1 || redirections.some(({ operator }) => operator.startsWith('>')) || inside.includes('substitution');
      if (piped || call.script.step || given(call, ['--no-pager', '-P', '--quiet'])) continue;
      const verb = call.args.find(({ text }) => !text.startsWith('-'))?.text ?? '';
      const follows = call.program === 'journalctl' && given(call, ['-f', '--follow'], 'unpS');
      if ((call.program === 'systemctl' && verb === 'status') || (call.program === 'journalctl' && !follows) || call.program === 'less')
        yield { at: call.at, message: `\`${shown(call)}\` waits for a key at a terminal.` };
    }
  },
};

/** Doing one after the other does no more than one alone: ways to install, to build, to look. */
const harmless = /^(?:npm|npx|pnpm|yarn|bun|bunx|deno|pip3?|pipx|uv|uvx|brew|apt|apt-get|dnf|cargo|go|make|echo|cat|ls)$/;

export const alternatives: Rule = {
  id: 'R17',
  name: 'or-in-one-block',
  severity: 'error',
  title: 'Two alternatives stand in one script',
  why: 'A comment does not keep anything from running: both are executed, one after the other.',
  fix: 'Make a block of each, under a heading or a condition that says when.',
  bad: bash('docker stop shop\n# or\nsudo systemctl stop shop'),
  good: '### With Docker\n\n' + bash('docker stop shop') + '\n### With systemd\n\n' + bash('sudo systemctl stop shop'),
  *check({ scripts }) {
    for (const { shell, place } of scripts)
      for (const { text, start, end } of shell.comments) {
        if (!/^(?:or|alternatively|alternative|otherwise)\b/i.test(text)) continue;
        const previous = shell.commands.findLast((command) => command.end <= start);
        const next = shell.commands.find((command) => command.start >= end);
        if (harmless.test(previous?.words[0]?.value ?? '') && harmless.test(next?.words[0]?.value ?? '')) continue;
        // The branches of an `if` are alternatives that the shell knows.
        if (previous === undefined || next === undefined || next.inside.includes('if') || next.inside.includes('case')) continue;
        yield { at: place(start), message: 'What is before this comment runs, and what is after it too.' };
      }
  },
};

export const repeatedCommand: Rule = {
  id: 'R18',
  name: 'repeated-command',
  severity: 'warning',
  title: 'The same change is made twice in one script',
  why: 'It runs twice, often because its variables were put on lines of their own the first time.',
  fix: 'Keep one. Variables for one command stand before it on the same line, or lines that end in a backslash.',
  bad: bash('./migrate.sh\nENVIRONMENT=production ./migrate.sh'),
  good: bash('ENVIRONMENT=production ./migrate.sh'),
  *check({ calls }) {
    const seen = new Map<object, Set<string>>();
    for (const call of calls) {
      const { inside } = call.command;
      if (!(changes(call) || /\bmigrat\w*[\w-]*\.sh$/.test(call.program)) || inside.length > 0 || call.via !== undefined) continue;
      const words = [call.program, ...call.args.map(({ text }) => text)].join('\0');
      const before = seen.get(call.script) ?? new Set();
      if (before.has(words)) yield { at: call.at, message: `\`${shown(call)}\` has run already in this script.` };
      seen.set(call.script, before.add(words));
    }
  },
};

export const notShell: Rule = {
  id: 'R19',
  name: 'not-shell',
  severity: 'error',
  title: 'A block that is marked as shell is no shell',
  why: 'Whoever runs it gets a syntax error, or a sentence taken for the name of a command.',
  fix: 'Mark it as `text`, or correct the script.',
  bad: bash('"Starting the deployment,\nexpected duration: 30 minutes"'),
  good: '```text\nStarting the deployment,\nexpected duration: 30 minutes\n```\n',
  *check({ scripts }) {
    for (const { kind, language, shell, place } of scripts) {
      if (kind !== 'fence' || language === 'zsh') continue;
      const [fault] = shell.faults;
      if (fault !== undefined) yield { at: place(fault.offset), message: `This is no shell: ${fault.message}.` };
      for (const { words } of shell.commands) {
        const [first] = words;
        if (first?.quoted === true && /\s/.test(first.value ?? ''))
          yield { at: place(first.start), message: 'A sentence stands where a command is expected.' };
      }
    }
  },
};

export const maskedFailure: Rule = {
  id: 'R22',
  name: 'masked-failure',
  severity: 'warning',
  title: 'The failure of a change is hidden',
  why: '`|| true` and `2>/dev/null` hide that it was not there, and just as well that it could not be done.',
  fix: 'Ask first (`docker ps -aq --filter name=shop`), or accept only the failure that is meant.',
  bad: bash('docker stop shop || true'),
  good: bash('docker rm --force shop'),
  *check({ scripts, calls }) {
    for (const call of calls) {
      if (!changes(call) || call.via !== undefined) continue;
      const { shell } = call.script;
      const next = call.command.after === '||' ? shell.commands[shell.commands.indexOf(call.command) + 1]?.words : undefined;
      const hidden = next?.length === 1 && /^(?:true|:)$/.test(next[0]?.value ?? '');
      const silenced = call.command.redirections.some(
        ({ descriptor, operator, target }) => target?.value === '/dev/null' && (descriptor === 2 || operator.startsWith('&>')),
      );
      if (hidden || silenced) yield { at: call.at, message: `A failure of \`${shown(call)}\` is hidden.` };
    }
    for (const { shell, place } of scripts)
      for (const { words, start } of shell.commands)
        if (words[0]?.value === 'set' && words.some(({ value }) => /^\+\w*e/.test(value ?? '')))
          yield { at: place(start), message: '`set +e`: what fails from here on is not noticed.' };
  },
};

export const forced: Rule = {
  id: 'R76',
  name: 'forced',
  severity: 'warning',
  title: 'A safety is switched off',
  why: 'What the program would have refused or asked about is lost: data, history, a running container.',
  fix: 'Do it without force, or check first what the safety protects.',
  bad: bash('rm -rf "$RELEASE/"'),
  good: bash('rm -rf "${RELEASE:?}/"'),
  *check({ calls }) {
    for (const call of calls) {
      const words = call.args.map(({ text }) => text);
      const container = docker(call);
      const kube = kubectl(call);
      const git = call.program === 'git' && ((words[0] === 'push' && given(call, ['--force', '-f'])) || words.includes('--no-verify'));
      const deleted = kube?.verb === 'delete' && (option(call, '--grace-period') === '0' || words.includes('--force'));
      const pruned = container?.verb.endsWith('prune') === true && given(call, ['-a', '--all']);
      const emptied =
        call.program === 'rm' &&
        given(call, ['-r', '-R', '--recursive']) &&
        call.args.some(({ unset, text }) => unset.length > 0 && text.startsWith('$'));
      if (git || deleted || pruned || emptied)
        yield {
          at: call.at,
          message: `\`${shown(call)}\` ${emptied ? 'deletes the wrong folder where the variable is empty' : 'goes past a safety'}.`,
        };
    }
  },
};

export const shellRules: readonly Rule[] = [noPipefail, neverEnds, pager, alternatives, repeatedCommand, notShell, maskedFailure, forced];
