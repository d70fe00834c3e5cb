/** How the report looks: light and dark, on paper, on a phone. No font, picture or style is fetched. */

import { Markup } from './markup.ts';

export const style = new Markup(`
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b2430; --soft: #5b6675; --line: #dde2e8; --shade: #f5f7f9;
  --good: #12703c; --bad: #b3261e; --warn: #8a5a00; --blue: #1d5fa8; }
@media (prefers-color-scheme: dark) { :root { --paper: #12161c; --ink: #e4e9ef; --soft: #9aa6b4; --line: #2b333e; --shade: #1a2029;
  --good: #5fce8f; --bad: #ff8a80; --warn: #f0bd5b; --blue: #7db4f2; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .25rem; letter-spacing: -.01em; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.25rem 0 .5rem; }
p { margin: .4rem 0; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: .85em; }
pre { margin: .4rem 0; padding: .7rem .9rem; background: var(--shade); border: 1px solid var(--line); border-radius: 6px; overflow-x: auto;
  white-space: pre-wrap; }
.lead { color: var(--soft); margin: 0 0 1.25rem; }
.badge { display: inline-block; padding: .1rem .7rem; border-radius: 1rem; border: 1.5px solid; font-weight: 600; font-size: .95rem; margin-bottom: .6rem; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); } .quiet { color: var(--soft); }
.note { border: 1px solid var(--line); border-left: 4px solid currentColor; border-radius: 6px; padding: .6rem .9rem; margin: .75rem 0; background: var(--shade); }
.note > * { color: var(--ink); } .note b:first-child { color: inherit; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.25rem; margin: 1rem 0; }
dt { color: var(--soft); } dd { margin: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; overflow-wrap: break-word; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); }
td:first-child, td:nth-child(2):not(:last-child) { min-width: 5.5rem; }
th { color: var(--soft); font-weight: 500; }
ol.steps { list-style: none; margin: 0; padding: 0; }
ol.steps > li { padding: .65rem 0; border-bottom: 1px solid var(--line); break-inside: avoid; }
.row { display: grid; grid-template-columns: 1.4rem minmax(0, 1fr) auto; gap: 0 .5rem; align-items: baseline; }
.mark { font-weight: 700; text-align: center; }
.name { font-weight: 600; }
.times { color: var(--soft); font-variant-numeric: tabular-nums; font-size: .9rem; text-align: right; }
.tag { color: var(--soft); font-weight: 400; font-size: .85rem; }
.body { margin-left: 1.9rem; font-size: .94rem; }
.span { margin: .35rem 0 0 1.9rem; height: 4px; border-radius: 2px; background: var(--line); }
.span i { display: block; height: 100%; min-width: 3px; border-radius: 2px; background: var(--blue); }
details { margin: .35rem 0; } summary { cursor: pointer; color: var(--blue); font-size: .9rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1.25rem; margin: .75rem 0; }
figure { margin: 0; break-inside: avoid; } figcaption { font-weight: 600; font-size: .92rem; }
svg { display: block; width: 100%; height: auto; color: var(--ink); }
svg .value { color: var(--blue); } svg .band.hold, svg .limit.hold, svg .band.inconclusive { color: var(--warn); fill: currentColor; }
svg .band.roll_back, svg .limit.roll_back { color: var(--bad); fill: currentColor; }
svg polyline.value { fill: none; }
svg .limit-text { paint-order: stroke; stroke: var(--paper); stroke-width: 3px; }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
@media (max-width: 34rem) { body { padding: 1.25rem .9rem 3rem; } h1 { font-size: 1.5rem; } dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; }
  .row { grid-template-columns: 1.4rem minmax(0, 1fr); } .times { grid-column: 2; text-align: left; } }
@media print { :root { --paper: #fff; --ink: #000; --soft: #444; --line: #bbb; --shade: #fff; --good: #000; --bad: #000; --warn: #000; --blue: #000; }
  body { max-width: none; padding: 0; font-size: 10.5pt; } h2 { break-after: avoid; } pre { max-height: none; } }
`);
