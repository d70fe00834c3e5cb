import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { toString } from 'mdast-util-to-string';
import { gfm } from 'micromark-extension-gfm';
import { visit } from 'unist-util-visit';
import { describe, expect, test } from 'vitest';
import { deployment, outputs, plan } from '../../../test/support/deployment.ts';
import type { RunRecord } from '../run/records.ts';
import { chart } from './chart.ts';
import { htmlReport } from './html.ts';
import { type LogParts, deploymentLog } from './log.ts';
import { markdownReport } from './markdown.ts';
import { html } from '../../system/page/markup.ts';
import type { LogWatch } from './watch.ts';

const logOf = (changes: Partial<LogParts> = {}) =>
  deploymentLog({
    records: deployment(),
    plan,
    damage: undefined,
    atWork: false,
    outputOf: ({ step, undo, attempt }, stream) => outputs[`${undo ? 'undo-' : ''}${step}.${attempt}.${stream}`],
    ...changes,
  });

const damage = { line: 9, message: 'it was changed after it was written' };

/** Every text that somebody wrote into the run, made hostile. */
const hostile = (with_: string) => {
  const poisoned = JSON.parse(JSON.stringify(deployment()), (key, value: unknown) =>
    typeof value === 'string' &&
    ['reason', 'by', 'user', 'host', 'title', 'why', 'role', 'value', 'version', 'file', 'repository'].includes(key)
      ? `${value}${with_}`
      : value,
  ) as RunRecord[];
  const steps = plan.steps.map((step) => ({ ...step, text: step.text === null ? null : step.text + with_, stage: step.stage + with_ }));
  return logOf({ records: poisoned, plan: { ...plan, steps }, outputOf: () => `out${with_}` });
};

describe('the report as HTML', () => {
  test('is one file that fetches nothing and runs nothing', () => {
    const page = htmlReport(logOf());
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|\son\w+=/);
  });

  test('says what happened, when, by whom and with what evidence', () => {
    const page = htmlReport(logOf());
    for (const text of [
      '↩ rolled back',
      'Approved by Grace Hopper as release manager',
      'Confirmed by Ada Lovelace',
      'passed · 10:06:31 · 1m28s · 2 tries',
      'Unable to connect to the server: &lt;EOF&gt;',
      'Undone 2026-11-21 10:17:54 UTC.',
      'Nobody was told by slack OPS_SLACK_URL',
      '96 records, each following from the one before',
    ])
      expect(page.replaceAll(/\s+/g, ' ')).toContain(text);
    expect(page).not.toContain('correct horse battery');
  });

  test('escapes whatever people and programs wrote', () => {
    const page = htmlReport(hostile(`<img src=x onerror=alert(1)>"' &amp; \u202E`));
    expect(page).not.toContain('<img');
    expect(page).not.toContain('\u202E');
    expect(page.match(/&lt;img src=x/g)?.length).toBeGreaterThan(20);
    expect(page).not.toMatch(/="[^"]*<img/);
  });

  test('says first that the journal does not verify', () => {
    const page = htmlReport(logOf({ damage }));
    expect(page.indexOf('The journal does not verify.')).toBeGreaterThan(0);
    expect(page.indexOf('The journal does not verify.')).toBeLessThan(page.indexOf('Inputs'));
    expect(page).toContain('Line 9: it was changed after it was written.');
  });
});

