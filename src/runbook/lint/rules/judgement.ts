/** Rules about what counts as success: thresholds that agree, baselines that were taken, checks that were made. */

import { curl, docker, kubectl, option } from '../arguments.ts';
import type { LintDocument, Prose } from '../document.ts';
import { before, deploys, isDowngrade, isMigration, isProcedure } from '../effects.ts';
import { type Rule, bash } from '../rule.ts';

export const prechecked: Rule = {
  id: 'R43',
  name: 'prechecked',
  severity: 'warning',
  title: 'A check is ticked before anybody has made it',
  why: 'Whoever follows the document takes it for done; nothing says who did it, when and with what result.',
  fix: 'Leave the box empty (`- [ ]`), and keep results in the record of a run.',
  bad: '# Release\n\n- [x] The backup was restored\n',
  good: '# Release\n\n- [ ] The backup was restored\n',
  *check(document) {
    // Elsewhere a ticked list is a list of what there is.
    if (!isProcedure(document)) return;
    const { items, prose } = document;
    for (const { node, at } of items) if (node.checked === true) yield { at, message: 'This is ticked in the document itself.' };
    for (const { text, at } of prose) {
      const found = /(?:✅|☑)\s*(?:all\b.{0,80}\b)?(?:completed?|done|success\w*|passed)\b|\bsuccess criteria met\b.{0,20}✅/i.exec(text);
      if (found !== null)
        yield { at: at(found.index), message: `“${found[0].replaceAll(/\s+/g, ' ').slice(0, 40)}”, with no record of a run.` };
    }
  },
};

interface Bound {
  readonly metric: string;
  readonly side: 'good' | 'bad';
  readonly value: number;
  readonly shown: string;
  readonly prose: Prose;
  readonly index: number;
}

const bound =
  /\b(error rates?|p9[059](?: \w+){0,2}|(?:response times?|latency)[ (]+p9[059]\)?)\b[^\n<>≤≥|]{0,40}?(<=?|>=?|≤|≥|\bbelow|\babove|\bunder|\bover)\s*(\d+(?:\.\d+)?)\s*(%|ms|s\b)/gi;

function boundsOf({ prose, tables }: LintDocument): Bound[] {
  const own = prose.flatMap((each) => boundsIn(each.text.replaceAll('*', ' '), each));
  // `| Error rate | > 1% | roll back |`: the cells of a row belong together.
  const rows = tables.flatMap(({ rows: all, section }) =>
    all.flatMap(({ cells, at }) =>
      boundsIn(cells.slice(0, 2).join(' '), { kind: 'cell', text: '', section, lines: { first: at.line, last: at.line }, at: () => at }),
    ),
  );
  return [...own, ...rows];
}

function boundsIn(text: string, prose: Prose): Bound[] {
  return [...text.matchAll(bound)].map(({ 1: metric = '', 2: operator = '', 3: number = '', 4: unit = '', index, 0: shown }) => ({
    metric: (/p9[059]/i.exec(metric)?.[0] ?? 'error rate').toLowerCase(),
    side: /^(?:<|≤|below|under)/i.test(operator) ? 'good' : 'bad',
    value: Number(number) * (unit === 's' ? 1_000 : 1),
    shown: shown.replaceAll(/\s+/g, ' '),
    prose,
    index,
  }));
}

export const thresholdConflict: Rule = {
  id: 'R45',
  name: 'threshold-conflict',
  severity: 'warning',
  title: 'One metric has two limits for the same verdict',
  why: 'Between the two, one half of the team rolls back and the other goes on.',
  fix: 'Write each limit down once, and refer to it.',
  bad: 'Success: error rate < 0.1%.\n\nNormal operation: error rate < 0.5%.\n',
  good: 'Success: error rate < 0.1%. Above 1% the release is rolled back.\n',
  *check(document) {
    const first = new Map<string, Bound>();
    for (const each of boundsOf(document).sort((a, b) => a.prose.at(a.index).line - b.prose.at(b.index).line)) {
      const key = `${each.metric} ${each.side}`;
      const earlier = first.get(key);
      if (earlier === undefined) first.set(key, each);
      else if (earlier.value !== each.value)
        yield {
          at: each.prose.at(each.index),
          message: `“${each.shown}” here, “${earlier.shown}” in line ${earlier.prose.at(earlier.index).line}.`,
        };
    }
  },
};

