/** Whether a script surely only reads: then its step is a check. What is not known to only read may change something. */

import { curl, docker, kubectl, option, textOf } from '../lint/arguments.ts';
import type { Call } from '../lint/calls.ts';
import { type ReadScript, moduleOf } from './calls.ts';

export function onlyReads({ shell, calls }: ReadScript): boolean {
  const writes = shell.commands.some(({ redirections }) =>
    redirections.some(({ operator, target }) => operator.includes('>') && !operator.includes('&') && target?.value !== '/dev/null'),
  );
  return !writes && calls.length > 0 && calls.every((call) => reads(call, shell.functions) || runsAnother(call, calls));
}

/** `kubectl exec … -- COMMAND`: what counts is the command, which is a call of its own. */
function runsAnother(call: Call, calls: readonly Call[]): boolean {
  return calls.some(({ via }) => via === call);
}

function reads(called: Call, functions: readonly string[]): boolean {
  const call = moduleOf(called) ?? called;
  const { program, args } = call;
  const words = args.map(({ text }) => text);
  if (args.length === 1 && /^(?:--version|-V|--help|version)$/.test(words[0] ?? '')) return true;
  if (plain.has(program) || functions.includes(program)) return true;
  const kube = kubectl(call);
  if (kube !== undefined) return kubectlReads.test(`${kube.verb} ${kube.words[0] ?? ''}`);
  const container = docker(call);
  if (container !== undefined) return dockerReads.test(container.verb);
  if (program === 'curl') return curlReads(call);
  if (program === 'psql') return selects(textOf(option(call, '-c', '--command')));
  if (program === 'mysql') return selects(textOf(option(call, '-e', '--execute')));
  if (program === 'sed') return !words.some((word) => /^(?:-[a-zA-Z]*i|--in-place)/.test(word));
  if (program === 'find') return !words.some((word) => /^-(?:delete|exec|execdir|ok|okdir|fprint)/.test(word));
  if (program === 'pg_restore') return option(call, '-l', '--list') !== undefined;
  const pattern = Object.hasOwn(verbs, program) ? verbs[program] : undefined;
  // Options may stand before the verb, with values that nobody knows: one word of the pattern anywhere is not enough.
  const verb = words.filter((word) => !word.startsWith('-')).slice(0, 2);
  return pattern?.test(verb.join(' ')) === true;
}

/** Whatever their arguments are. What writes only through `>` is among them. */
const plain: ReadonlySet<string> = new Set(
  (
    '[ [[ : awk base64 basename cat cd cmp column comm cut date df diff dig dirname du echo egrep exit export false fgrep file free getent grep gunzip head host hostname id ' +
    'iostat jq ls lsof md5sum nc netstat nproc nslookup openssl pg_isready pgrep ping pip-audit printenv printf ps pwd readlink return seq set sha256sum shasum shift sleep sort ss ' +
    'stat tail test top tr true type uname uniq uptime vmstat wc which whoami xmllint xxd yq zcat'
  ).split(' '),
);

const kubectlReads =
  /^(?:get|describe|logs|top \w+|top|version|explain|api-resources|api-versions|cluster-info|auth can-i|rollout (?:status|history)|wait|diff|config (?:view|current-context|get-contexts)) /;
const dockerReads =
  /^(?:ps|logs|images|inspect|info|version|port|top|diff|history|compose (?:ps|logs|config|images|top|version)|(?:image|container|volume|network) (?:ls|inspect))$/;

/** By the first two words that are no options. */
const verbs: Readonly<Record<string, RegExp>> = {
  alembic: /^(?:current|history|heads|check|show|branches)\b/,
  aws: /^(?:s3 ls|[\w-]+ (?:describe|list|get|head|wait|lookup)\b)/,
  az: /^[\w-]+ (?:list|show)$/,
  crontab: /^$/,
  flyctl: /^(?:status|logs|info|list)\b/,
  gcloud: /^[\w-]+ (?:list|describe)$/,
  gh: /^\w+ (?:list|view|status|checks)$/,
  git: /^(?:status|log|diff|show|describe|rev-parse|ls-files|ls-remote|blame|shortlog)\b/,
  helm: /^(?:list|ls|status|get|history|version|template|lint|show|search)\b/,
  npm: /^(?:ls|list|audit|outdated|view)$/,
  pip: /^(?:list|show|check|freeze)\b/,
  'redis-cli': /^(?:ping|info|get|exists|ttl|type|keys|dbsize|llen|scard|hgetall|lrange|mget|time)\b/i,
  systemctl: /^(?:status|is-active|is-enabled|is-failed|show|cat|list-[\w-]+)\b/,
  journalctl: /^/,
  terraform: /^(?:plan|validate|show|output|version)\b/,
};

function curlReads(call: Call): boolean {
  const found = curl(call);
  const files = [
    '-o',
    '--output',
    '-O',
    '--remote-name',
    '-T',
    '--upload-file',
    '-K',
    '--config',
    '-c',
    '--cookie-jar',
    '-D',
    '--dump-header',
  ];
  const file = files.map((name) => option(call, name)).find((value) => value !== undefined);
  return found !== undefined && !found.writes && (file === undefined || file === '/dev/null');
}

/** Statements that only ask. `WITH` may hold an INSERT, and a function may do anything: the first is not accepted, the second cannot be known. */
function selects(sql: string | undefined): boolean {
  if (sql === undefined) return false;
  const statements = sql.split(';').filter((statement) => statement.trim() !== '');
  return (
    statements.length > 0 &&
    statements.every((statement) =>
      /^\s*(?:select\b(?![\s\S]*\binto\b)|show\b|explain\b(?!\s*\(?\s*analy)|\\(?:d|l|conninfo))/i.test(statement),
    )
  );
}
