/** Everything that a profile says of a column, gathered in one pass and bounded memory. */

import type { Cell, Column, Field } from "../table.ts";
import { DistinctSketch } from "./_distinct-sketch.ts";
import { QuantileSketch } from "./_quantile-sketch.ts";
import { TopValues } from "./_top-values.ts";
import type { ColumnProfile, NumberProfile } from "./profile.ts";

/** Characters of a text that are kept to tell and show it. */
const mostCharacters = 80;
/** Values after which it is clear whether they nearly all differ. */
const enoughValues = 20_000;

const probabilities = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

/** Count, mean, spread and quantiles of numbers. */
export class NumberSketch {
  readonly quantiles: QuantileSketch = new QuantileSketch();
  #mean = 0;
  /** Sum of squared distances to the mean (Welford 1962; merged as Chan, Golub and LeVeque 1979). */
  #squares = 0;
  #isWhole = true;

  /** Takes a number that is finite. */
  add(value: number): void {
    if (this.#isWhole && !Number.isInteger(value)) this.#isWhole = false;
    this.quantiles.add(value);
    const distance = value - this.#mean;
    this.#mean += distance / this.quantiles.count;
    this.#squares += distance * (value - this.#mean);
  }

  /** Takes what another sketch saw. */
  merge(other: NumberSketch): void {
    const [own, theirs] = [this.quantiles.count, other.quantiles.count];
    if (theirs === 0) return;
    const distance = other.#mean - this.#mean;
    this.#squares += other.#squares + (distance * distance * own * theirs) / (own + theirs);
    this.#mean += (distance * theirs) / (own + theirs);
    this.#isWhole &&= other.#isWhole;
    this.quantiles.merge(other.quantiles);
  }

  /** What a profile says; undefined without numbers. */
  profile(bins: number): NumberProfile | undefined {
    const { quantiles } = this;
    const { count, min, max } = quantiles;
    if (count === 0) return undefined;
    const edges = this.#isWhole ? wholeEdges(min, max, bins) : evenEdges(min, max, bins);
    const bars = edges.length - 1;
    // The last bar holds its upper edge too; the others end before theirs.
    const below = edges.map((edge, i) =>
      i === 0 ? 0 : i === bars ? count : Math.round(quantiles.rank(before(edge)) * count),
    );
    return {
      min,
      max,
      mean: this.#mean,
      standardDeviation: count > 1 ? Math.sqrt(this.#squares / (count - 1)) : 0,
      quantiles: Object.fromEntries(probabilities.map((p) => [p, quantiles.quantile(p)])),
      histogram: { edges, counts: edges.slice(1).map((_, i) => (below[i + 1] as number) - (below[i] as number)) },
    };
  }
}

/** Edges of bars of one width; numbers that are all the same make one bar. */
function evenEdges(min: number, max: number, bins: number): number[] {
  const bars = min === max ? 1 : bins;
  return Array.from({ length: bars + 1 }, (_, i) => (i === bars ? max : min + ((max - min) / bars) * i));
}

/** The same for whole numbers: each bar stands for as many of them. */
function wholeEdges(min: number, max: number, bins: number): number[] {
  const span = max - min + 1;
  const step = Math.ceil(span / bins);
  return Array.from({ length: Math.ceil(span / step) + 1 }, (_, i) => min + i * step);
}

/** A number just below another. */
function before(value: number): number {
  return value === 0 ? -Number.MIN_VALUE : value - Math.abs(value) * Number.EPSILON;
}

/** Add columns with `add`; ask `profile` at any time. */
export class ColumnSketch {
  readonly field: Field;
  readonly #numbers = new NumberSketch();
  readonly #lengths = new NumberSketch();
  readonly #distinct = new DistinctSketch();
  #top: TopValues<Cell> | undefined = new TopValues();
  #count = 0;
  #nulls = 0;
  #notFinite = 0;

  constructor(field: Field) {
    this.field = field;
  }

  /** Takes the cells of a table. */
  add(column: Column): void {
    for (const cell of column as Iterable<Cell>) this.#take(cell);
    // Counting the most frequent of values that all differ costs much and tells nothing.
    if (this.#count > enoughValues && this.#distinct.count > 0.9 * this.#count) this.#top = undefined;
  }

  #take(cell: Cell): void {
    if (cell === null || cell === undefined) {
      this.#nulls++;
      return;
    }
    this.#count++;
    if (typeof cell === "number" || typeof cell === "bigint" || typeof cell === "boolean") {
      const value = Number(cell);
      if (!Number.isFinite(value)) {
        this.#notFinite++;
        return;
      }
      this.#numbers.add(value);
      this.#distinct.add(value);
      this.#top?.add(this.field.type === "bool" ? Boolean(cell) : value);
      return;
    }
    if (typeof cell === "string") {
      this.#lengths.add(cell.length);
      this.#distinct.add(cell);
      this.#top?.add(cell.length <= mostCharacters ? cell : `${cell.slice(0, mostCharacters - 1)}…`);
      return;
    }
    this.#lengths.add(lengthOf(cell));
    this.#distinct.add(cell instanceof Uint8Array ? Buffer.from(cell).toString("latin1") : textOf(cell));
  }

  /** Takes what another sketch of the same column saw. */
  merge(other: ColumnSketch): void {
    this.#numbers.merge(other.#numbers);
    this.#lengths.merge(other.#lengths);
    this.#distinct.merge(other.#distinct);
    if (other.#top === undefined) this.#top = undefined;
    else this.#top?.merge(other.#top);
    this.#count += other.#count;
    this.#nulls += other.#nulls;
    this.#notFinite += other.#notFinite;
  }

  /** What is known so far. */
  profile(top: number, bins: number): ColumnProfile {
    const numbers = this.#numbers.profile(bins);
    const lengths = this.#lengths.profile(bins);
    return {
      name: this.field.name,
      type: this.field.type,
      count: this.#count,
      nulls: this.#nulls,
      notFinite: this.#notFinite,
      distinct: Math.min(this.#distinct.count, this.#count),
      top: this.#top?.top(top) ?? [],
      ...(numbers === undefined ? {} : { numbers }),
      ...(lengths === undefined ? {} : { lengths }),
    };
  }
}

/** Bytes, elements of a list or tensor, keys of an object. */
function lengthOf(cell: object): number {
  if (Array.isArray(cell) || cell instanceof Uint8Array) return cell.length;
  return "shape" in cell && Array.isArray(cell.shape)
    ? (cell.shape as number[]).reduce((product, length) => product * length, 1)
    : Object.keys(cell).length;
}

function textOf(cell: object): string {
  return JSON.stringify(cell, (_, value: unknown) =>
    typeof value === "bigint" ? String(value) : ArrayBuffer.isView(value) ? Array.from(value as Uint8Array) : value,
  );
}