test('markup escapes every value that is not markup itself', () => {
  expect(html`<a title="${`"<&>'`}">${[html`<b>${1}</b>`, null, undefined, '\u0007']}</a>`.text).toBe(
    '<a title="&quot;&lt;&amp;&gt;&#39;"><b>1</b>\uFFFD</a>',
  );
});

describe('the chart of a watch', () => {
  const { watch } =
    logOf()
      .stages.flatMap(({ steps }) => steps)
      .find(({ name }) => name === 'watch') ?? {};
  if (watch === undefined || watch === null) throw new Error('The example has no watch.');
  const points = (svg: string) =>
    [...svg.matchAll(/points="([^"]*)"/g)].map(([, list = '']) => list.split(' ').map((point) => point.split(',').map(Number)));

  test('has its limits as lines with words, each at its height', () => {
    const svg = chart(watch, 'p95_ms').text;
    const lines = [...svg.matchAll(/class="limit (\w+)"[\s\S]*?y1="([\d.]+)"/g)].map(([, cell, y]) => [cell, Number(y)]);
    // The axis goes from 0 at 150 to 300 at 20.
    expect(lines).toEqual([
      ['hold', 72],
      ['roll_back', 46],
    ]);
    expect(svg).toContain('hold &gt; 1.5x baseline = 180');
    expect(svg).toContain('roll back &gt; 2x baseline = 240');
  });

  test('has a gap and a cross where a sample is missing, and letters where limits were broken', () => {
    const svg = chart(watch, 'p95_ms').text;
    expect(points(svg).map((list) => list.length)).toEqual([25, 12]);
    expect(svg.match(/×/g)).toHaveLength(1);
    expect([...svg.matchAll(/font-weight="bold"\s*>\s*([HR?])/g)].map(([, letter]) => letter)).toEqual(['H', '?']);
    expect(chart(watch, 'error_rate').text).toMatch(/font-weight="bold"\s*>\s*R/);
  });

  test('shows percent where the table speaks of it', () => {
    expect(chart(watch, 'error_rate').text).toContain('3%');
    expect(chart(watch, 'p95_ms').text).not.toContain('%');
  });

  test('is drawn inside its frame, also without samples, with one, with none that has a value, and with very many', () => {
    const withSamples = (values: readonly (number | null)[]): LogWatch => ({
      ...watch,
      verdicts: [],
      samples: values.map((p95_ms, index) => ({
        at: new Date(Date.parse('2026-11-21T10:00:00Z') + index * 1_000).toISOString(),
        metrics: p95_ms === null ? null : { p95_ms },
        reason: '',
      })),
    });
    for (const values of [[], [5], [null, null], [0, 0], [-3, 3], [1e9, 1e-9]]) {
      const svg = chart(withSamples(values), 'p95_ms').text;
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
      for (const [x = 0, y = 0] of points(svg).flat()) expect([x >= 46 && x <= 352, y >= 20 && y <= 150]).toEqual([true, true]);
    }
    const many = Array.from({ length: 200_000 }, (_, index) => (index === 77_777 ? 9_000 : 100 + (index % 7)));
    const drawn = points(chart(withSamples(many), 'p95_ms').text).flat();
    expect(drawn.length).toBeLessThan(1_000);
    // The one that matters is not averaged away.
    expect(Math.min(...drawn.map(([, y = 0]) => y))).toBeLessThan(40);
  });
});

describe('the report as Markdown', () => {
  const parse = (text: string) => fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
  const shapeOf = (text: string) => {
    const counts: Record<string, number> = {};
    visit(parse(text), ({ type }) => {
      counts[type] = (counts[type] ?? 0) + 1;
    });
    const { heading = 0, table = 0, tableRow = 0, tableCell = 0, code = 0 } = counts;
    return { counts, shape: { heading, table, tableRow, tableCell, code } };
  };

  test('says the same as the page, in tables', () => {
    const text = toString(parse(markdownReport(logOf())));
    for (const part of [
      'Deploy to Kubernetes, rolling: ↩ rolled back',
      'Approved by Grace Hopper as release manager',
      'Attempt 1: ✗ failed, the exit status is 1: Unable to connect to the server: <EOF>.',
      'Undone 2026-11-21 10:17:54 UTC.',
      'p95_ms is 196 (> 1.5x baseline: 180)',
      '96 records, each following from the one before',
    ])
      expect(text).toContain(part);
    expect(text).not.toContain('correct horse battery');
  });

  test('says first that the journal does not verify', () => {
    expect(markdownReport(logOf({ damage })).split('\n\n')[1]).toBe(
      '**The journal does not verify.** Line 9: it was changed after it was written.',
    );
  });

  test.each([
    ['HTML', ' <script>x</script> <!-- c -->'],
    ['bars and line ends', ' | a\n\n# heading\n- item\n1. one\n> quote\n---\n'],
    ['emphasis, code and links', ' *a* _b_ ~~c~~ `d` [e](javascript:x) ![f](g) \\'],
    ['fences', '\n```\n````\n~~~\n'],
  ])('is not changed in its shape by %s in what people and programs wrote', (_what, with_) => {
    const { shape, counts } = shapeOf(markdownReport(hostile(with_)));
    expect(shape).toEqual(shapeOf(markdownReport(hostile(' x'))).shape);
    for (const type of ['html', 'link', 'image', 'blockquote', 'list', 'thematicBreak', 'delete'])
      expect([type, counts[type]]).toEqual([type, undefined]);
  });
});