export const noBaseline: Rule = {
  id: 'R47',
  name: 'relative-no-baseline',
  severity: 'warning',
  title: 'A limit is relative to something that nobody has measured',
  why: '“Twice the normal” needs a number from before the change; afterwards it cannot be had any more.',
  fix: 'Measure before the change and keep it (`{name=baseline capture=baseline}`).',
  bad: 'Roll back if the response time is > 2x normal.\n',
  good: 'Roll back if the response time is > 400 ms.\n',
  *check({ prose, scripts }) {
    if (
      scripts.some(
        ({ meta, shell }) =>
          /\bbaseline\b/.test(meta) || shell.commands.some(({ assignments }) => assignments.some(({ name }) => /baseline/i.test(name))),
      )
    )
      return;
    for (const { text, at } of prose) {
      const found = /\b\d+(?:\.\d+)?\s?x\s+(?:the\s+)?(?:normal|baseline|usual|average)\b/i.exec(text);
      if (found !== null) yield { at: at(found.index), message: `“${found[0]}”: no command measures that before the change.` };
    }
  },
};

export const subjective: Rule = {
  id: 'R48',
  name: 'subjective',
  severity: 'info',
  title: 'A gate is a matter of opinion',
  why: 'Two people look at the same graph and decide differently.',
  fix: 'Give a number, how long, and where it is read.',
  bad: '- [ ] No error spikes in logs\n',
  good: '- [ ] Fewer than 5 errors a minute in the logs of the last 30 minutes\n',
  *check({ items }) {
    for (const { text, at } of items) {
      const found =
        /\blooks? good\b|\bno (?:error )?spikes?\b|\bno customer complaints\b|\b(?:times?|performance|metrics|range) normal\b|\bnormal (?:range|metrics)\b|\bperformance normal\b|\bshould (?:remain|be) (?:stable|similar)\b/i.exec(
          text,
        );
      if (found !== null) yield { at, message: `“${found[0]}” is in the eye of whoever looks.` };
    }
  },
};

export const shallowHealth: Rule = {
  id: 'R49',
  name: 'health-shallow',
  severity: 'warning',
  title: 'A release is proved by its health page, or by pods that run',
  why: 'Both are green while the database is unreachable for users, or while every call fails.',
  fix: 'Add one call that does what users do, and compare its answer.',
  bad:
    '# Deploy\n\n' +
    bash(
      'kubectl --context a set image deployment/shop shop=shop:1.2.3\nkubectl --context a rollout status deployment/shop --timeout 5m\nkubectl --context a get pods',
    ),
  good:
    '# Deploy\n\n' +
    bash(
      'kubectl --context a set image deployment/shop shop=shop:1.2.3\nkubectl --context a rollout status deployment/shop --timeout 5m\ncurl -fsS --max-time 9 https://shop.example.com/catalogue | jq -e "length > 0"',
    ),
  *check(document) {
    if (!isProcedure(document)) return;
    const { calls } = document;
    const first = calls.find(deploys);
    const shallow = calls.find(
      (call) =>
        kubectl(call)?.verb === 'get' ||
        docker(call)?.verb === 'ps' ||
        curl(call)?.urls.some((url) => /\/(?:health|healthz|livez|readyz|ready|version|metrics)$/.test(url)) === true,
    );
    const deep = calls.some((call) => {
      const words = [call.program, ...call.args.map(({ text }) => text)].join(' ');
      return (
        /smoke|integration|e2e|quarterdeck|pytest|validate|^psql\b.* -\w*c\b/.test(words) ||
        curl(call)?.urls.some((url) => !/\/(?:health|healthz|livez|readyz|ready|version|metrics)?$/.test(url)) === true
      );
    });
    if (first !== undefined && shallow !== undefined && !deep && option(first, '--help') === undefined)
      yield { at: shallow.at, message: 'This is all that proves the release.' };
  },
};

