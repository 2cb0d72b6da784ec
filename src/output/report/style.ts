/** The style sheet of a report: light, dark and print. @module */

const LIGHT = `
  --page: #fbfbfa; --card: #ffffff; --ink: #1d2430; --soft: #566072; --line: #dfe3e8; --faint: #eef0f3;
  --accent: #0b62c4; --good: #1769c4; --bad: #c2410c; --mute: #8a93a3; --warn: #8a5a00; --warn-page: #fff6e0;
  --on-fill: #ffffff; --label-l: 0.56; --label-c: 0.15; --label-step: 0.09;
  --reason-low_confidence: #7a86c9; --reason-knn_disagrees: #3f9c9c; --reason-open_set: #c77f2a; --reason-hierarchy: #a3569b; --reason-unlike_reference: #c2586a; --reason-no_counts: #6b7280;
  color-scheme: light;`;
const DARK = `
  --page: #12161c; --card: #191f27; --ink: #e7ebf1; --soft: #a3adbc; --line: #303946; --faint: #222a34;
  --accent: #78b4ff; --good: #62a8ff; --bad: #ff9055; --mute: #7d8898; --warn: #f0c469; --warn-page: #2c2412;
  --on-fill: #0d1116; --label-l: 0.66; --label-c: 0.14; --label-step: 0.08;
  --reason-low_confidence: #97a3ec; --reason-knn_disagrees: #57bcbc; --reason-open_set: #e5a04e; --reason-hierarchy: #cd83c6; --reason-unlike_reference: #ef8b9a; --reason-no_counts: #9aa3af;
  color-scheme: dark;`;

