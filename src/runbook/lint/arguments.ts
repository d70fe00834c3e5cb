/** Options and words of a call. */

import type { Argument, Call } from './calls.ts';

/** The value of an option in any spelling (`--name value`, `--name=value`, `-n value`, `-nvalue`); true where it has none; undefined where it is not given. */
export function option(call: Call, ...names: readonly string[]): string | true | undefined {
  for (const [index, { text }] of call.args.entries()) {
    if (text === '--') return undefined;
    for (const name of names) {
      if (text === name) return call.args[index + 1]?.text ?? true;
      if (name.startsWith('--') && text.startsWith(`${name}=`)) return text.slice(name.length + 1);
      if (/^-\w$/.test(name) && text.startsWith(name) && !text.startsWith('--')) return text.slice(2);
    }
  }
  return undefined;
}

/** Whether a switch is given, alone or among others: `-f` in `-sSfL`. Letters from `valued` on are a value: `-Hfoo`. */
export function given(call: Call, names: readonly string[], valued = ''): boolean {
  return call.args.some(({ text }) => {
    if (names.some((name) => text === name || (name.startsWith('--') && text.startsWith(`${name}=`)))) return true;
    if (!/^-\w\w+/.test(text)) return false;
    const end = text.split('').findIndex((letter, index) => index > 0 && valued.includes(letter));
    const switches = text.slice(1, end < 0 ? undefined : end + 1);
    return names.some((name) => /^-\w$/.test(name) && switches.includes(name.slice(1)));
  });
}

/** What is neither an option nor the value of one. */
export function positionals(call: Call, valued: ReadonlySet<string>): Argument[] {
  const found: Argument[] = [];
  for (let index = 0; index < call.args.length; index += 1) {
    const argument = call.args[index];
    if (argument === undefined || argument.text === '--') break;
    if (argument.text.startsWith('-') && argument.text !== '-') index += valued.has(argument.text) ? 1 : 0;
    else found.push(argument);
  }
  return found;
}

const kubectlValued: ReadonlySet<string> = new Set(
  (
    '-n --namespace --context --cluster --kubeconfig --user --server --token --as -l --selector -f --filename -k --kustomize -o --output -c --container -p --patch --patch-file --type ' +
    '--timeout --replicas --current-replicas --to-revision --tail --since --for --field-manager --field-selector --request-timeout --grace-period --from-literal --from-file --from-env-file --sort-by'
  ).split(' '),
);

const logsValued: ReadonlySet<string> = new Set([...kubectlValued].filter((name) => name !== '-f' && name !== '-p'));

export interface Kubectl {
  /** `apply`, `rollout status`, `set image`. */
  readonly verb: string;
  /** What follows the verb. */
  readonly words: readonly string[];
  readonly namespace: string | undefined;
  readonly context: string | undefined;
}

const twoWords: ReadonlySet<string> = new Set([
  'rollout',
  'set',
  'config',
  'create',
  'top',
  'auth',
  'certificate',
  'cluster-info',
  'plugin',
]);

export function kubectl(call: Call): Kubectl | undefined {
  if (call.program !== 'kubectl' && call.program !== 'oc') return undefined;
  // `-f` names a file, except in `logs`, where it follows.
  const valued = call.args.some(({ text }) => text === 'logs') ? logsValued : kubectlValued;
  const [verb = '', ...rest] = positionals(call, valued).map(({ text }) => text);
  const both = twoWords.has(verb) && rest.length > 0;
  return {
    verb: both ? `${verb} ${rest[0] ?? ''}` : verb,
    words: both ? rest.slice(1) : rest,
    namespace: textOf(option(call, '-n', '--namespace')),
    context: textOf(option(call, '--context', '--kubeconfig', '--server')),
  };
}

/** `docker` with its verb, `compose up` among them; docker-compose is the same. */
export function docker(call: Call): { readonly verb: string; readonly words: readonly string[] } | undefined {
  const compose = call.program === 'docker-compose';
  if (!compose && !/^(?:docker|podman|nerdctl)$/.test(call.program)) return undefined;
  const words = positionals(call, dockerValued).map(({ text }) => text);
  const own = compose ? ['compose', ...words] : words;
  const [first = '', second = ''] = own;
  const both = /^(?:compose|container|image|system|volume|network|service|stack)$/.test(first);
  return { verb: both ? `${first} ${second}` : first, words: own.slice(both ? 2 : 1) };
}

const dockerValued: ReadonlySet<string> = new Set(
  (
    '-f --file -p --publish --project-name --name -e --env --env-file --restart -v --volume --network --tail --since -t --tag --scale --profile --filter --format -u --user -w --workdir ' +
    '--mount --label -l --memory -m --cpus --entrypoint --hostname -h --log-driver --health-cmd --platform --build-arg --time'
  ).split(' '),
);

const curlValued = 'XHdoumbcAeFTEKrtwxyYzCDPQU';

export interface Curl {
  readonly urls: readonly string[];
  /** A status of 400 or more is a failure of the command. */
  readonly fails: boolean;
  readonly insecure: boolean;
  readonly hasTimeout: boolean;
  readonly verbose: boolean;
  readonly writeOut: string;
  /** POST and the like, also where only data says so. */
  readonly writes: boolean;
}

const curlWords: ReadonlySet<string> = new Set(
  (
    '-X --request -H --header -d --data --data-raw --data-binary --data-urlencode --json -o --output -u --user -m --max-time --connect-timeout -b --cookie -c --cookie-jar -A --user-agent -e --referer ' +
    '-F --form -T --upload-file -E --cert --key --cacert -K --config -r --range -w --write-out -x --proxy --retry --retry-delay --retry-max-time --resolve --url -D --dump-header --unix-socket'
  ).split(' '),
);

export function curl(call: Call): Curl | undefined {
  if (call.program !== 'curl') return undefined;
  const urls = [
    ...positionals(call, curlWords).map(({ text }) => text),
    ...[option(call, '--url')].filter((url) => typeof url === 'string'),
  ];
  const has = (...names: readonly string[]) => given(call, names, curlValued);
  const method = textOf(option(call, '-X', '--request'))?.toUpperCase();
  return {
    urls,
    fails: has('-f', '--fail', '--fail-with-body'),
    insecure: has('-k', '--insecure'),
    hasTimeout: has('-m', '--max-time') || option(call, '-m') !== undefined,
    verbose: has('-v', '--verbose'),
    writeOut: textOf(option(call, '-w', '--write-out')) ?? '',
    writes:
      method === undefined
        ? has('-d', '--data', '--data-raw', '--data-binary', '--json', '-F', '--form', '-T')
        : !/^(?:GET|HEAD|OPTIONS)$/.test(method),
  };
}

export function textOf(value: string | true | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
