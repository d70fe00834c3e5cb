/** A run as its journal tells it: a deployment that waits for an approval, is watched, goes wrong and is rolled back. */

import { parseRunbook } from '../../src/runbook/parse/parse.ts';
import { type Plan, makePlan } from '../../src/runbook/plan/plan.ts';
import type { Operator, RunEntry, RunRecord } from '../../src/runbook/run/records.ts';
import { WatchJudge } from '../../src/runbook/watch/verdict.ts';

const document = `---
title: Deploy to Kubernetes, rolling
lock: deploy-staging
inputs:
  ENVIRONMENT: { enum: [staging, production] }
  TOKEN: { secret: true }
---

## Before

- [ ] The cluster has room — \`$ check-room --spare 1\`
- [ ] The team knows about the window

\`\`\`bash {name=baseline kind=check capture=baseline}
measure --for 1m --json
\`\`\`

## Apply

\`\`\`bash {name=apply timeout=5m approve="release manager"}
kubectl apply -k "overlays/$ENVIRONMENT"
\`\`\`

\`\`\`output
...
deployment "quarterdeck" successfully rolled out
\`\`\`

\`\`\`bash {undo=apply}
kubectl rollout undo deployment/quarterdeck
\`\`\`

## Watch

\`\`\`bash {name=watch kind=check every=15s for=30m min_requests=200}
measure --json
\`\`\`

| Metric     | Hold            | Roll back     |
| ---------- | --------------- | ------------- |
| error_rate | > 0.5%          | > 1%          |
| p95_ms     | > 1.5x baseline | > 2x baseline |
| restarts   |                 | > 3 in 5m     |

## After

- [ ] The dashboard is quiet
`;

const source = { file: 'runbooks/deploy.md', text: document };

const inputs = [
  { name: 'ENVIRONMENT', value: 'staging', secret: false, source: '--input' },
  { name: 'TOKEN', value: 'correct horse battery', secret: true, source: 'TOKEN' },
];

const runbook = parseRunbook(source, new Map([['ENVIRONMENT', 'staging']]));

export const plan: Plan = makePlan({ runbook, inputs, readChild: () => undefined });

const ada: Operator = { user: 'ada', host: 'ship', terminal: true };
const pipeline: Operator = { user: 'deploy', host: 'pipeline-7', terminal: false };
const began = Date.parse('2026-11-21T10:00:00.000Z');
const baseline = { requests: 4_000, error_rate: 0.0004, p95_ms: 120, restarts: 0 };

/** What an attempt wrote. */
export const outputs: Readonly<Record<string, string>> = {
  'apply.1.stderr': 'Unable to connect to the server: <EOF>\n',
  'apply.2.stdout':
    'deployment.apps/quarterdeck configured\nWaiting…\n\u001B[32mdeployment "quarterdeck" successfully rolled out\u001B[0m\n',
  'undo-apply.1.stdout': 'deployment.apps/quarterdeck rolled back\n',
};

