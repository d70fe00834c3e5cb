/** Rules about curl: a check that cannot fail is none. */

import { curl } from '../arguments.ts';
import type { Call } from '../calls.ts';
import type { LintDocument } from '../document.ts';
import { isProcedure } from '../effects.ts';
import { type Rule, bash } from '../rule.ts';

const health = 'https://shop.example.com/health';

/** The paragraph or comment that says what the command is for. */
function purpose(call: Call, { prose }: LintDocument): string {
  if (call.script.kind === 'inline')
    return prose.find(({ lines }) => lines.first <= call.at.line && call.at.line <= lines.last)?.text ?? '';
  const { comments } = call.script.shell;
  return [comments.findLast(({ end }) => end <= call.command.start)?.text, call.script.section.title].join(' ');
}

/** Somebody looks at the status or the answer: a pipe into a test, a status that is printed to be compared. */
function isJudged(call: Call): boolean {
  const { pipeline } = call.command;
  const next = pipeline.slice(pipeline.indexOf(call.command) + 1).flatMap(({ words }) => words.map(({ value }) => value ?? ''));
  return (
    call.script.expected ||
    next.includes('grep') ||
    next.some((word) => /^-(?:\w*e\w*|-exit-status)$/.test(word)) ||
    /%\{(?:http_code|response_code)\}/.test(curl(call)?.writeOut ?? '')
  );
}

/** On a page about something else, a request to this machine shows what comes back. */
function isDemonstration(urls: readonly string[], document: LintDocument): boolean {
  return urls.every((url) => /^(?:https?:\/\/)?(?:localhost|127\.0\.0\.1|\[::1\])(?:[:/]|$)/.test(url)) && !isProcedure(document);
}

export const curlNoFail: Rule = {
  id: 'R07',
  name: 'curl-no-fail',
  severity: 'error',
  title: 'curl is a check, and an error of the server is not a failure',
  why: 'Without `--fail` curl ends with status 0 for a 500 as for a 200, so the step passes while the service is down.',
  fix: 'Add `-f` (or `--fail-with-body`), or compare `-w "%{http_code}"`.',
  bad: bash(`curl --max-time 10 ${health}`),
  good: bash(`curl -fsS --max-time 10 ${health}`),
  *check(document) {
    for (const call of document.calls) {
      const found = curl(call);
      if (found !== undefined && found.urls.length > 0 && !found.fails && !isJudged(call) && !isDemonstration(found.urls, document))
        yield { at: call.at, message: `curl passes whatever ${found.urls[0] ?? 'the server'} answers.` };
    }
  },
};

export const curlNoTimeout: Rule = {
  id: 'R08',
  name: 'curl-no-timeout',
  severity: 'warning',
  title: 'curl may wait for ever',
  why: 'A server that accepts and never answers holds up the whole procedure.',
  fix: 'Add `--max-time SECONDS`.',
  bad: bash(`curl -fsS ${health}`),
  good: bash(`curl -fsS --max-time 10 ${health}`),
  *check(document) {
    for (const call of document.calls) {
      const found = curl(call);
      // A step of this format has a time-out of its own.
      if (found === undefined || found.urls.length === 0 || found.hasTimeout || call.script.step || isDemonstration(found.urls, document))
        continue;
      if (call.command.words.some(({ value }) => value === 'timeout')) continue;
      yield { at: call.at, message: 'curl has no end when the server does not answer.' };
    }
  },
};

export const jqNoExitStatus: Rule = {
  id: 'R09',
  name: 'jq-no-e',
  severity: 'warning',
  title: 'jq shows a value, and a missing one is not a failure',
  why: 'For a key that is not there jq prints null and ends with status 0.',
  fix: 'Compare with `jq -e`: `jq -e \'.version == "v1.1.0"\'`.',
  bad: bash(`curl -fsS --max-time 10 ${health} | jq '.version'`),
  good: bash(`curl -fsS --max-time 10 ${health} | jq -e '.version == "v1.1.0"'`),
  *check({ calls }) {
    for (const call of calls) {
      const { pipeline, inside, redirections } = call.command;
      if (call.program !== 'jq' || pipeline.length < 2 || pipeline.at(-1) !== call.command) continue;
      if (inside.includes('substitution') || redirections.length > 0 || call.script.expected || /\bcapture=/.test(call.script.meta))
        continue;
      if (call.args.some(({ text }) => /^(?:-\w*e\w*|--exit-status)$/.test(text))) continue;
      const filter = call.args.find(({ text }) => /^\.[\w.]+$/.test(text));
      if (filter !== undefined) yield { at: call.at, message: `jq passes also where ${filter.text} is missing.` };
    }
  },
};

