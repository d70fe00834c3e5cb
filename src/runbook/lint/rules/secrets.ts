/** Rules about secrets: not in arguments, not in the tree, not the ones of the manual. */

import { curl, kubectl, option, textOf } from '../arguments.ts';
import type { Call } from '../calls.ts';
import { kubectlChange } from '../effects.ts';
import { type Rule, bash } from '../rule.ts';

const secretName = /passw|secret|token|api[-_]?key|credential|private[-_]?key|(?:database|redis|db|broker|mongo)[-_]?(?:url|uri|dsn)/i;
const userInfo = /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+:([^\s/@]+)@/i;
const jsonPassword = /"(?:password|passwd|secret|token|api_?key)"\s*:\s*"([^"$<{]+)"/i;

/** The secret that other users of this machine can read in the list of processes; undefined: none. */
function shownSecret(call: Call): string | undefined {
  const kube = kubectl(call);
  for (const [index, { text, word }] of call.args.entries()) {
    const previous = call.args[index - 1]?.text ?? '';
    const literal =
      kube === undefined ? undefined : (/^--from-literal=(.*)$/.exec(text)?.[1] ?? (previous === '--from-literal' ? text : undefined));
    if (literal !== undefined && secretName.test(literal.split('=')[0] ?? '')) return `the value of ${literal.split('=')[0] ?? ''}`;
    const [, password] = userInfo.exec(text) ?? [];
    if (password !== undefined && !/^(?:\$\$?\w*|\*+|_.*_)$/.test(password)) return 'the password in a URL';
    if (jsonPassword.test(text)) return 'a password in the data';
    if (/^Authorization: (?:Bearer|Basic) [\w.~+/=-]{8,}$/i.test(text) && word.value !== undefined) return 'a token in a header';
    if (/^--password=[^$]+/.test(text) || (/^mysql(?:dump|admin)?$/.test(call.program) && /^-p[^$\s]+$/.test(text))) return 'a password';
  }
  if (/^(?:psql|pg_dump|pg_dumpall|pg_restore|pg_basebackup)$/.test(call.program)) {
    const url = call.args.find(({ text }) => /^\$\w*(?:_URL|_URI|_DSN)$/.test(text));
    if (url !== undefined) return `the password in ${url.text}`;
  }
  const user = curl(call) === undefined ? undefined : textOf(option(call, '-u', '--user'));
  return user !== undefined && /^[^:$]+:[^$]+$/.test(user) ? 'a password' : undefined;
}

/** The shell does these itself, so that no process has what they are given. */
const builtIn = new Set(['printf', 'echo']);

export const secretInArguments: Rule = {
  id: 'R90',
  name: 'secret-argv',
  severity: 'error',
  title: 'A secret is an argument of a command',
  why: 'Arguments are in the history of the shell, in the list of processes for every user, and in audit logs.',
  fix: 'Give it through a file or standard input: `--from-file`, `PGPASSFILE`, `PGSERVICE`, `curl --config -`, `--password-stdin`.',
  bad: bash('kubectl -n shop create secret generic shop --from-literal=database-url="$URL" --dry-run=client -o yaml'),
  good: bash('kubectl -n shop create secret generic shop --from-file=database-url=url.txt --dry-run=client -o yaml'),
  *check({ calls }) {
    for (const call of calls) {
      const secret = builtIn.has(call.program) ? undefined : shownSecret(call);
      if (secret !== undefined) yield { at: call.at, message: `Other users of the machine can read ${secret} while ${call.program} runs.` };
      const literal = call.command.assignments.find(
        ({ name, value }) => /^(?:PGPASSWORD|MYSQL_PWD|REDISCLI_AUTH)$/.test(name) && value?.value !== undefined,
      );
      if (literal !== undefined) yield { at: call.at, message: `${literal.name} is written out in the document.` };
    }
  },
};

export const testCredentials: Rule = {
  id: 'R91',
  name: 'test-creds-prod',
  severity: 'warning',
  title: 'A test account with a known password is used on a real host',
  why: 'Everybody who reads the document can sign in.',
  fix: 'Take the password from a variable or a file, and make the account for the test only.',
  bad: bash(`curl -f --max-time 10 https://shop.example.com/signin -d '{"email": "test@example.com", "password": "TestPass123"}'`),
  good: bash(`curl -f --max-time 10 https://shop.example.com/signin --data @account.json`),
  *check({ calls }) {
    for (const call of calls) {
      const found = curl(call);
      const remote = found?.urls.some((url) => /^https?:/.test(url) && !/localhost|127\.0\.0\.1/.test(url)) === true;
      if (remote && call.args.some(({ text }) => jsonPassword.test(text)))
        yield { at: call.at, message: 'A password stands in the document, for a host that others reach.' };
    }
  },
};

