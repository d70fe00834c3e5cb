/** One metric of a watch as a small SVG: its values, its limits, and when they were broken. It can be read without colour and without a style sheet. */

import { type Markup, html } from '../../system/page/markup.ts';
import { type LogWatch, badPeriodsOf, limitsOf, metricIn } from './watch.ts';
import { isPercent, value as show } from './words.ts';

/** In its own units. On a phone one of them is about a pixel, so that its letters can be read there. */
const size = { width: 360, height: 170, left: 46, right: 8, top: 20, bottom: 20 } as const;
const inner = { width: size.width - size.left - size.right, height: size.height - size.top - size.bottom } as const;

interface Point {
  readonly at: number;
  /** null: there was none. */
  readonly value: number | null;
}

interface Scale {
  x(at: number): number;
  y(value: number): number;
  readonly from: number;
  readonly to: number;
  readonly top: number;
}

export function chart(watch: LogWatch, metric: string): Markup {
  const points = watch.samples.map((sample): Point => ({ at: Date.parse(sample.at), value: metricIn(sample, metric) }));
  const known = points.flatMap(({ value }) => (value === null ? [] : [value]));
  const limits = limitsOf(watch, metric);
  const scale = scaleOf(points, [...known, ...limits.map(({ bound }) => bound)]);
  const percent = isPercent(watch, metric);
  const bad = badPeriodsOf(watch, metric);
  const last = known.at(-1);
  const ended = last === undefined ? 'none with a value' : `the last ${show(last, percent)}`;
  const broken = bad.length === 0 ? 'never beyond its limits' : `beyond its limits or without a verdict ${timesWords(bad.length)}`;
  const label = `${metric} over time: ${points.length} samples, ${ended}, ${broken}`;
  return html`<svg
    viewBox="0 0 ${size.width} ${size.height}"
    role="img"
    aria-label="${label}"
    font-family="inherit"
    font-size="11"
    fill="currentColor"
  >
    ${bad.map(({ from, to, verdict }) => band(Date.parse(from), Date.parse(to), verdict, scale))} ${valueAxis(scale, percent)}
    ${timeAxis(scale)} ${limits.map((limit) => limitLine(limit, limits, scale, percent))} ${curve(reduced(points), scale)}
  </svg>`;
}