export const STYLE = `
:root {${LIGHT}}
@media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) {${DARK}} }
:root[data-theme="dark"] {${DARK}}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--page); color: var(--ink); line-height: 1.5;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main, header, footer { max-width: 70rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.25rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.015em; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 2.6rem 0 .3rem; letter-spacing: -.01em; overflow-wrap: anywhere; }
h3 { font-size: 1.02rem; margin: 1.5rem 0 .3rem; overflow-wrap: anywhere; }
p { margin: .3rem 0 .9rem; max-width: 48rem; overflow-wrap: anywhere; }
.lead { font-size: 1.06rem; color: var(--soft); }
.note { color: var(--soft); }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: 1rem; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; padding: .55rem 0; margin: 1.1rem 0 0;
  border-block: 1px solid var(--line); }
nav a { text-decoration: none; } nav a:hover { text-decoration: underline; }
button, select, input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px;
  padding: .2rem .6rem; cursor: pointer; }
input { cursor: text; width: 11rem; }
button:hover, select:hover, input:hover { border-color: var(--mute); }
[hidden] { display: none !important; }
.theme { float: right; margin-left: 1rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.15rem; margin: .8rem 0;
  overflow-x: auto; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .7rem; margin: 1.2rem 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .75rem 1rem; }
.tile b { display: block; font-size: 1.65rem; line-height: 1.25; font-weight: 620; letter-spacing: -.02em; }
.tile span { color: var(--soft); font-size: .88rem; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: .9rem; }
.grid .card { margin: 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .93rem; }
caption { text-align: left; color: var(--soft); padding-bottom: .35rem; }
th, td { text-align: left; padding: .34rem .7rem .34rem 0; border-bottom: 1px solid var(--faint); vertical-align: top; }
thead th { color: var(--soft); font-weight: 550; border-bottom-color: var(--line); vertical-align: bottom; }
tbody th { font-weight: 500; overflow-wrap: anywhere; min-width: 6.5rem; }
td.n, th.n { text-align: right; padding-right: .8rem; } td.n { white-space: nowrap; }
td.best { font-weight: 680; }
td.bar { min-width: 4.5rem; }
.bar i { display: block; height: .5rem; margin-top: .48rem; border-radius: 2px; background: var(--good); min-width: 1px; }
code, .code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .86em; overflow-wrap: anywhere; }
pre { background: var(--faint); border-radius: 6px; padding: .6rem .8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.warning { background: var(--warn-page); border-left: 3px solid var(--warn); border-radius: 4px; padding: .55rem .9rem; margin: .6rem 0; }
.warning p { margin: 0; }
details { margin: .5rem 0; } summary { cursor: pointer; color: var(--accent); width: fit-content; }
details.method { border: 1px solid var(--line); border-radius: 10px; padding: .7rem 1rem; }
details.method > summary { font-size: 1.1rem; font-weight: 600; color: inherit; }
.key { display: flex; flex-wrap: wrap; gap: .15rem 1rem; list-style: none; margin: .5rem 0 0; padding: 0; font-size: .9rem; }
.key li { display: inline-flex; align-items: center; gap: .4rem; }
.swatch { width: .78rem; height: .78rem; border-radius: 3px; flex: none; }
svg { display: block; max-width: 100%; height: auto; margin-inline: auto; }
.card > svg { min-width: 34rem; } .grid svg { min-width: 0; }
.facts th { width: 15rem; }
svg text { fill: var(--ink); font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; font-variant-numeric: tabular-nums; }
svg .soft { fill: var(--soft); } svg .tiny { font-size: 10.5px; }
svg .axis { stroke: var(--mute); stroke-width: 1; fill: none; } svg .rule { stroke: var(--line); stroke-width: 1; }
svg .diagonal { stroke: var(--mute); stroke-dasharray: 4 4; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 1.1rem; }
.plots figure { margin: 0; } figure { margin: 0; } figcaption { font-weight: 550; margin-bottom: .3rem; }
.map { position: relative; border-radius: 8px; }
.plots canvas { width: 100%; aspect-ratio: 1; display: block; touch-action: pan-y; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.toolbar { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; margin: .6rem 0; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem; margin: .6rem 0 0; padding: 0; list-style: none; }
.legend button { display: inline-flex; align-items: center; gap: .4rem; font-size: .86rem; padding: .12rem .5rem; }
.legend button[aria-pressed="true"] { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
.legend span { color: var(--soft); }
thead th { position: relative; } td.wide, table:not(.facts) td:last-child:not(.n) { min-width: 13rem; } tbody th { min-width: 10.5rem; }
.scroll { max-height: 36rem; overflow: auto; } .scroll tbody th { min-width: 0; white-space: nowrap; } .scroll table { font-size: .86rem; }
.group { display: inline-flex; gap: .25rem; }
.tools { display: flex; flex-wrap: wrap; gap: .4rem; justify-content: flex-end; align-items: center; margin: 0 0 .35rem; font-size: .82rem; color: var(--soft); }
.tools button, .tools select { padding: .02rem .45rem; }
.sort { all: unset; cursor: pointer; }
.sort:hover { text-decoration: underline; } .sort:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.sort::after { content: "↕"; position: absolute; margin-left: .15em; font-size: .8em; color: var(--line); } th:hover > .sort::after { color: var(--mute); }
[aria-sort="ascending"] > .sort::after { content: "↑"; color: var(--accent); } [aria-sort="descending"] > .sort::after { content: "↓"; color: var(--accent); }
.ramp { display: inline-block; width: 9rem; height: .7rem; border-radius: 3px; vertical-align: middle; }
output { color: var(--soft); min-height: 1.5em; display: block; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
footer { color: var(--soft); padding-block: 2.5rem; font-size: .9rem; }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print {
  :root, :root[data-theme="dark"], :root:not([data-theme="light"]) {${LIGHT} --page: #fff; }
  @page { margin: 12mm; }
  body { font-size: 9.5pt; line-height: 1.35; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  nav, .theme, .toolbar, .tools, .skip, output, [data-scripted], .sort::after, details:not([open]) { display: none !important; }
  main, header, footer { max-width: none; padding-inline: 0; } header { padding-top: 0; } footer { padding-block: 1rem 0; }
  h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 1.1rem; } p { max-width: none; margin-bottom: .4rem; }
  h2, h3, figcaption, caption { break-after: avoid; } .tile, figcaption, tr, svg, canvas { break-inside: avoid; }
  .card { overflow: visible; max-height: none; padding: .5rem .7rem; margin: .4rem 0; } .tile { padding: .4rem .6rem; } .tiles { margin: .6rem 0; }
  .plots { grid-template-columns: repeat(4, 1fr); gap: .6rem; } .plots:has(figure:nth-child(2):last-child) { grid-template-columns: 1fr 1fr; }
  .legend { gap: .1rem .3rem; } .legend button { border: 0; padding: 0 .2rem 0 0; font-size: .62rem; gap: .2rem; } .swatch { width: .6rem; height: .6rem; }
  .key { font-size: .7rem; } .key.note { white-space: nowrap; } .ramp { width: 5rem; } [data-copied] { font-size: .7rem; line-height: 1.3; } .legend [aria-pressed="true"] { box-shadow: none; font-weight: 700; }
  summary { color: inherit; break-after: avoid; } table, .scroll table { font-size: .63rem; line-height: 1.25; } td, th { padding: .07rem .4rem .07rem 0; } td.n, th.n { padding-right: .5rem; }
  td.bar { min-width: 2.5rem; } .bar i { height: .35rem; margin-top: .25rem; } tbody th { min-width: 11rem; } .scroll tbody th { white-space: normal; min-width: 6rem; } td.wide, table:not(.facts) td:last-child:not(.n) { min-width: 12rem; }
  table.long tbody tr:nth-child(n+16), table.longer tbody tr:nth-child(n+61) { display: none; }
  table.long:has(tbody tr:nth-child(16))::after, table.longer:has(tbody tr:nth-child(61))::after { content: "The first rows; the file has all."; display: table-caption; caption-side: bottom; }
  pre { font-size: .63rem; padding: .3rem .5rem; }
  .card > svg, .grid svg { min-width: 0; max-height: 150mm; } .grid { grid-template-columns: repeat(3, 1fr); } a { color: inherit; text-decoration: none; }
}
`;
