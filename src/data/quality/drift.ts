/** How far data has moved from a reference, told from their profiles. */

import type { ColumnProfile, NumberProfile, Profile } from "../source/profile.ts";

/** How one column differs. */
export interface ColumnDrift {
  readonly column: string;
  /** Population stability index [nats]: below 0.1 little, above 0.25 much. */
  readonly psi: number;
  /** Kolmogorov–Smirnov statistic [0, 1], of numbers and lengths. */
  readonly ks?: number;
  /** Largest difference of the share of one value [0, 1], of columns with few values. */
  readonly lInfinity?: number;
}

/** A way in which a column breaks what the reference promised. */
export interface Anomaly {
  readonly column: string;
  readonly kind: "missing" | "new" | "type" | "nulls" | "not-finite" | "below" | "above" | "new-values";
  /** One line for a person. */
  readonly detail: string;
}

/** See {@link compareProfiles}. */
export interface DriftReport {
  readonly columns: readonly ColumnDrift[];
  readonly anomalies: readonly Anomaly[];
  /** Largest index of all columns; 0 when there is none. */
  readonly maxPsi: number;
}

/**
 * Compares data with a reference: yesterday's with today's (drift), or training's with serving's (skew).
 *
 * Only the profiles are needed, so the reference can be a small file. Distributions of numbers are rebuilt from histograms and quantiles,
 * straight between their points; indices of columns with many different values are estimates. For strings with few values the shares of
 * values are compared, for others their lengths.
 *
 * @param reference - Profile of the data that is as it should be.
 * @param current - Profile of the data in question.
 * @returns Drift by column, and anomalies.
 * @source The index: Siddiqi, "Credit Risk Scorecards", 2006, with tenths of the reference as bins; anomalies and the largest difference: Breck et al., "Data Validation
 * for Machine Learning", 2019, https://mlsys.org/Conferences/2019/doc/2019/167.pdf.
 *
 * @example A shifted column
 * ```ts
 * import assert from "node:assert/strict";
 * import { compareProfiles } from "cameo/data/quality";
 *
 * const numbers = (min: number, max: number) => ({
 *   min, max, mean: (min + max) / 2, standardDeviation: 1, quantiles: {}, histogram: { edges: [min, max], counts: [100] },
 * });
 * const profile = (min: number, max: number) => ({
 *   numRows: 100,
 *   columns: [{ name: "x", type: "float32" as const, count: 100, nulls: 0, notFinite: 0, distinct: 100, top: [], numbers: numbers(min, max) }],
 * });
 * const { columns, anomalies } = compareProfiles(profile(0, 1), profile(0.5, 1.5));
 * assert.equal(columns[0]?.ks?.toFixed(2), "0.50");
 * assert.equal(anomalies[0]?.kind, "above");
 * ```
 */
export function compareProfiles(reference: Profile, current: Profile): DriftReport {
  const named = new Map(current.columns.map((column) => [column.name, column]));
  const known = new Set(reference.columns.map(({ name }) => name));
  const pairs = reference.columns.flatMap((column) => {
    const other = named.get(column.name);
    return other === undefined ? [] : [[column, other] as const];
  });
  const columns = pairs.map(([before, now]) => drift(before, now));
  const anomalies: Anomaly[] = [
    ...reference.columns
      .filter(({ name }) => !named.has(name))
      .map(({ name }) => ({ column: name, kind: "missing" as const, detail: "the reference has it" })),
    ...current.columns
      .filter(({ name }) => !known.has(name))
      .map(({ name }) => ({ column: name, kind: "new" as const, detail: "the reference has no such column" })),
    ...pairs.flatMap(([before, now]) => anomaliesOf(before, now)),
  ];
  return { columns, anomalies, maxPsi: columns.reduce((most, { psi }) => Math.max(most, psi), 0) };
}

/** Smallest share of a bin: an empty one must not make the index infinite. */
const leastShare = 1e-4;

function stabilityIndex(before: readonly number[], now: readonly number[]): number {
  return before.reduce((sum, share, i) => {
    const [p, q] = [Math.max(share, leastShare), Math.max(now[i] as number, leastShare)];
    return sum + (q - p) * Math.log(q / p);
  }, 0);
}

