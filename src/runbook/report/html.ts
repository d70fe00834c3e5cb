/** The deployment log as one HTML file: no network, no script. */

import { rollbackSection, stageSection, toneOf } from './html-steps.ts';
import type { DeploymentLog } from './log.ts';
import { type Content, type Markup, html, table } from '../../system/page/markup.ts';
import { style } from '../../system/page/style.ts';
import { moment, outcomeWords, took, waitingWords } from './words.ts';

export function htmlReport(log: DeploymentLog): string {
  const { mark, word } = outcomeWords[log.outcome];
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${log.title}: ${word}, ${moment(log.started_at)}</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        <header>
          <span class="badge ${toneOf(log.outcome)}">${mark} ${word}</span>
          <h1>${log.title}</h1>
          <p class="lead">
            ${moment(log.started_at)}${log.ended_at === null ? '' : `, ${took(log.started_at, log.ended_at)}`}, by ${byOf(log)}
          </p>
        </header>
        ${notes(log)} ${facts(log)} ${inputs(log)}
        <main>${log.stages.map((stage) => stageSection(stage, log))} ${rollbackSection(log)}</main>
        ${people(log)} ${journal(log)}
        <footer>All times are UTC. Made from the journal of run ${log.run} by Quarterdeck ${log.parts.at(-1)?.version}.</footer>
      </body>
    </html> `;
  return page.text;
}

function byOf({ parts }: DeploymentLog): string {
  return [...new Set(parts.map(({ by }) => `${by.user} on ${by.host}`))].join(', ');
}

function note(tone: 'good' | 'bad' | 'warn', title: string, text: Content): Markup {
  return html`<div class="note ${tone}"><b>${title}</b> <span>${text}</span></div>`;
}

/** What somebody must know before anything else. */
function notes({ left, waiting_for, reason, rollback: back, notifications_not_sent, journal: { damage } }: DeploymentLog): Markup {
  return html`${damage === null ? null : note('bad', 'The journal does not verify.', `Line ${damage.line}: ${damage.message}. This report says what stands before it.`)}
  ${reason === '' ? null : note(back === null ? 'bad' : 'warn', 'Why:', reason)}
  ${left.length === 0 ? null : note('bad', 'Left:', `the changes of ${left.join(', ')} stay.`)}
  ${waiting_for === null ? null : note('warn', 'Waits', `at ${waiting_for.step} for ${waitingWords[waiting_for.what]}: ${waiting_for.text}`)}
  ${notifications_not_sent.map((sentence) => note('warn', 'Not sent:', sentence))}`;
}

function facts(log: DeploymentLog): Markup {
  const { run, file, repository, parts, lock, parent, exit } = log;
  const last = parts.at(-1);
  const pairs: [string, Content][] = [
    ['Run', html`<code>${run}</code>`],
    ['Runbook', file],
    ['Ran in', repository],
    ['Plan', html`<code title="${last?.plan_hash}">${last?.plan_hash.slice(0, 12)}</code>`],
    ['Lock', lock === null ? null : `${lock.key}, number ${lock.fence}, kept in ${lock.store}`],
    ['Part of', parent === null ? null : `${parent.run}, step ${parent.step}`],
    ['Exit status', exit],
  ];
  return html`<dl>
    ${pairs.map(([name, content]) =>
      content === null
        ? null
        : html`<dt>${name}</dt>
            <dd>${content}</dd>`,
    )}
  </dl>`;
}

function inputs({ inputs: given }: DeploymentLog): Markup | null {
  if (given.length === 0) return null;
  const rows = given.map(({ name, value: text, source }) => [
    html`<code>${name}</code>`,
    text === null ? html`<span class="quiet">secret</span>` : html`<code>${text}</code>`,
    source,
  ]);
  return html`<section>
    <h2>Inputs</h2>
    ${table(['Name', 'Value', 'From'], rows)}
  </section>`;
}

function people({ parts, lock_forced: forced }: DeploymentLog): Markup {
  const rows = parts.map(({ at, by, version, plan_hash: hash }, index) => [
    moment(at),
    `${index === 0 ? 'started' : 'gone on with'} by ${by.user} on ${by.host}${by.terminal ? '' : ', not at a terminal'}`,
    version,
    html`<code>${hash.slice(0, 12)}</code>`,
  ]);
  return html`<section>
    <h2>Who ran it</h2>
    ${table(['When', 'Who', 'Version', 'Plan'], rows)}
    ${forced.map(({ at, by, why }) => html`<p>The lock was taken away ${moment(at)} by ${by}: ${why}</p>`)}
  </section>`;
}

function journal({ journal: { records, head, damage } }: DeploymentLog): Markup {
  const verdict =
    damage === null
      ? `${records} records, each following from the one before, as they were written.`
      : `Line ${damage.line}: ${damage.message}.`;
  return html`<section>
    <h2>Journal</h2>
    <p>${verdict}</p>
    <p class="quiet">Last record: <code>${head}</code></p>
  </section>`;
}