export const percentileFromOne: Rule = {
  id: 'R44',
  name: 'p95-from-one',
  severity: 'error',
  title: 'A percentile is judged from one request',
  why: 'One request says nothing about the slowest 5 of 100: at least 59 are needed to claim a 95th percentile.',
  fix: 'Measure over time (`quarterdeck measure --for 1m`), or send a few hundred requests with a load generator.',
  bad: `1. \`curl -fsS --max-time 10 ${health}\` completes within 100 ms (p95)\n`,
  good: `1. \`quarterdeck measure --url https://shop.example.com --for 1m\` shows a p95 below 100 ms\n`,
  *check(document) {
    for (const call of document.calls) {
      if (call.program !== 'curl' || call.command.inside.includes('loop')) continue;
      const [claim] = /\bp\d\d\b|\b\d\dth percentile\b/i.exec(purpose(call, document)) ?? [];
      if (claim !== undefined) yield { at: call.at, message: `One curl is to tell the ${claim}.` };
    }
  },
};

export const mcpByGet: Rule = {
  id: 'R50',
  name: 'mcp-not-mcp',
  severity: 'warning',
  title: 'An MCP service is checked without speaking MCP',
  why: 'A plain GET of an MCP endpoint answers 405 or a page of its own, and says nothing about tools.',
  fix: 'Send `initialize`, `tools/list` and one `tools/call`, or run `quarterdeck check mcp`.',
  bad: bash('curl -fsS --max-time 10 https://shop.example.com/mcp/tools'),
  good: bash('quarterdeck check mcp --url https://shop.example.com/mcp'),
  *check({ calls, items }) {
    for (const call of calls) {
      const found = curl(call);
      const url = found?.writes === false ? found.urls.find((each) => /^[^?#]*\/mcp(?:\/|$|[?#])/.test(each)) : undefined;
      if (url !== undefined) yield { at: call.at, message: `${url} is read with GET, which is no MCP.` };
    }
    for (const { text, at } of items)
      if (/\b(?:via|with|using|through) (?:an? |the |your )?MCP client\b/i.test(text) && !calls.some((call) => call.at.line === at.line))
        yield { at, message: 'An MCP client is to be used, and no command says how.' };
  },
};

export const tlsByEye: Rule = {
  id: 'R51',
  name: 'tls-eyeball',
  severity: 'warning',
  title: 'A certificate is looked at, not checked',
  why: '`curl -v` prints a lot and passes with a certificate that ends tomorrow.',
  fix: 'Check what must hold: `openssl s_client … | openssl x509 -checkend 1209600`.',
  bad: `1. \`curl -vf --max-time 10 ${health}\` shows a valid TLS certificate\n`,
  good: bash('openssl s_client -connect shop.example.com:443 </dev/null | openssl x509 -noout -checkend 1209600'),
  *check(document) {
    for (const call of document.calls)
      if (curl(call)?.verbose === true && /\b(?:TLS|SSL|certificates?)\b/i.test(purpose(call, document)))
        yield { at: call.at, message: 'Whether the certificate is good is left to the eye.' };
  },
};

export const authByEye: Rule = {
  id: 'R52',
  name: 'auth-negative',
  severity: 'warning',
  title: 'A request that must be refused passes when it is not',
  why: 'The command ends with status 0 for 200 as for 401, so a service open to everybody passes the check.',
  fix: 'Compare the status: `test "$(curl -s -o /dev/null -w \'%{http_code}\' URL)" = 401`.',
  bad: '1. `curl --max-time 10 https://shop.example.com/tasks` returns 401 Unauthorized\n',
  good: bash(`test "$(curl -s --max-time 10 -o /dev/null -w '%{http_code}' https://shop.example.com/tasks)" = 401`),
  *check(document) {
    for (const call of document.calls) {
      const found = curl(call);
      if (found === undefined || isJudged(call)) continue;
      const [status] = /\b40[13]\b/.exec(purpose(call, document)) ?? [];
      if (status !== undefined) yield { at: call.at, message: `${status} is expected, and the command passes with 200 too.` };
    }
  },
};

const insecure: readonly [RegExp, string][] = [
  [/^--insecure(?:-skip-tls-verify)?(?:=true)?$|^--no-check-certificate$/, 'skips the check of the certificate'],
  [/\bsslmode=disable\b/, 'has no encryption'],
];

export const tlsSkipped: Rule = {
  id: 'R96',
  name: 'tls-skip',
  severity: 'error',
  title: 'The check of a certificate is switched off',
  why: 'Whoever stands between reads and changes what is sent, passwords among it.',
  fix: 'Trust the right authority (`--cacert FILE`, `sslmode=verify-full`) and leave the check on.',
  bad: bash(`curl -kfsS --max-time 10 ${health}`),
  good: bash(`curl -fsS --max-time 10 --cacert company.pem ${health}`),
  *check({ calls }) {
    for (const call of calls) {
      const local = call.args.some(({ text }) => /\b(?:localhost|127\.0\.0\.1)\b|\[::1\]/.test(text));
      if (local) continue;
      if (curl(call)?.insecure === true) yield { at: call.at, message: 'curl skips the check of the certificate.' };
      for (const [pattern, what] of insecure)
        if (call.program !== 'curl' && call.args.some(({ text }) => pattern.test(text)))
          yield { at: call.at, message: `${call.program} ${what}.` };
      const switched = call.command.assignments.find(
        ({ name, value }) =>
          value?.value !== undefined &&
          /^(?:NODE_TLS_REJECT_UNAUTHORIZED=0|PGSSLMODE=disable|GIT_SSL_NO_VERIFY=.+)$/.test(`${name}=${value.value}`),
      );
      if (switched !== undefined) yield { at: call.at, message: `${switched.name} switches the check of certificates off.` };
    }
  },
};

const shells = /^(?:ba|z|da)?sh$/;

export const curlToShell: Rule = {
  id: 'R97',
  name: 'curl-pipe-sh',
  severity: 'warning',
  title: 'A download is run unseen',
  why: 'What the address serves today is run with your rights, also when it breaks off half-way.',
  fix: 'Download to a file, compare its checksum, then run it.',
  bad: bash('curl -fsSL --max-time 60 https://get.example.com/install.sh | sh'),
  good: bash('curl -fsSL --max-time 60 -o install.sh https://get.example.com/install.sh\nsha256sum -c install.sh.sha256\nsh install.sh'),
  *check({ calls }) {
    for (const call of calls) {
      const { pipeline, inside, start, end } = call.command;
      if (call.program !== 'curl' && call.program !== 'wget') continue;
      const piped = pipeline
        .slice(pipeline.indexOf(call.command) + 1)
        .some(({ words }) => words.some(({ value }) => shells.test(value ?? '')));
      const substituted =
        inside.includes('substitution') &&
        calls.some(
          (other) => shells.test(other.program) && other.script === call.script && other.command.start < start && end <= other.command.end,
        );
      if (piped || substituted) yield { at: call.at, message: 'What is downloaded is run by a shell straight away.' };
    }
  },
};

export const testWritesToProduction: Rule = {
  id: 'R98',
  name: 'prod-writes-in-test',
  severity: 'warning',
  title: 'A smoke test writes to production and leaves it there',
  why: 'Rows of tests reach customers, statistics and backups.',
  fix: 'Mark what the test makes, and remove it in the same step; or test with what only reads.',
  bad: '## Smoke test\n\n' + bash('curl -f --max-time 10 -X POST https://shop.example.com/orders -d \'{"item": 1}\''),
  good:
    '## Smoke test\n\n' +
    bash(
      'curl -f --max-time 10 -X POST https://shop.example.com/orders -d \'{"item": 1}\'\ncurl -f --max-time 10 -X DELETE https://shop.example.com/orders/test',
    ),
  *check({ calls }) {
    for (const call of calls) {
      const found = curl(call);
      const [url = ''] = found?.urls ?? [];
      if (found?.writes !== true || !url.startsWith('https:') || /staging|\bdev\b|test\b|localhost/.test(url)) continue;
      if (!/smoke|test|verif/i.test(call.script.section.path.join(' '))) continue;
      const cleaned = calls.some(
        (each) => each.script.sequence === call.script.sequence && each.args.some(({ text }) => text === 'DELETE'),
      );
      const reads = /^https:\/\/[^/]*\/(?:[\w/-]*\/)?(?:search|query|graphql|signin|login|token|mcp)(?:[/?]|$)/.test(url);
      if (!cleaned && !reads) yield { at: call.at, message: `The test writes to ${url} and removes nothing.` };
    }
  },
};

export const httpRules: readonly Rule[] = [
  curlNoFail,
  curlNoTimeout,
  jqNoExitStatus,
  percentileFromOne,
  mcpByGet,
  tlsByEye,
  authByEye,
  tlsSkipped,
  curlToShell,
  testWritesToProduction,
];