function drift(before: ColumnProfile, now: ColumnProfile): ColumnDrift {
  const column = before.name;
  const nulls = [before, now].map(({ count, nulls: missing }) => missing / Math.max(1, count + missing));
  const nullIndex = stabilityIndex(
    [nulls[0] as number, 1 - (nulls[0] as number)],
    [nulls[1] as number, 1 - (nulls[1] as number)],
  );
  const values = shares(before, now);
  if (values !== undefined) {
    const psi = Math.max(nullIndex, stabilityIndex(values.before, values.now));
    const lInfinity = values.before.reduce(
      (most, share, i) => Math.max(most, Math.abs(share - (values.now[i] as number))),
      0,
    );
    return { column, psi, lInfinity };
  }
  const a = before.numbers ?? before.lengths;
  const b = now.numbers ?? now.lengths;
  if (a === undefined || b === undefined || before.count === 0 || now.count === 0) return { column, psi: nullIndex };
  const [f, g] = [cumulative(a), cumulative(b)];
  const cuts = Array.from({ length: 9 }, (_, i) => inverse(f, (i + 1) / 10));
  const bins = (points: Points): number[] =>
    [...cuts, Infinity].map((cut, i) => at(points, cut) - (i === 0 ? 0 : at(points, cuts[i - 1] as number)));
  const ks = [...f, ...g].reduce((most, { x }) => Math.max(most, Math.abs(at(f, x) - at(g, x))), 0);
  return { column, psi: Math.max(nullIndex, stabilityIndex(bins(f), bins(g))), ks };
}

/** Shares of the values of two columns that have few, in the same order; what is in neither's list is one more value. */
function shares(before: ColumnProfile, now: ColumnProfile): { before: number[]; now: number[] } | undefined {
  const isFew = ({ distinct, top }: ColumnProfile): boolean => distinct > 0 && distinct <= top.length;
  if (!isFew(before)) return undefined;
  const keys = [...new Set([...before.top, ...now.top].map(({ value }) => String(value)))];
  const of = ({ top, count }: ColumnProfile): number[] => {
    const counts = new Map(top.map(({ value, count: each }) => [String(value), each]));
    const listed = keys.map((key) => (counts.get(key) ?? 0) / Math.max(1, count));
    return [...listed, Math.max(0, 1 - listed.reduce((sum, share) => sum + share, 0))];
  };
  return { before: of(before), now: of(now) };
}

/** Points of a cumulative distribution, straight between them; ascending. */
type Points = readonly { readonly x: number; readonly p: number }[];

function cumulative({ histogram, quantiles, min, max }: NumberProfile): Points {
  const total = Math.max(
    1,
    histogram.counts.reduce((sum, count) => sum + count, 0),
  );
  let sum = 0;
  const bars = histogram.counts.map((count, i) => {
    sum += count;
    return { x: histogram.edges[i + 1] as number, p: sum / total };
  });
  const marks = Object.entries(quantiles).map(([p, x]) => ({ x, p: Number(p) }));
  const points = [{ x: min, p: 0 }, ...bars, ...marks, { x: max, p: 1 }].sort((a, b) => a.x - b.x || a.p - b.p);
  let most = 0;
  return points.map(({ x, p }) => {
    most = Math.max(most, p); // estimates of the two kinds can cross a little
    return { x, p: most };
  });
}

function at(points: Points, x: number): number {
  const after = points.findIndex((point) => point.x > x);
  if (after < 0) return 1;
  if (after === 0) return 0;
  const [left, right] = [points[after - 1], points[after]] as [Points[number], Points[number]];
  return left.p + ((right.p - left.p) * (x - left.x)) / (right.x - left.x);
}

function inverse(points: Points, p: number): number {
  const after = points.findIndex((point) => point.p >= p);
  if (after <= 0) return points[0]?.x ?? 0;
  const [left, right] = [points[after - 1], points[after]] as [Points[number], Points[number]];
  return right.p === left.p ? right.x : left.x + ((right.x - left.x) * (p - left.p)) / (right.p - left.p);
}

const short = (value: number): string => String(Number(value.toPrecision(5)));

function anomaliesOf(before: ColumnProfile, now: ColumnProfile): Anomaly[] {
  const column = before.name;
  if (before.type !== now.type) return [{ column, kind: "type", detail: `was ${before.type}, is ${now.type}` }];
  const found: Anomaly[] = [];
  if (before.nulls === 0 && now.nulls > 0)
    found.push({ column, kind: "nulls", detail: `${now.nulls} nulls, the reference has none` });
  if (before.notFinite === 0 && now.notFinite > 0)
    found.push({ column, kind: "not-finite", detail: `${now.notFinite} NaN or infinite, the reference has none` });
  if (before.numbers !== undefined && now.numbers !== undefined) {
    const [a, b] = [before.numbers, now.numbers];
    if (b.min < a.min)
      found.push({ column, kind: "below", detail: `down to ${short(b.min)}, the reference to ${short(a.min)}` });
    if (b.max > a.max)
      found.push({ column, kind: "above", detail: `up to ${short(b.max)}, the reference to ${short(a.max)}` });
  }
  if (before.distinct > 0 && before.distinct <= before.top.length && before.numbers === undefined) {
    const known = new Set(before.top.map(({ value }) => String(value)));
    const strange = now.top.map(({ value }) => String(value)).filter((value) => !known.has(value));
    if (strange.length > 0)
      found.push({
        column,
        kind: "new-values",
        detail: strange
          .slice(0, 5)
          .map((value) => JSON.stringify(value))
          .join(", "),
      });
  }
  return found;
}
