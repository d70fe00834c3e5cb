/** Looks on at a run: shows it, and tells those that its runbook wants told. */

import { hostname } from 'node:os';
import type { Runbook } from '../../runbook/document.ts';
import type { NotifyEvent } from '../../runbook/notify/notice.ts';
import type { FrontMatter } from '../../runbook/parse/front-matter.ts';
import type { Plan } from '../../runbook/plan/plan.ts';
import type { Redactor } from '../../runbook/redact/redactor.ts';
import type { Operator, RunOutcome } from '../../runbook/run/records.ts';
import type { Watcher } from '../../runbook/run/request.ts';
import type { Display } from './display.ts';
import { nextAfter } from './ending.ts';

interface Parts {
  readonly display: Display;
  readonly redactor: Redactor;
  readonly runbook: Runbook;
  readonly plan: Plan;
  readonly operator: Operator;
  readonly notify: FrontMatter['notify'];
}

/** undefined: whoever stopped it knows. */
const events: Readonly<Record<RunOutcome, NotifyEvent | undefined>> = {
  passed: 'finished',
  aborted: 'finished',
  failed: 'failed',
  rollback_failed: 'failed',
  lock_lost: 'failed',
  rolled_back: 'rolled_back',
  waiting: 'waiting',
  held: 'held',
  interrupted: undefined,
};

/** Gives the secrets of the notifications to the redactor, and says before anything runs which of them cannot be sent. */
export async function createWatcher(run: string, { display, redactor, runbook, plan, operator, notify }: Parts): Promise<Watcher> {
  const show = { record: display.record.bind(display), output: display.output.bind(display) };
  if (notify.length === 0) return { ...show, end: async () => [] };
  // Loaded where it is needed: a mail client takes a while.
  const { createNotifier } = await import('../../runbook/notify/notifier.ts');
  const { front, title, source } = runbook;
  const about = {
    run,
    title,
    file: source.file,
    host: hostname(),
    user: operator.user,
    owner: front.owner ?? null,
    escalate: front.escalate ?? null,
  };
  const notifier = createNotifier({ notify, environment: process.env, run: about, redact: (text) => redactor.text(text) });
  for (const { name, value } of notifier.secrets()) redactor.add(name, value);
  for (const warning of notifier.warnings) process.stderr.write(`${warning}\n`);
  return {
    ...show,
    record(record) {
      show.record(record);
      if (record.type === 'run.started') void notifier.send('started');
    },
    async end(end) {
      const event = events[end.outcome];
      const { outcome, exit, left } = end;
      const waiting = 'waiting_for' in end ? end.waiting_for : null;
      const reason = 'reason' in end ? end.reason : (waiting?.text ?? '');
      if (event !== undefined)
        void notifier.send(event, {
          step: waiting?.step ?? null,
          outcome,
          reason,
          exit,
          left,
          next: nextAfter(run, end, plan).join(' ') || null,
        });
      return (await notifier.finish()).map((failed) => failed.reason);
    },
  };
}
