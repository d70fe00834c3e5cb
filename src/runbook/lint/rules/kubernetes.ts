/** Rules about kubectl: the right cluster, and waiting for what was asked for. */

import { type Kubectl, kubectl, option, textOf } from '../arguments.ts';
import type { Call } from '../calls.ts';
import type { LintDocument } from '../document.ts';
import { after, before, kubectlChange, shown } from '../effects.ts';
import { type Rule, bash } from '../rule.ts';

const kube = 'kubectl --context production -n shop';

/** Kinds that start no pods, by the names that people give their files. */
const noPods =
  /(?:^|[-_/. ])(?:namespaces?|ns|config-?maps?|secrets?|services?|svc|ingress|rbac|roles?|policy|policies|crds?|pvc?|hpa|pdb|quota|limits?|service-?accounts?|network-policy|pod-disruption-budget)\b/i;

/** The workload of `deployment/a` and `deployment a`; empty: not told. */
function workloadOf({ verb, words }: Kubectl): string {
  const [first = '', second = ''] = words;
  if (verb === 'set env' || verb === 'apply' || verb === 'patch') return first.includes('/') ? (first.split('/')[1] ?? '') : second;
  return first.includes('/') ? (first.split('/')[1] ?? '') : second.includes('=') ? '' : second;
}

/** What `apply -f -` is given: the words of the command before it. */
function pipedFrom({ command }: Call): string {
  const previous = command.pipeline[command.pipeline.indexOf(command) - 1];
  return previous?.words.map(({ text }) => text.split('/').at(-1) ?? '').join(' ') ?? '';
}

/** A call after which pods are replaced, started or stopped. */
function rollsOut(call: Call): Kubectl | undefined {
  const found = kubectlChange(call);
  if (found === undefined) return undefined;
  const file = textOf(option(call, '-f', '--filename')) ?? '';
  if (found.verb === 'apply') return noPods.test(file === '-' ? pipedFrom(call) : (file.split('/').at(-1) ?? '')) ? undefined : found;
  if (found.verb === 'patch')
    return /^(?:deploy|deployment|deployments|statefulset|sts|daemonset|ds)\b/.test(found.words[0] ?? '') ? found : undefined;
  return /^(?:set (?:image|env|resources)|scale|rollout (?:undo|restart))$/.test(found.verb) ? found : undefined;
}

function waits(call: Call, workload: string): boolean {
  const found = kubectl(call);
  if (found === undefined)
    return /quarterdeck|argocd/.test(call.program) && call.args.some(({ text }) => text === 'wait' || text === 'release');
  if (found.verb !== 'rollout status' && found.verb !== 'wait') return false;
  const waited = workloadOf(found);
  return workload === '' || waited === '' || waited === workload || waited.startsWith('$') || workload.startsWith('$');
}

export const applyNoRollout: Rule = {
  id: 'R11',
  name: 'apply-no-rollout',
  severity: 'error',
  title: 'A change is applied, and nothing waits for it',
  why: 'kubectl returns when the change is stored, not when pods run: a release that cannot start looks like a success.',
  fix: 'Follow it with `kubectl rollout status WORKLOAD --timeout 5m` for each workload that it touches.',
  bad: bash(`${kube} set image deployment/shop shop=registry.example.com/shop:1.4.2`),
  good: bash(`${kube} set image deployment/shop shop=registry.example.com/shop:1.4.2\n${kube} rollout status deployment/shop --timeout 5m`),
  *check(document) {
    for (const call of document.calls) {
      const found = rollsOut(call);
      if (found === undefined) continue;
      const workload = found.verb === 'apply' ? fileWorkload(call) : workloadOf(found);
      // What another block changes is waited for after that block.
      const next = after(call, document).find(
        (each) => waits(each, workload) || (each.script.sequence !== call.script.sequence && mayTouch(each, workload)),
      );
      if (next === undefined || !waits(next, workload))
        yield { at: call.at, message: `\`${shown(call)}\` is not followed by a wait for ${workload === '' ? 'its pods' : workload}.` };
    }
  },
};

function mayTouch(call: Call, workload: string): boolean {
  const found = rollsOut(call);
  if (found === undefined) return false;
  const other = found.verb === 'apply' ? fileWorkload(call) : workloadOf(found);
  return other === '' || workload === '' || other === workload;
}

/** `task-tracking-deployment.yaml` is for task-tracking, where the document waits for others by name. */
function fileWorkload(call: Call): string {
  const file =
    textOf(option(call, '-f', '--filename'))
      ?.split('/')
      .at(-1) ?? '';
  const [, name = ''] = /^([\w-]+)-(?:deployment|statefulset|daemonset)\.ya?ml$/.exec(file) ?? [];
  return name;
}

