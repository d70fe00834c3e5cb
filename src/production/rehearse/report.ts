/** The report of a rehearsal: one HTML file that opens without a network. */

import { type Markup, html, table } from '../../system/page/markup.ts';
import { style } from '../../system/page/style.ts';
import { lossesOf } from './judge.ts';
import type { Rehearsal } from './rehearse.ts';
import { timeline } from './timeline.ts';

export function rehearsalReport(rehearsal: Rehearsal): string {
  const { kept, started_at, seconds, machine, ground, version, samples, kills, acts, promises, skipped, failure } = rehearsal;
  const page: Markup = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>Rehearsal of ${started_at}</title>
        <style>
          ${style} .legend span {
            margin-right: 1rem;
          }
          .legend i {
            display: inline-block;
            width: 0.8em;
            height: 0.8em;
            margin-right: 0.35em;
          }
        </style>
      </head>
      <body>
        <span class="badge ${kept ? 'good' : 'bad'}">${kept ? 'every promise was kept' : 'a promise was not kept'}</span>
        <h1>Rehearsal</h1>
        <p class="lead">The whole life of a release on one machine, under load, with faults.</p>
        ${
          failure === null
            ? ''
            : html`<div class="note bad">
                <b>It did not come to its end.</b>
                <p>${failure}</p>
              </div>`
        }
        <dl>
          <dt>Began</dt>
          <dd>${started_at}</dd>
          <dt>Took</dt>
          <dd>${Math.round(seconds)} s</dd>
          <dt>Version</dt>
          <dd>${version}</dd>
          <dt>Machine</dt>
          <dd>${machine}</dd>
          <dt>Database</dt>
          <dd>${ground}</dd>
          <dt>Load</dt>
          <dd>${rehearsal.rate} requests a second: reads, writes, lists, MCP calls; ${rehearsal.streams} event streams</dd>
        </dl>
        <h2>Time line</h2>
        <p class="legend quiet">${legend.map(([color, text]) => html`<span><i style="background:${color}"></i>${text}</span>`)}</p>
        ${timeline(samples, kills, acts)}
        <h2>Promised and measured</h2>
        ${table(
          ['Promised', 'Measured'],
          promises.map(({ promise, measured, kept: each }) => [
            html`<b class="${each ? 'good' : 'bad'}">${each ? '✓' : '✗'}</b> ${promise}`,
            measured,
          ]),
        )}
        <h2>What each kill and loss cost</h2>
        <p>
          Interrupted are requests that were in flight on what was killed: safe ones were repeated elsewhere by the proxy, the others can be
          sent again with their idempotency key. Down are those that came while the whole proxy or database was away, or what they asked
          for.
        </p>
        ${table(
          ['What', 'At', 'Back after', 'Interrupted', 'Down'],
          lossesOf(samples, kills).map(({ kill, interrupted, down }) => [
            kill.what,
            `${(kill.at / 1_000).toFixed(1)} s`,
            `${((kill.until - kill.at) / 1_000).toFixed(2)} s`,
            interrupted,
            down,
          ]),
        )}
        ${
          skipped.length === 0
            ? ''
            : html`<h2>Not rehearsed</h2>
                <ul>
                  ${skipped.map((each) => html`<li>${each}</li>`)}
                </ul>`
        }
        <footer>Made by quarterdeck rehearse.</footer>
      </body>
    </html>`;
  return `${page.text.replace(/^\s+/gm, '').trimEnd()}\n`;
}

const legend = [
  ['var(--good)', 'answered as wanted'],
  ['var(--warn)', 'failed by a bad version, on purpose'],
  ['var(--blue)', 'interrupted by a kill'],
  ['var(--soft)', 'proxy or database away'],
  ['var(--bad)', 'failed'],
] as const;
