/** The time line of a rehearsal as SVG: requests by what became of them, the slowest twentieth, and every act. */

import { type Markup, html } from '../../system/page/markup.ts';
import { type Fate, fateOf, type Kill } from './judge.ts';
import type { Sample } from './load.ts';
import type { Act } from './stage.ts';

const width = 1_000;
const left = 56;
const right = 12;
const panel = { requests: { top: 22, height: 120 }, latency: { top: 178, height: 90 }, acts: { top: 304, row: 18 } } as const;

const colors: Readonly<Record<Exclude<Fate, 'ok'>, string>> = {
  injected: 'var(--warn)',
  interrupted: 'var(--blue)',
  down: 'var(--soft)',
  failed: 'var(--bad)',
};

interface Second {
  readonly fates: Readonly<Record<Fate, number>>;
  /** Milliseconds; undefined: nothing was answered. */
  readonly p95: number | undefined;
}

/** One entry a second of the load. Pure. */
export function secondsOf(samples: readonly Sample[], kills: readonly Kill[]): Second[] {
  const count = Math.ceil(Math.max(0, ...samples.map(({ at, ms }) => at + ms)) / 1_000);
  const groups = Array.from({ length: count }, (): Sample[] => []);
  for (const sample of samples) groups[Math.floor(sample.at / 1_000)]?.push(sample);
  return groups.map((group) => {
    const fates: Record<Fate, number> = { ok: 0, injected: 0, interrupted: 0, down: 0, failed: 0 };
    for (const sample of group) fates[fateOf(sample, kills)] += 1;
    const times = group.filter(({ ok }) => ok).map(({ ms }) => ms);
    return { fates, p95: percentile(times, 0.95) };
  });
}

/** Of the values themselves: the smallest that so many of them do not exceed. undefined: there are none. */
export function percentile(values: readonly number[], share: number): number | undefined {
  return values.toSorted((one, other) => one - other)[Math.max(0, Math.ceil(values.length * share) - 1)];
}

export function timeline(samples: readonly Sample[], kills: readonly Kill[], acts: readonly Act[]): Markup {
  const seconds = secondsOf(samples, kills);
  const x = (ms: number): number => left + (ms / (seconds.length * 1_000)) * (width - left - right);
  const rows = rowsOf(acts, x);
  const height = panel.acts.top + (Math.max(0, ...rows.map(({ row }) => row)) + 1) * panel.acts.row + 30;
  const barWidth = Math.max(0.5, (width - left - right) / seconds.length - 0.4);
  return html`<svg
    viewBox="0 0 ${width} ${height}"
    role="img"
    aria-label="Requests, latency and acts over time"
    font-size="11"
    fill="currentColor"
  >
    <text x="${left}" y="12" font-weight="600">requests a second</text>
    ${requestBars(seconds, x, barWidth)}
    <text x="${left}" y="${panel.latency.top - 10}" font-weight="600">p95 of what was answered, ms (each step ten times)</text>
    ${latencyLine(seconds, x)}
    <text x="${left}" y="${panel.acts.top - 10}" font-weight="600">acts</text>
    ${rows.map((each) => actBar(each, height))} ${clockMarks(seconds.length, x, height)}
  </svg>`;
}

function requestBars(seconds: readonly Second[], x: (ms: number) => number, barWidth: number): Markup[] {
  const { top, height } = panel.requests;
  const most = Math.max(1, ...seconds.map(({ fates }) => Object.values(fates).reduce((sum, count) => sum + count, 0)));
  const scale = (count: number): number => (count / most) * height;
  const bars = seconds.flatMap(({ fates }, index) => {
    let y = top + height - scale(fates.ok);
    const good = html`<rect
      x="${x(index * 1_000)}"
      y="${y}"
      width="${barWidth}"
      height="${scale(fates.ok)}"
      fill="var(--good)"
      opacity="0.45"
    />`;
    const bad = (Object.keys(colors) as (keyof typeof colors)[]).map((fate) => {
      // One failed request among hundreds must be seen.
      const size = fates[fate] === 0 ? 0 : Math.max(3, scale(fates[fate]));
      y -= size;
      return size === 0
        ? undefined
        : html`<rect x="${x(index * 1_000)}" y="${y}" width="${Math.max(2, barWidth)}" height="${size}" fill="${colors[fate]}" />`;
    });
    return [good, ...bad.filter((bar) => bar !== undefined)];
  });
  return [
    ...bars,
    html`<text x="${left - 6}" y="${top + 8}" text-anchor="end">${most}</text>`,
    html`<text x="${left - 6}" y="${top + height}" text-anchor="end">0</text>`,
  ];
}