export const rolloutNoTimeout: Rule = {
  id: 'R12',
  name: 'rollout-no-timeout',
  severity: 'warning',
  title: 'A wait for a rollout has no end',
  why: 'With pods that never become ready the command stands there for ten minutes or for ever.',
  fix: 'Add `--timeout 5m`.',
  bad: bash(`${kube} rollout status deployment/shop`),
  good: bash(`${kube} rollout status deployment/shop --timeout 5m`),
  *check({ calls }) {
    for (const call of calls)
      if (
        kubectl(call)?.verb === 'rollout status' &&
        option(call, '--timeout') === undefined &&
        option(call, '-w', '--watch') !== 'false' &&
        !call.command.words.some(({ value }) => value === 'timeout' || value === '--watch=false')
      )
        yield { at: call.at, message: 'rollout status has no time-out.' };
  },
};

/** What every shell has. */
const everywhere: ReadonlySet<string> = new Set(['HOME', 'USER', 'PWD', 'HOSTNAME', 'SHELL', 'PATH', 'TMPDIR', 'UID']);

/** Set by the front matter, or by a step that captures it. */
export function isDeclared(name: string, { frontMatter, scripts }: LintDocument): boolean {
  const word = new RegExp(`\\b${name}\\b`);
  return everywhere.has(name) || word.test(frontMatter) || scripts.some(({ meta }) => /\bcapture/.test(meta) && word.test(meta));
}

export const localExpansion: Rule = {
  id: 'R15',
  name: 'local-expansion',
  severity: 'error',
  title: 'A variable of a container is expanded on this machine',
  why: 'The shell replaces it before the command is sent; here it is mostly empty, and the program falls back to a default such as localhost.',
  fix: 'Let the other side expand it: `-- sh -c \'psql -h "$DB_HOST"\'` in single quotes; or set the variable here.',
  bad: bash(`${kube} exec shop-0 -- psql -h $DB_HOST -c "select 1"`),
  good: bash(`${kube} exec shop-0 -- sh -c 'psql -h "$DB_HOST" -c "select 1"'`),
  *check(document) {
    for (const call of document.calls) {
      if (call.via === undefined) continue;
      // The words as this shell sees them; within single quotes it sees no variables.
      const inner = call.via.args.filter(({ word }) => word.start >= (call.args[0]?.word.start ?? Infinity) || call.args.length === 0);
      const unset = (call.args.some(({ word }) => inner.some((each) => each.word === word)) ? inner : call.via.args.slice(-1)).flatMap(
        (each) => each.unset,
      );
      const [name] = unset.filter((each) => !isDeclared(each, document));
      if (name !== undefined)
        yield { at: call.at, message: `$${name} is expanded here, before ${call.program || 'the command'} is sent to where it runs.` };
    }
  },
};