/** The records up to an end: all of them, or those before one of that type. */
export function deployment(until?: RunEntry['type']): RunRecord[] {
  const records: RunRecord[] = [];
  let seconds = 0;
  const add = (entry: RunEntry, after = 1): void => {
    seconds += after;
    const seq = records.length + 1;
    const at = new Date(began + seconds * 1_000).toISOString();
    records.push({ seq, at, prev: '0'.repeat(64), hash: String(seq).padStart(64, 'a'), ...entry });
  };
  const beginning = {
    files: { plan: 'p', text: 't' },
    plan_hash: plan.hash,
    version: '0.1.0',
    process: { pid: 4_711, started: '1', boot: 'b' },
    lock: { store: '/home/ada/.local/state/quarterdeck/locks', key: 'deploy-staging', fence: 7 },
  };
  const begin = (step: string, kind: 'check' | 'change', attempt = 1, undo = false): void =>
    add({ type: 'step.intended', step, undo, attempt, kind, command_hash: 'c' });
  const end = (
    { step, attempt = 1, undo = false }: { step: string; attempt?: number; undo?: boolean },
    changes: Partial<Extract<RunEntry, { type: 'step.ended' }>>,
    after: number,
  ): void => {
    const passed = { outcome: 'passed', exit: 0, reason: '', captured: null, children: [], retries: false } as const;
    add({ type: 'step.ended', step, undo, attempt, ...passed, ...changes }, after);
  };

  add(
    {
      type: 'run.started',
      run: '20261121-100000-abc123',
      file: '/work/shop/runbooks/deploy.md',
      title: plan.title,
      repository: '/work/shop',
      inputs: plan.inputs,
      fingerprints: { TOKEN: 'f' },
      undo: true,
      parent: null,
      ...beginning,
      operator: ada,
    },
    0,
  );
  begin('the-cluster-has-room', 'check');
  end({ step: 'the-cluster-has-room' }, {}, 2);
  const text = 'The team knows about the window';
  add({ type: 'confirmation.given', step: 'the-team-knows-about-the-window', text, answer: 'yes', by: 'Ada Lovelace', operator: ada }, 20);
  begin('baseline', 'check');
  end({ step: 'baseline' }, { captured: { name: 'baseline', value: JSON.stringify(baseline) } }, 60);
  const waiting = { step: 'apply', what: 'approval', text: 'release manager' } as const;
  add({ type: 'run.paused', outcome: 'waiting', exit: 3, waiting_for: waiting, left: [] });
  const approval = { step: 'apply', role: 'release manager', plan_hash: plan.hash, by: 'Grace Hopper', operator: ada };
  add({ type: 'approval.given', ...approval }, 300);
  add({ type: 'run.resumed', ...beginning, operator: pipeline, changed_secrets: [] }, 5);
  begin('apply', 'change');
  end(
    { step: 'apply' },
    { outcome: 'failed', exit: 1, reason: 'the exit status is 1: Unable to connect to the server: <EOF>', retries: true },
    12,
  );
  begin('apply', 'change', 2);
  end({ step: 'apply', attempt: 2 }, {}, 75);
  watch(add);
  add({ type: 'rollback.started', reason: 'watch: error_rate is 0.021 (> 1%)', operator: pipeline });
  begin('apply', 'change', 1, true);
  end({ step: 'apply', undo: true }, {}, 22);
  add({
    type: 'notification.failed',
    reason: 'Nobody was told by slack OPS_SLACK_URL that the run was rolled back: it answers 500, 3 times.',
  });
  const reason = 'watch: error_rate is 0.021 (> 1%)';
  add({ type: 'run.finished', outcome: 'rolled_back', exit: 4, reason, left: [] });
  const cut = records.findIndex(({ type }) => type === until);
  return cut === -1 ? records : records.slice(0, cut);
}

/** Ten minutes: well, a latency that holds it, a sample that is missing, then errors. */
function watch(add: (entry: RunEntry, after?: number) => void): void {
  const step = runbook.stages.flatMap(({ items }) => items).find(({ name }) => name === 'watch');
  if (step?.type !== 'step' || step.watch === undefined) throw new Error('The example has no watch.');
  const judge = new WatchJudge(step.watch, new Map([['baseline', JSON.stringify(baseline)]]));
  add({ type: 'step.intended', step: 'watch', undo: false, attempt: 1, kind: 'check', command_hash: 'w' });
  let held = 0;
  let why = '';
  for (let count = 0; count < 40; count += 1) {
    const wave = Math.sin(count / 3);
    const slow = count >= 14 && count < 19;
    const errors = count >= 37 ? 0.021 : 0.0006 + 0.0004 * wave;
    const metrics =
      count === 25
        ? null
        : { requests: 640 + Math.round(40 * wave), error_rate: errors, p95_ms: slow ? 196 : 124 + 9 * wave, restarts: count >= 30 ? 1 : 0 };
    add({ type: 'watch.sampled', step: 'watch', metrics, reason: metrics === null ? 'it ran past its time of 10s' : '' }, 15);
    const judged = judge.take({ at: count * 15_000, metrics }, false);
    if (judged.verdict === 'hold') held += 15_000;
    add({ type: 'watch.judged', step: 'watch', ...judged, held_ms: held }, 0);
    why = judged.reasons.join('; ');
    if (judged.verdict === 'roll_back') break;
  }
  const failed = { outcome: 'failed', exit: null, reason: why, captured: null, children: [], retries: false } as const;
  add({ type: 'step.ended', step: 'watch', undo: false, attempt: 1, ...failed }, 0);
}
