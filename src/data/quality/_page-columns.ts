/** The columns of a profile as cards: a histogram for numbers, bars for classes, a sentence where all is the same. */

import { escapeHtml as text } from "../../base/html.ts";
import type { ColumnProfile, NumberProfile, Profile } from "../source/profile.ts";
import type { Cell } from "../table.ts";
import { countText, numberText, percentText } from "./_page-text.ts";

/** Cards that a page shows; the rest is in the record for machines. */
const mostCards = 60;
/** A column with at most this many values is shown value by value. */
const mostClasses = 12;
/** Classes that a card shows. */
const shownClasses = 6;
/** Characters of a value that a card shows. */
const longestValue = 40;
/** Up to here the number of different values is exact. */
const exactDistinct = 1024;

/** The part of the page about columns; empty without a profile. */
export function columnsPart(profile: Profile | null): string {
  if (profile === null || profile.columns.length === 0) return "";
  const rest = profile.columns.length - mostCards;
  return `<h2>Columns</h2><p class="note">Of the rows that could be read, before anything was removed.</p>
<div class="columns">${profile.columns.slice(0, mostCards).map(card).join("\n")}</div>
${rest > 0 ? `<p class="note">and ${countText(rest)} more, in certificate.json</p>` : ""}`;
}

function card(column: ColumnProfile): string {
  const { name, type, count, nulls, notFinite, distinct } = column;
  const facts = [
    `${countText(count)} ${count === 1 ? "value" : "values"}`,
    distinct > exactDistinct
      ? `about ${countText(Number(distinct.toPrecision(3)))} different`
      : `${countText(distinct)} different`,
    ...(nulls === 0 ? [] : [`${countText(nulls)} null`]),
    ...(notFinite === 0 ? [] : [`${countText(notFinite)} not finite`]),
  ];
  return `<div class="card"><h3><bdi>${text(name)}</bdi> <span class="small">${text(type)}</span></h3>
<p class="small">${facts.join(", ")}</p>${count === 0 ? "" : chart(column)}</div>`;
}

function chart(column: ColumnProfile): string {
  const { type, count, distinct, top, numbers, lengths } = column;
  const isContinuous = type === "float32" || type === "float64" || type === "float16" || type === "timestamp";
  const [first] = top;
  if (distinct === 1 && first !== undefined)
    return `<p class="small">always <bdi>${valueText(first.value, type)}</bdi></p>`;
  if (distinct <= mostClasses && (first?.count ?? 0) > 1 && !(isContinuous && distinct > 2)) return classes(column);
  const spread = numbers ?? lengths;
  if (spread === undefined) return "";
  const show = type === "timestamp" ? dateText : numberText;
  const unit = numbers !== undefined ? "" : type === "string" ? "characters" : type === "json" ? "elements" : "bytes";
  if (spread.min === spread.max) return `<p class="small">always ${[show(spread.min), unit].join(" ").trim()}</p>`;
  const common =
    first === undefined || numbers !== undefined || first.count < Math.max(2, count / 100)
      ? ""
      : `<p class="small">most often <bdi>${valueText(first.value, type)}</bdi>, ${countText(first.count)} times</p>`;
  return common + histogram(spread, show, unit);
}

/** Values that stand for classes, each with its share. */
function classes({ type, count, distinct, top }: ColumnProfile): string {
  const most = Math.max(...top.map((each) => each.count));
  const rows = top.slice(0, shownClasses).map(
    (each) =>
      `<li><bdi>${valueText(each.value, type)}</bdi><span class="track"><b style="width:${((100 * each.count) / most).toFixed(1)}%"></b></span>
<span class="count small">${percentText(each.count, count)}</span></li>`,
  );
  const rest = distinct - rows.length;
  return `<ul class="classes">${rows.join("\n")}</ul>${rest > 0 ? `<p class="small">and ${rest} more</p>` : ""}`;
}

function histogram(
  { histogram: { counts }, min, max, mean }: NumberProfile,
  show: (value: number) => string,
  unit: string,
): string {
  const most = Math.max(1, ...counts);
  const bars = counts.map((count, i) => {
    const height = count === 0 ? 0 : Math.max(1.5, (40 * count) / most);
    return `<rect x="${(i * 100) / counts.length}" y="${40 - height}" width="${100 / counts.length - 0.4}" height="${height}"/>`;
  });
  const middle = `mean ${show(mean)}${unit === "" ? "" : ` ${unit}`}`;
  return `<svg viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label="${text(`histogram from ${show(min)} to ${show(max)}, ${middle}`)}">${bars.join("")}</svg>
<p class="ends"><span>${show(min)}</span><span>${middle}</span><span>${show(max)}</span></p>`;
}

function valueText(value: Cell, type: ColumnProfile["type"]): string {
  if (type === "bool") return value ? "true" : "false";
  if (typeof value === "number") return type === "timestamp" ? dateText(value) : numberText(value);
  const whole = String(value);
  if (whole === "") return "<i>(empty)</i>";
  return text(whole.length > longestValue ? `${whole.slice(0, longestValue)}…` : whole);
}

/** `2024-05-31`: a card has no room for the time of day. */
function dateText(timeMs: number): string {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? numberText(timeMs) : date.toISOString().slice(0, 10);
}
