/** Rules about habits in scripts that fail on another day: the second run, another folder, another order of lines. */

import { docker, given, kubectl, option, textOf } from '../arguments.ts';
import type { Call } from '../calls.ts';
import { kubectlChange, shown } from '../effects.ts';
import { type Rule, bash } from '../rule.ts';
import { isDeclared } from './kubernetes.ts';

export const commentOnly: Rule = {
  id: 'R20',
  name: 'comment-only-step',
  severity: 'info',
  title: 'A script ends in comments that are work for a person',
  why: 'What somebody has to do is hidden in a block that looks done once it has run.',
  fix: 'Make it a list item, or a command that checks it.',
  bad: bash('./release.sh\n\n# Check the dashboards\n# Tell the team'),
  good: bash('./release.sh') + '\n- [ ] The dashboards show the new version\n- [ ] The team knows\n',
  *check({ scripts }) {
    for (const { kind, shell, place } of scripts) {
      const last = shell.commands.reduce((end, command) => Math.max(end, command.end), 0);
      const [first, second] = shell.comments.filter(({ start, text }) => start > last && !text.startsWith('!'));
      if (kind === 'fence' && shell.faults.length === 0 && first !== undefined && second !== undefined && imperative.test(first.text))
        yield { at: place(first.start), message: 'These comments are steps that no command does.' };
    }
  },
};

function isRelative(text: string): boolean {
  return (
    text === '.' ||
    text.startsWith('./') ||
    /^[\w.-]+\/[\w./-]*\w\.(?:ya?ml|json|sh|py|sql|toml|env)$/.test(text) ||
    /^[\w-]+(?:\/[\w.-]+)+\/?$/.test(text)
  );
}

/** How work for a person begins; other comments explain. */
const imperative =
  /^(?:\d+\.\s*)?(?:or )?(?:check|note|query|verify|notify|edit|open|tell|watch|look|update|review|monitor|manual|compare|confirm|wait|post|schedule|ask|inspect)\b/i;

/** Arguments of these look like paths and are none. */
const noPaths = /^(?:git|docker|kubectl rollout|npm|npx|apt|brew|systemctl|ssh|echo|printf)$/;

export const cdLeak: Rule = {
  id: 'R21',
  name: 'cd-leak',
  severity: 'warning',
  title: 'A later block depends on the folder that an earlier one changed to',
  why: 'A reader who goes on in the same terminal stands elsewhere than one who starts there: paths lead nowhere, or to other files.',
  fix: 'Change the folder in a subshell, `(cd backend && pytest)`, or give the program the path.',
  bad:
    bash('cd backend\npytest') +
    '\n' +
    bash('kubectl --context production apply -k k8s/monitoring\nkubectl --context production rollout status deployment/a --timeout 5m'),
  good:
    bash('(cd backend && pytest)') +
    '\n' +
    bash('kubectl --context production apply -k k8s/monitoring\nkubectl --context production rollout status deployment/a --timeout 5m'),
  *check({ calls }) {
    for (const [index, call] of calls.entries()) {
      const [folder = ''] = call.args.map(({ text }) => text);
      if (call.program !== 'cd' || call.script.step || call.command.inside.length > 0 || !/^[\w.]/.test(folder) || folder.startsWith('..'))
        continue;
      const own = calls.filter(({ script }) => script === call.script);
      // Everything after it is meant to be there, where the folder was made first.
      if (own.some(({ program, args }) => /^(?:mkdir|tar|unzip)$/.test(program) || (program === 'git' && args[0]?.text === 'clone')))
        continue;
      if (own.slice(own.indexOf(call) + 1).some(({ program }) => program === 'cd' || program === 'popd')) continue;
      const later = calls.slice(index + 1).filter(({ script }) => script !== call.script);
      const until = later.findIndex(({ program }) => program === 'cd');
      const victim = later
        .slice(0, until < 0 ? undefined : until)
        .find(({ program, args }) => !noPaths.test(program) && args.some(({ text, known }) => known && isRelative(text)));
      const build = later
        .slice(0, until < 0 ? undefined : until)
        .find((each) => docker(each)?.verb === 'build' && each.args.at(-1)?.text === '.');
      const found = victim ?? build;
      if (found !== undefined)
        yield { at: call.at, message: `\`${shown(found)}\` in line ${found.at.line} runs in ${folder} or not, as the reader goes on.` };
    }
  },
};

