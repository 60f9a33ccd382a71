/** What `cameo data inspect` prints for people: columns with small histograms, and example rows. */

import type { ColumnProfile, NumberProfile, Profile } from "../data/source/profile.ts";
import type { Cell, Field } from "../data/table.ts";
import { columns, oneLine } from "./_finding.ts";
import { compact, count } from "./_format.ts";
import type { Style } from "./_style.ts";

/** Up to here the number of distinct values is exact. */
const exactDistinct = 1024;
/** Width of a terminal [characters]. */
const lineWidth = 80;

const bars = " ▁▂▃▄▅▆▇█";

/** Counts as a row of bars; what is not empty is seen. */
export function histogramBars(counts: readonly number[]): string {
  const most = Math.max(...counts);
  return counts
    .map((value) => bars[value === 0 ? 0 : Math.max(1, Math.round((value / most) * (bars.length - 1)))])
    .join("");
}

/** A number with as many digits as tell something. */
export function shortNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return count(value);
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-3
    ? value.toExponential(2)
    : value.toLocaleString("en", { maximumSignificantDigits: 4 });
}

/** The lines of the table of columns: two for each, the second with what its values are like. */
export function columnLines(profile: Profile, style: Style): string[] {
  const heads = columns(
    profile.columns.map((column) => [
      column.name,
      column.type,
      column.nulls === 0 ? "" : `${percent(column.nulls, column.nulls + column.count)} null`,
      `${column.distinct > exactDistinct ? `~${compact(column.distinct)}` : count(column.distinct)} distinct`,
      column.notFinite === 0 ? "" : `${count(column.notFinite)} not finite`,
    ]),
  );
  const width = Math.max(0, ...profile.columns.map(({ name }) => name.length));
  return profile.columns.flatMap((column, i) => {
    const { name } = column;
    const head = heads[i] as string;
    const rest = details(column, style, lineWidth - width - 4).map((line) => `  ${" ".repeat(width)}  ${line}`);
    return [`  ${style.bold(name)}${head.slice(name.length)}`, ...rest];
  });
}

function details(column: ColumnProfile, style: Style, most: number): string[] {
  const { type, numbers, lengths, top } = column;
  const showTime = type === "timestamp" ? timeText : shortNumber;
  const lines: string[] = [];
  if (numbers !== undefined && type !== "bool") lines.push(spread(numbers, showTime, style, type === "timestamp"));
  if (lengths !== undefined) {
    const unit = type === "string" ? "length" : type === "bytes" || type === "image" ? "bytes" : "elements";
    lines.push(`${unit} ${spread(lengths, shortNumber, style, false)}`);
  }
  const isTold =
    column.distinct > 1 &&
    (top[0]?.count ?? 0) > Math.max(1, column.count / 200) &&
    (numbers === undefined || type === "bool" || column.distinct <= 20);
  if (isTold) {
    const shown: string[] = [];
    let length = 0;
    for (const { value, count } of top.slice(0, 5)) {
      const [text, share] = [valueText(value, type, 24), percent(count, column.count)];
      length += text.length + share.length + 3;
      if (length <= most + 2) shown.push(`${text} ${style.dim(share)}`);
    }
    lines.push(shown.join("  "));
  }
  return lines;
}

function spread(numbers: NumberProfile, show: (value: number) => string, style: Style, isTime: boolean): string {
  const { min, max, mean, standardDeviation, quantiles, histogram } = numbers;
  if (min === max) return `always ${show(min)}`;
  const middle = `median ${show(quantiles["0.5"] as number)}`;
  const rest = isTime ? middle : `${middle}  mean ${show(mean)} ± ${show(standardDeviation)}`;
  return `${show(min)} ${style.cyan(histogramBars(histogram.counts))} ${show(max)}  ${style.dim(rest)}`;
}

/** A time as ISO 8601 has it; a date alone at midnight. */
export function timeText(value: number): string {
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? String(value) : date.toISOString().replace(/T00:00:00\.000Z$|\.000Z$/, "");
}

function percent(part: number, whole: number): string {
  const share = (100 * part) / Math.max(1, whole);
  return `${share >= 99.95 || share === 0 ? share.toFixed(0) : share < 0.1 ? "<0.1" : share.toFixed(1)} %`;
}

/** A cell as one line of text. */
export function valueText(cell: Cell, type: Field["type"], most: number): string {
  if (cell === null || cell === undefined) return "null";
  if (type === "timestamp" && typeof cell === "number") return timeText(cell);
  if (type === "bool") return String(Boolean(cell));
  if (typeof cell === "number") return String(Number.isInteger(cell) ? cell : Number(cell.toPrecision(7)));
  if (cell instanceof Uint8Array) return `${count(cell.length)} bytes`;
  if (typeof cell === "string") return oneLine(JSON.stringify(cell), most);
  if (typeof cell === "object" && "shape" in cell && "dtype" in cell)
    return `${String(cell.dtype)} [${(cell.shape as readonly number[]).join(", ")}]`;
  return oneLine(typeof cell === "object" ? JSON.stringify(plainJson(cell)) : String(cell), most);
}

/** A cell as plain JSON: bytes are their number, 64-bit integers digits, tensors their shape. */
export function plainJson(cell: unknown): unknown {
  if (typeof cell === "bigint") return String(cell);
  if (cell instanceof Uint8Array) return { bytes: cell.length };
  if (Array.isArray(cell)) return cell.map(plainJson);
  if (typeof cell !== "object" || cell === null) return cell;
  if ("shape" in cell && "dtype" in cell) return { dtype: cell.dtype, shape: cell.shape };
  return Object.fromEntries(Object.entries(cell).map(([name, inner]) => [name, plainJson(inner)]));
}