function latencyLine(seconds: readonly Second[], x: (ms: number) => number): Markup[] {
  const { top, height } = panel.latency;
  // Logarithmic, from 1 ms to 10 s: a switch is told in milliseconds, an outage in seconds.
  const y = (ms: number): number => top + height - (Math.log10(Math.min(10_000, Math.max(1, ms))) / 4) * height;
  const grid = [1, 10, 100, 1_000, 10_000].map(
    (ms) =>
      html`<line x1="${left}" x2="${width - right}" y1="${y(ms)}" y2="${y(ms)}" stroke="var(--line)" /><text
          x="${left - 6}"
          y="${y(ms) + 4}"
          text-anchor="end"
          >${ms}</text
        >`,
  );
  const points = seconds.flatMap(({ p95 }, index) =>
    p95 === undefined ? [] : [`${x((index + 0.5) * 1_000).toFixed(1)},${y(p95).toFixed(1)}`],
  );
  return [...grid, html`<polyline points="${points.join(' ')}" fill="none" stroke="var(--blue)" stroke-width="1.5" />`];
}

interface Placed extends Act {
  readonly row: number;
  /** Where its bar begins and how wide it is. */
  readonly x: number;
  readonly wide: number;
  /** Its name stands before its bar, because it would leave the picture behind it. */
  readonly before: boolean;
}

/** Roughly, of the font: for deciding whether two names would lie on each other. */
const letterWidth = 6.2;

/** Each in the first row where its bar and its name have room. */
function rowsOf(acts: readonly Act[], x: (ms: number) => number): Placed[] {
  const rows: (readonly [number, number])[][] = [];
  return acts.map((each) => {
    const begin = x(each.from);
    const wide = Math.max(3, Math.min(x(each.to), width - right) - begin);
    const nameWidth = each.name.length * letterWidth + 8;
    const before = begin + nameWidth > width - right;
    const [from, to] = before ? [begin - nameWidth, begin + wide] : [begin, begin + Math.max(wide, nameWidth)];
    const free = rows.findIndex((taken) => taken.every(([start, end]) => to + 4 < start || from - 4 > end));
    const row = free < 0 ? rows.push([]) - 1 : free;
    rows[row]?.push([from, to]);
    return { ...each, row, x: begin, wide, before };
  });
}

const groupColors: Readonly<Record<Act['group'], string>> = {
  release: 'var(--good)',
  broken: 'var(--warn)',
  kill: 'var(--bad)',
  recovery: 'var(--blue)',
};

function actBar({ name, group, row, x, wide, before }: Placed, height: number): Markup {
  const y = panel.acts.top + row * panel.acts.row;
  const color = groupColors[group];
  return html`<line
      x1="${x}"
      x2="${x}"
      y1="${panel.requests.top}"
      y2="${height - 26}"
      stroke="${color}"
      stroke-dasharray="2 3"
      opacity="0.6"
    />
    <rect x="${x}" y="${y}" width="${wide}" height="${panel.acts.row - 4}" fill="${color}" opacity="0.3" />
    <text x="${before ? x - 4 : x + 4}" y="${y + 11}" text-anchor="${before ? 'end' : 'start'}">${name}</text>`;
}

function clockMarks(seconds: number, x: (ms: number) => number, height: number): Markup[] {
  const step = seconds > 600 ? 60 : seconds > 240 ? 30 : 10;
  return Array.from(
    { length: Math.floor(seconds / step) + 1 },
    (_, index) =>
      html`<text x="${x(index * step * 1_000)}" y="${height - 8}" text-anchor="middle" fill="var(--soft)">${index * step} s</text>`,
  );
}