export const fixWorsens: Rule = {
  id: 'R78',
  name: 'fix-worsens',
  severity: 'warning',
  title: 'A shortage of connections is met with more replicas',
  why: 'Each replica brings a pool of its own, and the database has fewer connections left for each.',
  fix: 'Compare the sum of all pools with `max_connections`; make pools smaller, or put a pooler in between.',
  bad: '1. The connection pool is exhausted.\n2. Scale up: `kubectl --context a scale deployment/shop --replicas=5`\n3. `kubectl --context a rollout status deployment/shop --timeout 5m`\n',
  good: '1. The connection pool is exhausted.\n2. See who holds connections: `psql -d shop -c "select usename, count(*) from pg_stat_activity group by 1"`\n',
  *check({ calls, prose }) {
    for (const call of calls) {
      if (kubectl(call)?.verb !== 'scale' && option(call, '--scale') === undefined) continue;
      const told = prose.some(
        ({ section, text, lines }) =>
          section === call.script.section &&
          lines.first <= call.at.line &&
          /\bpool (?:is |was )?exhaust|\bexhaust\w* (?:the )?(?:connection )?pool|\btoo many connections\b|\bconnection limit\b/i.test(
            text,
          ),
      );
      if (told) yield { at: call.at, message: 'More replicas take more connections, and those are what is short.' };
    }
  },
};

export const restartFirst: Rule = {
  id: 'R77',
  name: 'restart-first',
  severity: 'warning',
  title: 'Something is restarted before anybody has looked',
  why: 'The restart takes the evidence with it: the cause stays unknown, and comes back.',
  fix: 'Keep logs and state first (`kubectl logs --previous`, `docker logs NAME > FILE`), then restart.',
  bad: '## Issue: no answer\n\n' + bash('docker restart shop'),
  good: '## Issue: no answer\n\n' + bash('docker logs --tail 2000 shop > shop.log 2>&1\ndocker restart shop'),
  *check(document) {
    for (const call of document.calls) {
      const { title } = call.script.section;
      if (!/\b(?:issues?|incidents?|troubleshoot\w*|problems?|unavailable|failing|down)\b/i.test(title)) continue;
      const restarts =
        docker(call)?.verb === 'restart' ||
        kubectl(call)?.verb === 'rollout restart' ||
        (call.program === 'systemctl' && call.args[0]?.text === 'restart');
      const looked = before(call, document).some(
        (each) =>
          each.script.section === call.script.section &&
          (each.program === 'journalctl' ||
            /logs|describe|\bps\b|inspect|status|\bget\b|events/.test([each.program, ...each.args.map(({ text }) => text)].join(' '))),
      );
      if (restarts && !looked) yield { at: call.at, message: 'Nothing keeps logs or state before this restart.' };
    }
  },
};

export const migrateWithRelease: Rule = {
  id: 'R68',
  name: 'migrate-before-verify',
  severity: 'warning',
  title: 'The schema changes in the same window as the release',
  why: 'While old and new code run side by side one of them meets the wrong schema; and going back needs a downgrade.',
  fix: 'Expand first, in a release of its own, contract later; and say in the document that the migration fits both versions.',
  bad: '# Deploy\n\n' + bash('alembic upgrade head\nsudo systemctl restart shop'),
  good:
    '# Deploy\n\nMigrations are backward compatible: the version before runs with them.\n\n' +
    bash('alembic upgrade head\nsudo systemctl restart shop'),
  *check(document) {
    if (!isProcedure(document) || !document.calls.some(deploys)) return;
    if (/\bbackwards?[- ]compatible\b|\bexpand\b[^.]{0,300}\bcontract\b|\bboth versions\b/i.test(document.source.text)) return;
    const first = document.calls.find((call) => isMigration(call) && !isDowngrade(call));
    if (first !== undefined) yield { at: first.at, message: 'Nothing says that the version before can run with this schema.' };
  },
};

export const judgementRules: readonly Rule[] = [
  restartFirst,
  migrateWithRelease,
  prechecked,
  thresholdConflict,
  noBaseline,
  subjective,
  shallowHealth,
  fixWorsens,
];