function timesWords(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

/** From zero, or below it, to a round number above the largest. */
function scaleOf(points: readonly Point[], values: readonly number[]): Scale {
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  const power = 10 ** Math.floor(Math.log10(most || 1));
  const top = ([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= most * 1.02) ?? 10) * power;
  const bottom = values.reduce((a, b) => Math.min(a, b), 0);
  const from = points[0]?.at ?? 0;
  const to = Math.max(points.at(-1)?.at ?? 0, from + 1_000);
  return {
    from,
    to,
    top,
    x: (at) => round(size.left + ((Math.min(Math.max(at, from), to) - from) / (to - from)) * inner.width),
    y: (value) => round(size.top + (1 - (value - bottom) / (top - bottom)) * inner.height),
  };
}

const bandLetters = { hold: 'H', roll_back: 'R', inconclusive: '?' } as const;

/** What a window was is a letter above it; how dark it is only helps. */
function band(from: number, to: number, verdict: string, scale: Scale): Markup {
  const x = scale.x(from);
  const width = Math.max(scale.x(to) - x, 2);
  const letter = bandLetters[verdict as keyof typeof bandLetters] ?? '';
  return html`<rect
      class="band ${verdict}"
      x="${x}"
      y="${size.top}"
      width="${round(width)}"
      height="${inner.height}"
      opacity="${verdict === 'roll_back' ? 0.28 : 0.14}"
    />
    <text x="${round(x + width / 2)}" y="${size.top - 6}" text-anchor="middle" font-weight="bold">${letter}</text>`;
}

function valueAxis({ y, top }: Scale, percent: boolean): Markup {
  const ticks = [0, top / 2, top];
  return html`${ticks.map(
    (tick) =>
      html`<line x1="${size.left}" x2="${size.width - size.right}" y1="${y(tick)}" y2="${y(tick)}" stroke="currentColor" opacity="0.2" />
        <text x="${size.left - 5}" y="${y(tick) + 4}" text-anchor="end" opacity="0.8">${show(tick, percent)}</text>`,
  )}`;
}

function timeAxis({ x, from, to }: Scale): Markup {
  const day = 86_400_000;
  const minute = 60_000;
  const words = (at: number): string => {
    const text = new Date(at).toISOString();
    if (to - from > day) return text.slice(5, 16).replace('T', ' ');
    return to - from > 10 * minute ? text.slice(11, 16) : text.slice(11, 19);
  };
  const ticks: [number, string][] = [
    [from, 'start'],
    [(from + to) / 2, 'middle'],
    [to, 'end'],
  ];
  return html`${ticks.map(
    ([at, anchor]) => html`<text x="${x(at)}" y="${size.height - 5}" text-anchor="${anchor}" opacity="0.8">${words(at)}</text>`,
  )}`;
}

interface DrawnLimit {
  readonly cell: 'hold' | 'roll_back';
  readonly text: string;
  readonly bound: number;
}

/** On hold is dashed, rolled back is whole and thicker; each has its words at its beginning, since what goes wrong is at the end. */
function limitLine({ cell, text, bound }: DrawnLimit, all: readonly DrawnLimit[], { y }: Scale, percent: boolean): Markup {
  const at = y(bound);
  const lowest = all.every((other) => other.bound >= bound) && all.length > 1;
  // The words of the lower line stand below it, so that two that are close do not run into each other.
  const baseline = lowest ? at + 11 : at - 4;
  const words = `${cell === 'hold' ? 'hold' : 'roll back'} ${text}${/x /.test(text) ? ` = ${show(bound, percent)}` : ''}`;
  const dashes = cell === 'hold' ? html` stroke-dasharray="5 4"` : null;
  return html`<line
      class="limit ${cell}"
      x1="${size.left}"
      x2="${size.width - size.right}"
      y1="${at}"
      y2="${at}"
      stroke="currentColor"
      stroke-width="${cell === 'hold' ? 1 : 1.5}"
      ${dashes}
    />
    <text class="limit-text" x="${size.left + 4}" y="${round(Math.max(baseline, 9))}" text-anchor="start" font-size="10">${words}</text>`;
}

/** A line through neighbours; a gap, and a cross at the bottom, where there was no value. */
function curve(points: readonly Point[], { x, y }: Scale): Markup {
  const lines: string[][] = [[]];
  const missing: number[] = [];
  for (const { at, value } of points) {
    if (value === null) {
      missing.push(at);
      lines.push([]);
    } else lines.at(-1)?.push(`${x(at)},${y(value)}`);
  }
  const cross = size.height - size.bottom - 4;
  return html`${lines.map((line) => {
    if (line.length === 0) return null;
    const [alone = ''] = line;
    if (line.length > 1)
      return html`<polyline
        class="value"
        points="${line.join(' ')}"
        fill="none"
        stroke="currentColor"
        stroke-width="1.6"
        stroke-linejoin="round"
      />`;
    const [cx = '', cy = ''] = alone.split(',');
    return html`<circle class="value" cx="${cx}" cy="${cy}" r="2.2" />`;
  })}${missing.map((at) => html`<text x="${x(at)}" y="${cross}" text-anchor="middle" font-weight="bold">×</text>`)}`;
}

/** A watch of two days has more samples than there are pixels; what is kept of those that share one is the least and the most. */
function reduced(points: readonly Point[]): readonly Point[] {
  const columns = inner.width;
  if (points.length <= 2 * columns) return points;
  const each = Math.ceil(points.length / columns);
  const kept: Point[] = [];
  for (let start = 0; start < points.length; start += each) {
    const bucket = points.slice(start, start + each);
    const ordered = bucket.toSorted((a, b) => (a.value ?? Number.NEGATIVE_INFINITY) - (b.value ?? Number.NEGATIVE_INFINITY));
    const [least, most] = [ordered[0], ordered.at(-1)];
    kept.push(...bucket.filter((point) => point === least || point === most));
  }
  return kept;
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}
