/** The look of a certificate: one style sheet for light, dark, phones and paper. */

/** CSS of the page. */
export const pageStyle: string = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #1d1b18; --soft: #655f57; --line: #e4dfd6; --track: #efebe3;
  --kept: #2f7d5b; --removed: #c9822b; --aside: #b3433c; --accent: #35578f; --bar: #8fa6c9; --mark: #f8e3bd;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14161a; --card: #1b1e24; --ink: #ebe8e2; --soft: #a09a90; --line: #2d323b; --track: #262a32;
    --kept: #58b98c; --removed: #e0a355; --aside: #e5776f; --accent: #8fb2ee; --bar: #56709c; --mark: #5a4423;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
main { max-width: 62rem; margin: 0 auto; padding: clamp(1.25rem, 4vw, 3rem) clamp(1rem, 4vw, 2.5rem) 4rem; }
h1, h2, h3, p, figure, dl, dd, ul { margin: 0; padding: 0; }
h1 { font-size: clamp(1.6rem, 1.2rem + 2vw, 2.4rem); line-height: 1.15; letter-spacing: -0.02em; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; letter-spacing: -0.01em; margin: 3rem 0 0.25rem; }
h2 + .note { margin-bottom: 1rem; }
h3 { font-size: 1rem; }
.eyebrow { color: var(--soft); font-size: 0.8rem; letter-spacing: 0.08em; text-transform: uppercase; margin-bottom: 0.4rem; }
.note, .small { color: var(--soft); font-size: 0.875rem; }
.verdict {
  display: inline-flex; gap: 0.5rem; align-items: center; margin-top: 1rem; padding: 0.3rem 0.85rem; border-radius: 2rem;
  border: 1.5px solid currentColor; font-weight: 600; font-size: 0.95rem;
}
.good { color: var(--kept); } .bad { color: var(--aside); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 1.25rem 2rem; margin: 2rem 0 1.25rem; }
.figures dt { color: var(--soft); font-size: 0.85rem; }
.figures dd { font-size: 1.7rem; line-height: 1.2; font-weight: 600; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.figures dd small { display: block; font-size: 0.85rem; font-weight: 400; color: var(--soft); letter-spacing: 0; }
.whole { display: flex; height: 1rem; border-radius: 0.5rem; overflow: hidden; gap: 2px; background: var(--track); }
.whole span { min-width: 2px; }
.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin-top: 0.6rem; font-size: 0.875rem; color: var(--soft); }
.legend i { display: inline-block; width: 0.7rem; height: 0.7rem; border-radius: 2px; margin-right: 0.4rem; }
.k { background: var(--kept); } .r { background: var(--removed); } .q { background: var(--aside); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 0.75rem; padding: 1rem 1.15rem; }
.card + .card { margin-top: 0.75rem; }
.stage header { display: flex; flex-wrap: wrap; gap: 0 1rem; justify-content: space-between; align-items: baseline; }
.stage ul { list-style: none; margin-top: 0.6rem; }
.stage li { display: grid; grid-template-columns: minmax(0, 1fr) 8rem 4.5rem 4rem; gap: 0 1rem; align-items: baseline; padding: 0.25rem 0; }
.stage li .track { align-self: center; } .stage li .count { text-align: right; }
.stage li code { margin-right: 0.4rem; }
.count { font-variant-numeric: tabular-nums; white-space: nowrap; }
.track { height: 0.5rem; border-radius: 0.25rem; background: var(--track); overflow: hidden; }
.track b { display: block; height: 100%; border-radius: 0.25rem; min-width: 2px; }
code, .mono { font: 0.85em/1.5 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
details { margin-top: 0.6rem; } summary { cursor: pointer; color: var(--accent); font-size: 0.875rem; }
summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
pre { margin: 0.5rem 0 0; padding: 0.75rem; background: var(--track); border-radius: 0.5rem; overflow-x: auto; font: 0.8rem/1.5 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); gap: 0.75rem 1.5rem; margin-top: 0.6rem; }
blockquote { margin: 0.2rem 0 0; padding-left: 0.8rem; border-left: 3px solid var(--line); overflow-wrap: anywhere; white-space: pre-wrap; unicode-bidi: isolate; font-size: 0.9rem; }
blockquote.gone { border-color: var(--removed); } blockquote.stays { border-color: var(--kept); } blockquote.aside { border-color: var(--aside); }
blockquote img { display: block; max-width: 100%; height: 6rem; object-fit: contain; object-position: left; border-radius: 0.35rem; margin: 0.25rem 0 0.4rem; }
mark { background: var(--mark); color: inherit; border-radius: 0.2rem; padding: 0 0.15em; }
.more > .card { margin-top: 0.75rem; }
.classes { list-style: none; margin-top: 0.6rem; }
.classes li { display: grid; grid-template-columns: minmax(0, 5fr) minmax(3rem, 4fr) 3.6rem; gap: 0.75rem; align-items: center; padding: 0.1rem 0; font-size: 0.875rem; }
.classes bdi { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; } .classes .count { text-align: right; }
.classes .track b { background: var(--bar); }
.columns { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); gap: 0.75rem; }
.columns .card { margin: 0; } .columns svg { display: block; width: 100%; height: 3rem; margin: 0.5rem 0 0.15rem; }
svg rect { fill: var(--bar); }
.ends { display: flex; justify-content: space-between; gap: 0.5rem; font-size: 0.75rem; color: var(--soft); font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
th { text-align: left; font-weight: 500; color: var(--soft); } th, td { padding: 0.45rem 1rem 0.45rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td code { white-space: nowrap; } .mono .small { font-size: 1em; }
tr > :last-child { padding-right: 0; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
footer { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
@media (max-width: 34rem) {
  th, td { padding-right: 0.6rem; }
  .stage li { grid-template-columns: minmax(0, 1fr) auto; padding: 0.4rem 0; }
  .stage li > span:first-child { grid-row: 1 / 3; } .stage li code { display: block; }
  .stage li .track { grid-column: 1 / -1; grid-row: 3; margin-top: 0.2rem; }
}
@media print { body { background: none; } .card { break-inside: avoid; } details > * { display: block; } }
`;