export const execAnyPod: Rule = {
  id: 'R16',
  name: 'exec-any-pod',
  severity: 'warning',
  title: 'A change is made in whichever pod kubectl picks',
  why: '`kubectl exec deployment/…` takes one pod at random: a file copied to another is not there, and it may be one that is being stopped.',
  fix: 'Run it as a Job, or name the pod.',
  bad: bash(`${kube} exec deployment/shop -- alembic upgrade head`),
  good: bash(`${kube} exec shop-0 -- alembic upgrade head`),
  *check({ calls }) {
    for (const call of calls) {
      const found = call.via === undefined ? undefined : kubectl(call.via);
      if (found?.verb !== 'exec' || !/^(?:deploy|deployments?|deployment\.apps|rs|replicasets?|svc|services?)\//.test(found.words[0] ?? ''))
        continue;
      const words = [call.program, ...call.args.map(({ text }) => text)].join(' ');
      if (/\b(?:alembic (?:up|down)grade|pg_restore|migrate|rm|mv|cp)\b|\/tmp\//.test(words))
        yield {
          at: call.via?.at ?? call.at,
          message: `${call.program} changes something in whichever pod of ${found.words[0] ?? ''} is picked.`,
        };
    }
  },
};

export const switchWithoutCheck: Rule = {
  id: 'R65',
  name: 'switch-no-check',
  severity: 'error',
  title: 'Traffic is switched without a look before and after',
  why: 'A selector may point at a set with no ready pods, and then every request fails at once.',
  fix: 'Before: `kubectl rollout status` or `kubectl wait` for the new set. After: a probe of the public address.',
  bad: bash(`${kube} patch service shop -p '{"spec":{"selector":{"colour":"green"}}}'`),
  good: bash(
    `${kube} rollout status deployment/shop-green --timeout 5m\n${kube} patch service shop -p '{"spec":{"selector":{"colour":"green"}}}'\ncurl -fsS --max-time 10 https://shop.example.com/health`,
  ),
  *check(document) {
    for (const call of document.calls) {
      const found = kubectlChange(call);
      if (
        found?.verb !== 'patch' ||
        !/^(?:service|svc)\b/.test(found.words[0] ?? '') ||
        !call.args.some(({ text }) => text.includes('selector'))
      )
        continue;
      const ready = before(call, document).some(
        (each) =>
          /^(?:rollout status|wait)$/.test(kubectl(each)?.verb ?? '') ||
          each.args.some(({ text }) => /^(?:endpoints|endpointslices)\b/.test(text)),
      );
      const probed = after(call, document).some((each) => each.program === 'curl' || each.program === 'quarterdeck');
      if (!ready || !probed)
        yield {
          at: call.at,
          message: ready ? 'Nothing probes the service after the switch.' : 'Nothing makes sure that the pods it switches to are ready.',
        };
    }
  },
};

export const wrongContext: Rule = {
  id: 'R73',
  name: 'wrong-context',
  severity: 'error',
  title: 'kubectl changes whichever cluster is current',
  why: 'The current context is set for all terminals and stays: a command meant for staging reaches production.',
  fix: 'Name it in every command that changes something: `kubectl --context NAME -n NAMESPACE …`.',
  bad: bash('kubectl scale deployment/shop --replicas=3\nkubectl rollout status deployment/shop --timeout 5m'),
  good: bash(`${kube} scale deployment/shop --replicas=3\n${kube} rollout status deployment/shop --timeout 5m`),
  *check({ calls }) {
    for (const call of calls) {
      const found = kubectl(call);
      if (found?.verb === 'config use-context')
        yield { at: call.at, message: 'The current context is changed, for every terminal and until somebody changes it back.' };
      const change = kubectlChange(call);
      if (change === undefined || change.namespace !== undefined || change.context !== undefined) continue;
      if (call.command.assignments.some(({ name }) => name === 'KUBECONFIG')) continue;
      yield { at: call.at, message: `\`${shown(call)}\` names neither a context nor a namespace.` };
    }
  },
};

const environments = /\b(production|prod|staging|stage|dev|development|test|qa)\b/gi;

export const applyDirectory: Rule = {
  id: 'R74',
  name: 'apply-directory',
  severity: 'error',
  title: 'A folder with the files of several environments is applied',
  why: 'All of it is applied, in the order of names: the settings of staging reach production.',
  fix: 'Apply one overlay (`kubectl apply -k overlays/production`), or name the files.',
  bad: `Settings are in \`k8s/config-production.yaml\` and \`k8s/config-staging.yaml\`.\n\n${bash(`${kube} apply -f k8s/\n${kube} rollout status deployment/shop --timeout 5m`)}`,
  good: `Settings are in \`k8s/config-production.yaml\` and \`k8s/config-staging.yaml\`.\n\n${bash(`${kube} apply -f k8s/config-production.yaml\n${kube} rollout status deployment/shop --timeout 5m`)}`,
  *check({ calls, source }) {
    for (const call of calls) {
      const folder = kubectlChange(call)?.verb === 'apply' ? textOf(option(call, '-f', '--filename')) : undefined;
      if (folder === undefined || folder.includes('$') || /\.(?:ya?ml|json)$|^-|^https?:/.test(folder)) continue;
      const inside = `${folder.replace(/^\.?\/|\/$/g, '')}/`;
      const names = source.text
        .split(/[\s`'"()]+/)
        .filter((word) => /\.ya?ml$/.test(word) && word.replace(/^\.?\//, '').startsWith(inside));
      const found = new Set(
        names
          .flatMap((name) => name.slice(name.indexOf(inside) + inside.length).match(environments) ?? [])
          .map((name) => name.toLowerCase().replace(/^prod$/, 'production')),
      );
      if (found.size > 1)
        yield { at: call.at, message: `${folder} holds files for ${[...found].join(' and ')}, and all of them are applied.` };
    }
  },
};

export const kubernetesRules: readonly Rule[] = [
  applyNoRollout,
  rolloutNoTimeout,
  localExpansion,
  execAnyPod,
  switchWithoutCheck,
  wrongContext,
  applyDirectory,
];
