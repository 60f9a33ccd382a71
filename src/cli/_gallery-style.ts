/** The style sheet of the gallery's page. */

/** Plain CSS; light and dark follow the reader's system until the page's own switch says otherwise. */
export const galleryStyle = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f6f5f2, #14161a);
  --card: light-dark(#ffffff, #1d2026);
  --line: light-dark(#dedbd3, #32363f);
  --ink: light-dark(#1c1b19, #eceae5);
  --soft: light-dark(#68645c, #a3a09a);
  --accent: light-dark(#0b6b64, #5fd0c5);
  --accent-ground: light-dark(#dff1ef, #173a38);
  --radius: 12px;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
:root[data-theme="light"] { color-scheme: light; }
:root[data-theme="dark"] { color-scheme: dark; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { scroll-padding-top: 8.5rem; }
body { margin: 0; background: var(--ground); color: var(--ink); }
.page { max-width: 100rem; margin: 0 auto; padding: 0 clamp(0.75rem, 3vw, 2.5rem) 4rem; }
header { padding: clamp(1.25rem, 4vw, 3rem) 0 1rem; }
h1 { margin: 0; font-size: clamp(1.6rem, 4.4vw, 2.6rem); line-height: 1.15; letter-spacing: -0.02em; }
header p { margin: 0.5rem 0 0; max-width: 46rem; color: var(--soft); }
.bar {
  position: sticky; top: 0; z-index: 2; display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center;
  padding: 0.65rem 0; background: color-mix(in srgb, var(--ground) 92%, transparent);
  backdrop-filter: blur(10px); border-bottom: 1px solid var(--line);
}
.bar input[type="search"] {
  flex: 1 1 12rem; min-width: 0; padding: 0.5rem 0.8rem; font: inherit; color: inherit;
  background: var(--card); border: 1px solid var(--line); border-radius: 999px;
}
button { font: inherit; color: inherit; cursor: pointer; }
.chips { display: flex; gap: 0.35rem; overflow-x: auto; flex: 1 1 100%; scrollbar-width: none; padding: 2px; }
.chips::-webkit-scrollbar { display: none; }
.chip, .switch {
  flex: none; padding: 0.35rem 0.8rem; font-size: 0.9rem; white-space: nowrap;
  background: var(--card); border: 1px solid var(--line); border-radius: 999px;
}
.chip span { color: var(--soft); font-variant-numeric: tabular-nums; margin-left: 0.25rem; }
[aria-pressed="true"] { background: var(--accent-ground); border-color: var(--accent); color: var(--accent); }
[aria-pressed="true"] span { color: inherit; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
h2 { margin: 2.2rem 0 0.9rem; font-size: 1.15rem; letter-spacing: -0.01em; }
h2 small { font-weight: 400; color: var(--soft); margin-left: 0.4rem; font-variant-numeric: tabular-nums; }
.grid { display: grid; gap: clamp(0.6rem, 1.5vw, 1.1rem); grid-template-columns: repeat(auto-fill, minmax(min(13.5rem, 46%), 1fr)); }
.card {
  display: flex; flex-direction: column; padding: 0; text-align: left; min-width: 0; overflow: hidden;
  background: var(--card); border: 1px solid var(--line); border-radius: var(--radius);
}
.card:hover { border-color: var(--accent); }
.view {
  position: relative; display: block; width: 100%; aspect-ratio: 4 / 3; overflow: hidden;
  background: light-dark(#ece9e2, #0d0e11);
}
.view > * { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; }
.view .before { opacity: 0; background: var(--before) center / contain no-repeat; }
.card .view .after, .card .view .before, .card .view svg { transition: opacity 120ms; }
.peek .view .before { opacity: 1; }
.peek .view .after, .peek .view .overlay, .peek .view .mask { opacity: 0; }
.view .mask { opacity: 0.45; image-rendering: pixelated; }
.overlay { overflow: visible; pointer-events: none; }
.overlay rect, .overlay polygon, .overlay path { fill: none; stroke-width: 1.6; vector-effect: non-scaling-stroke; }
.overlay .box { stroke: #ffe14d; }
.overlay .path { stroke: #4de3ff; stroke-dasharray: 4 3; }
.overlay .point { fill: #ff3d8b; stroke: #fff; stroke-width: 1; vector-effect: non-scaling-stroke; }
.overlay .point.hidden { fill: none; stroke: #ff3d8b; }
.no-targets .overlay, .no-masks .mask, .card .still { display: none; }
.name { display: block; padding: 0.55rem 0.75rem 0; font-weight: 600; font-size: 0.95rem; overflow-wrap: anywhere; }
.what {
  display: block; padding: 0.1rem 0.75rem 0.65rem; color: var(--soft); font: 0.78rem/1.4 ui-monospace, SFMono-Regular, Menlo, monospace;
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-height: 1.9em;
}
.view.text { display: block; padding: 0.8rem; font-size: 0.86rem; line-height: 1.45; overflow: auto; }
.view.text > * { position: static; }
.view.text .before { opacity: 1; background: none; }
.view.text ins { background: var(--accent-ground); color: var(--accent); border-radius: 3px; text-decoration: none; }
.view.text del { color: var(--soft); }
.view.wave path { fill: none; stroke: var(--accent); stroke-width: 1.2; vector-effect: non-scaling-stroke; }
.view.wave .before path { stroke: var(--soft); }
.view.wave .before { background: none; }
.empty { padding: 3rem 0; color: var(--soft); }
dialog {
  width: min(72rem, 100vw - 1.5rem); max-height: calc(100dvh - 1.5rem); padding: 0; border: 1px solid var(--line);
  border-radius: 16px; background: var(--card); color: var(--ink); overflow: auto;
}
dialog::backdrop { background: rgb(0 0 0 / 0.6); backdrop-filter: blur(2px); }
.sheet { padding: clamp(0.9rem, 2.5vw, 1.6rem); }
.top { display: flex; gap: 0.5rem; align-items: center; margin-bottom: 0.9rem; }
.top h3 { margin: 0; flex: 1; font-size: 1.3rem; overflow-wrap: anywhere; }
.round { width: 2.4rem; height: 2.4rem; padding: 0; border-radius: 50%; background: var(--card); border: 1px solid var(--line); line-height: 1; }
.pair { display: grid; gap: 0.9rem; grid-template-columns: repeat(auto-fit, minmax(min(16rem, 100%), 1fr)); }
figure { margin: 0; }
figure .view { border-radius: var(--radius); }
figure.was .view .before { opacity: 1; }
figcaption { margin-top: 0.3rem; font-size: 0.85rem; color: var(--soft); }
.code { position: relative; margin-top: 0.9rem; }
.code h4 { margin: 0 0 0.3rem; font-size: 0.85rem; color: var(--soft); font-weight: 500; }
pre {
  margin: 0; padding: 0.8rem 1rem; max-height: 16rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere;
  background: var(--ground); border: 1px solid var(--line); border-radius: var(--radius);
  font: 0.82rem/1.5 ui-monospace, SFMono-Regular, Menlo, monospace;
}
.copy { position: absolute; right: 0.5rem; bottom: 0.5rem; padding: 0.25rem 0.8rem; font-size: 0.85rem; border: 1px solid var(--line); border-radius: 999px; background: var(--card); }
footer { margin-top: 3rem; color: var(--soft); font-size: 0.9rem; }
@media (hover: none) { .keys { display: none; } }
@media (max-width: 30rem) {
  .what { display: none; }
  .name { padding-bottom: 0.55rem; font-size: 0.88rem; }
  .switch { flex: 1; }
  .bar input[type="search"] { flex-basis: 100%; }
}
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
@media print { .bar { display: none; } }
`;
