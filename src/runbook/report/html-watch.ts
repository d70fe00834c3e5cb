/** The watch of a deployment log in HTML: a chart a metric, and the verdicts. */

import { chart } from './chart.ts';
import type { DeploymentLog } from './log.ts';
import { type Markup, html, table } from '../../system/page/markup.ts';
import { type LogWatch, metricIn, periodsOf } from './watch.ts';
import { clock, isPercent, value, verdictWords } from './words.ts';
import { showDuration } from '../../system/duration.ts';

export function watchFigures(watch: LogWatch, log: DeploymentLog): Markup {
  const metrics = [...new Set(watch.rows.map(({ metric }) => metric))];
  const charts = metrics.map((metric) => {
    const last = watch.samples.map((sample) => metricIn(sample, metric)).findLast((number) => number !== null);
    const ofMetric = watch.rows.filter((each) => each.metric === metric);
    const limits = ofMetric.flatMap(({ hold, roll_back }) =>
      [hold === '' ? [] : `hold ${hold}`, roll_back === '' ? [] : `roll back ${roll_back}`].flat(),
    );
    const shown = last === undefined ? 'no value' : value(last ?? 0, isPercent(watch, metric));
    return html`<figure>
      <figcaption>${metric} <span class="tag">last ${shown}${limits.length === 0 ? '' : `; ${limits.join(', ')}`}</span></figcaption>
      ${chart(watch, metric)}
    </figure>`;
  });
  const rows = periodsOf(watch).map(({ from, to, verdict, count, reasons }) => [
    `${clock(from, log)} – ${clock(to, log)}`,
    verdictWords[verdict],
    count,
    reasons.join('; '),
  ]);
  const held = watch.verdicts.at(-1)?.held_ms ?? 0;
  return html`<div class="charts">${charts}</div>
    <p class="quiet">
      Bands: H on hold, R roll back, ? no verdict. A cross is a sample without a
      value.${held === 0 ? '' : ` On hold for ${showDuration(held)} in sum.`}
    </p>
    ${table(['Time', 'Verdict', 'Times', 'Why'], rows)}`;
}