export const grepParse: Rule = {
  id: 'R23',
  name: 'grep-parse',
  severity: 'warning',
  title: 'A table for people is searched with grep',
  why: 'Columns and order change between versions, a name is part of another, and the line that is found need not be the right one.',
  fix: 'Ask for the field: `--query`, `-o jsonpath=…`, `--filter`, `--format`.',
  bad: bash('docker ps | grep shop'),
  good: bash('test -n "$(docker ps --quiet --filter name=^shop$)"'),
  *check({ calls }) {
    for (const call of calls) {
      const { pipeline } = call.command;
      const next = pipeline.slice(pipeline.indexOf(call.command) + 1).map(({ words }) => words[0]?.value ?? '');
      if (!next.includes('grep')) continue;
      const kube = kubectl(call)?.verb;
      const cloud = /^(?:aws|gcloud|az)$/.test(call.program) && call.args.some(({ text }) => /^(?:describe|list|get)-?/.test(text));
      if (cloud || kube === 'get' || kube === 'describe' || /^(?:ps|images|container ls|image ls|inspect)$/.test(docker(call)?.verb ?? ''))
        yield { at: call.at, message: `What \`${shown(call)}\` prints for people is searched.` };
    }
  },
};

export const logsIncomplete: Rule = {
  id: 'R24',
  name: 'log-grep',
  severity: 'warning',
  title: 'Only part of the logs is looked at',
  why: '`docker logs` writes errors to standard error, past the pipe; `kubectl logs deployment/…` shows one pod of several.',
  fix: '`docker logs NAME 2>&1 | grep …`; `kubectl logs -l app=NAME --all-pods --prefix`.',
  bad: bash('docker logs shop | grep ERROR'),
  good: bash('docker logs shop 2>&1 | grep ERROR'),
  *check({ calls }) {
    for (const call of calls) {
      const { pipeline, redirections } = call.command;
      const piped = pipeline.indexOf(call.command) < pipeline.length - 1;
      if (
        docker(call)?.verb === 'logs' &&
        piped &&
        !redirections.some(({ descriptor, operator }) => descriptor === 2 || operator.startsWith('&'))
      )
        yield { at: call.at, message: 'Errors go past the pipe: standard error is not part of it.' };
      const kube = kubectl(call);
      if (kube?.verb === 'logs' && /^(?:deploy\w*|statefulset|sts|rs)\//.test(kube.words[0] ?? '') && !given(call, ['--all-pods']))
        yield { at: call.at, message: `Only one pod of ${kube.words[0] ?? ''} is shown.` };
    }
  },
};

export const pollByHand: Rule = {
  id: 'R25',
  name: 'poll-by-hand',
  severity: 'warning',
  title: 'Somebody is to repeat a command until it shows what is wanted',
  why: 'There is no end to it, and no agreement on what counts as there.',
  fix: 'Wait with the program: `aws rds wait db-instance-available`, `kubectl wait --for=… --timeout 5m`.',
  bad: '1. Wait for the restore: `aws rds describe-db-instances --db-instance-identifier a` (until "available")\n',
  good: '1. Wait for the restore: `aws rds wait db-instance-available --db-instance-identifier a`\n',
  *check({ calls, prose }) {
    for (const call of calls) {
      if (call.script.kind !== 'inline') continue;
      const verb = kubectl(call)?.verb;
      const looks = call.args.some(({ text }) => text.startsWith('describe-')) || verb === 'get' || verb === 'describe';
      const text = prose.find(({ lines }) => lines.first <= call.at.line && call.at.line <= lines.last)?.text ?? '';
      if (looks && /\bwait(?:s|ing)? (?:for|until)\b|\buntil\b/i.test(text))
        yield { at: call.at, message: 'This is to be repeated by hand until it fits.' };
    }
  },
};

/** The second run fails, or makes a second one. */
function createsOnce(call: Call): boolean {
  const kube = kubectlChange(call);
  if (kube !== undefined) return kube.verb.startsWith('create');
  if (call.program === 'git')
    return (
      call.args[0]?.text === 'tag' &&
      call.args.length > 1 &&
      !given(call, ['-f', '--force', '-l', '--list', '-d', '--delete', '-v', '--points-at'])
    );
  if (docker(call)?.verb === 'network create') return true;
  const [service = '', verb = ''] = call.args.map(({ text }) => text);
  return call.program === 'aws' && verb.startsWith('create-') && service !== 's3api' && !verb.includes('tags');
}

export const createOnce: Rule = {
  id: 'R26',
  name: 'non-idempotent',
  severity: 'warning',
  title: 'The second run fails where the first one made something',
  why: 'A procedure that broke off cannot be repeated from its start.',
  fix: '`kubectl create … --dry-run=client -o yaml | kubectl apply -f -`; or ask first whether it is there.',
  bad: bash('kubectl --context production create namespace shop'),
  good: bash('kubectl create namespace shop --dry-run=client -o yaml | kubectl --context production apply -f -'),
  *check({ calls }) {
    for (const call of calls) {
      const { after, before, inside } = call.command;
      if (createsOnce(call) && after !== '||' && before !== '||' && !inside.includes('if') && !inside.includes('condition'))
        yield { at: call.at, message: `\`${shown(call)}\` fails the second time.` };
    }
  },
};

export const retired: Rule = {
  id: 'R31',
  name: 'deprecated-cli',
  severity: 'info',
  title: 'A command that has been retired',
  why: 'It is missing on new machines, or warns and will be removed.',
  fix: '`docker compose` in place of `docker-compose`; an annotation in place of `kubectl --record`.',
  bad: bash('docker-compose ps'),
  good: bash('docker compose ps'),
  *check({ calls }) {
    for (const call of calls) {
      if (call.program === 'docker-compose') yield { at: call.at, message: 'docker-compose is Compose 1, which has ended.' };
      if (kubectl(call) !== undefined && given(call, ['--record'])) yield { at: call.at, message: '--record is deprecated.' };
    }
  },
};

export const expectedInComment: Rule = {
  id: 'R41',
  name: 'expected-in-comment',
  severity: 'warning',
  title: 'What is expected stands in a comment',
  why: 'Nobody compares it: the step passes whatever comes out.',
  fix: 'Make it a test (`grep -q`, `jq -e`), or an `output` or `expect` block after the step.',
  bad: bash('./status.sh\n# Expected: all services up'),
  good: bash('./status.sh | grep -q "all services up"'),
  *check({ scripts }) {
    for (const { shell, place } of scripts)
      for (const { text, start } of shell.comments)
        if (/^expect(?:ed|s)?\b.{0,20}:/i.test(text)) yield { at: place(start), message: 'This expectation is compared by nobody.' };
  },
};

export const doubleCreate: Rule = {
  id: 'R75',
  name: 'double-create',
  severity: 'info',
  title: 'The same namespace is created and applied',
  why: 'One of the two is wrong, and apply warns that it did not make the object.',
  fix: 'Keep the apply.',
  bad: bash('kubectl --context a create namespace shop\nkubectl --context a apply -f namespace.yaml'),
  good: bash('kubectl --context a apply -f namespace.yaml'),
  *check({ calls }) {
    for (const call of calls) {
      if (kubectlChange(call)?.verb !== 'create namespace') continue;
      const twice = calls.some(
        (each) =>
          each.script.sequence === call.script.sequence &&
          kubectlChange(each)?.verb === 'apply' &&
          /namespace/.test(textOf(option(each, '-f', '--filename')) ?? ''),
      );
      if (twice) yield { at: call.at, message: 'The namespace is applied from a file as well.' };
    }
  },
};

export const tokenUnset: Rule = {
  id: 'R95',
  name: 'token-unset',
  severity: 'info',
  title: 'A header holds a variable that nothing sets',
  why: 'An empty token gives a 401 that looks like a fault of the service.',
  fix: 'Say where it comes from, and stop without it: `${API_TOKEN:?}`.',
  bad: bash('curl -fsS --max-time 9 -H "Authorization: Bearer $API_TOKEN" https://shop.example.com/me'),
  good: bash('curl -fsS --max-time 9 -H "Authorization: Bearer ${API_TOKEN:?}" https://shop.example.com/me'),
  *check(document) {
    for (const call of document.calls)
      for (const { text, unset } of call.args) {
        const [name] = /^Authorization:/i.test(text) ? unset.filter((each) => !isDeclared(each, document)) : [];
        if (name !== undefined) yield { at: call.at, message: `Nothing in this document sets $${name}.` };
      }
  },
};

export const habitRules: readonly Rule[] = [
  commentOnly,
  cdLeak,
  grepParse,
  logsIncomplete,
  pollByHand,
  createOnce,
  retired,
  expectedInComment,
  doubleCreate,
  tokenUnset,
];