const changeMe = /\bchange[-_]?me\b[\w-]*/i;
const knownPair =
  /(?<![\w/.:-])(?:admin|root|postgres|user)\s*[/:]\s*(?:admin|password|secret|postgres|root|change[-_ ]?me[\w-]*)(?![\w/])/i;

/** Where a pair of words is a way to sign in, and no name of a repository. */
const signIn = /credential|passw|log ?in|sign[ -]?in|\buser/i;

export const defaultCredentials: Rule = {
  id: 'R92',
  name: 'default-creds',
  severity: 'error',
  title: 'A service starts with a password that everybody knows',
  why: 'Between the start and the change that is forgotten, anybody may sign in.',
  fix: 'Generate the password before the first start (`openssl rand -base64 24`) and hand it over as a secret.',
  bad: '- Default credentials: admin/change-me-in-prod (change immediately!)\n',
  good: '- The password of the administrator is generated at installation, and is in the vault under `grafana/admin`.\n',
  *check({ prose, scripts }) {
    for (const { text, at, kind } of prose) {
      const found = kind === 'heading' ? null : ((signIn.test(text) ? knownPair.exec(text) : null) ?? changeMe.exec(text));
      if (found !== null) yield { at: at(found.index), message: `A known password: ${found[0].replaceAll(/\s+/g, ' ')}.` };
    }
    for (const { shell, place } of scripts)
      for (const { words, assignments } of shell.commands)
        for (const word of [...words, ...assignments.flatMap(({ value }) => value ?? [])]) {
          const found = changeMe.exec(word.value ?? '');
          if (found !== null) yield { at: place(word.start), message: `A known password: ${found[0]}.` };
        }
  },
};

export const secretInTree: Rule = {
  id: 'R93',
  name: 'secret-in-tree',
  severity: 'error',
  title: 'Secrets are written to a file of the repository and stay there',
  why: 'The next `git add .` publishes them, and every copy of the checkout has them.',
  fix: 'Keep them in a secret store, or encrypted (SOPS, sealed secrets); remove a generated file in the same step.',
  bad: bash('cp k8s/base/secret.yaml k8s/overlays/prod/secret.yaml'),
  good: bash('sops --decrypt k8s/overlays/prod/secret.enc.yaml | kubectl --context production apply -f -'),
  *check({ calls }) {
    const generated = calls.some(({ program, args }) =>
      /(?:generate|create|gen)[-_]?secrets?/.test([program, ...args.map(({ text }) => text)].join(' ')),
    );
    for (const [index, call] of calls.entries()) {
      const words = call.args.map(({ text }) => text);
      const isSecret = (word = '') => /secrets?[\w.-]*\.(?:ya?ml|json)$/i.test(word) && !/\.enc\.|sealed|example|template/i.test(word);
      if (/^(?:cp|mv|tee)$/.test(call.program) && isSecret(words.at(-1)))
        yield { at: call.at, message: `Secrets are to be written to ${words.at(-1) ?? ''}, in the tree.` };
      const file = kubectlChange(call)?.verb === 'apply' ? textOf(option(call, '-f', '--filename')) : undefined;
      const removed = calls
        .slice(index)
        .some(({ program, args }) => /^(?:rm|shred)$/.test(program) && args.some(({ text }) => text === file));
      if (generated && isSecret(file) && !removed) yield { at: call.at, message: `${file ?? ''} was generated, and stays on the disk.` };
    }
  },
};

export const podSecurityPolicy: Rule = {
  id: 'R94',
  name: 'psp',
  severity: 'error',
  title: 'PodSecurityPolicy is relied on',
  why: 'Kubernetes 1.25 removed it: applying one fails, or the policy is silently not there.',
  fix: 'Use Pod Security Admission (labels on the namespace) or a policy engine.',
  bad: 'Kubernetes 1.25 or newer, with Pod Security Policies.\n',
  good: 'Kubernetes 1.25 or newer. The namespace has the label `pod-security.kubernetes.io/enforce: restricted`.\n',
  *check({ prose, source }) {
    const versions = [...source.text.matchAll(/\b(?:kubernetes|k8s|version)\D{0,20}\b1\.(\d\d)\b/gi)].map(([, minor]) => Number(minor));
    if (versions.length > 0 && versions.every((minor) => minor < 25)) return;
    for (const { text, at } of prose) {
      if (/\b(?:removed|deprecated|replac\w+|instead|migrat\w+|no longer|formerly)\b/i.test(text)) continue;
      for (const { index, 0: found } of text.matchAll(/\bPod ?Security ?Polic(?:y|ies)\b|\bPSPs?\b/gi))
        yield { at: at(index), message: `${found} does not exist in Kubernetes 1.25 and later.` };
    }
  },
};

export const secretRules: readonly Rule[] = [secretInArguments, testCredentials, defaultCredentials, secretInTree, podSecurityPolicy];
