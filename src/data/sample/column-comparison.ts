/** One column of a sample against the same column of its population: the sample first, then the population, each in one pass. */

import type { Cell } from "../table.ts";
import { chiSquareSurvival, ksPValue } from "./_survival.ts";
import { chiSquare, effectLimits, type SharePair, stability, type Verdict, verdictOf } from "./divergence.ts";
import { Reservoir } from "./reservoir.ts";

/** Values of the sample that are kept for Kolmogorov–Smirnov; of more, a random part. */
const keptValues = 100_000;
/** A column with more values than this in the sample is compared by number (or by length), not by class. */
const mostClasses = 100;

/** One column of a {@link RepresentativenessReport}. */
export interface ColumnReport {
  readonly name: string;
  /** Compared as numbers, as classes, or (text of many kinds) by length. */
  readonly measure: "number" | "class" | "length";
  readonly verdict: Verdict;
  /** The verdict and its reason on one line, for people. */
  readonly line: string;
  /** Share of rows that have no value. */
  readonly missing: SharePair;
  /** Of a Kolmogorov–Smirnov test (numbers, lengths) or a chi-square test (classes); infinite, null in JSON, for a class that the population lacks. */
  readonly statistic: number;
  readonly degreesOfFreedom?: number;
  readonly pValue: number;
  /** Population stability index: over classes, or over tenths of the sample. */
  readonly psi: number;
  /** Greatest difference in probability of any set of classes; of numbers, the Kolmogorov–Smirnov statistic, over all intervals from below. */
  readonly totalVariation: number;
  readonly mean?: SharePair;
  /** The most frequent classes. `drawn` is the share of the sample's rows, unweighted. */
  readonly classes?: readonly (SharePair & { readonly value: string; readonly drawn: number })[];
}

interface Group {
  rows: number;
  weight: number;
  population: number;
}

/** See {@link ColumnReport}. Memory is bounded whatever the sample and the population are. */
export class ColumnComparison {
  readonly #name: string;
  readonly #values: Reservoir<{ readonly value: number; readonly weight: number }>;
  /** By text; undefined once there are too many. */
  #groups: Map<string, Group> | undefined;
  readonly #sample: { rows: number; weight: number; squares: number; missing: number; sum: number } = {
    rows: 0,
    weight: 0,
    squares: 0,
    missing: 0,
    sum: 0,
  };
  readonly #population: { rows: number; missing: number; sum: number; unseen: number } = {
    rows: 0,
    missing: 0,
    sum: 0,
    unseen: 0,
  };
  #isText = false;
  /** Distinct values of the sample, ascending; made when the population begins. */
  #points: Float64Array | undefined;
  #weights: Float64Array = new Float64Array(0);
  /** Of the population: at 2i, those between point i−1 and i; at 2i+1, those equal to point i. */
  #counts: Float64Array = new Float64Array(0);

  constructor(name: string, canBeClass: boolean) {
    this.#name = name;
    this.#groups = canBeClass ? new Map() : undefined;
    this.#values = new Reservoir({ n: keptValues, seed: 0, name: `compare ${name}` });
  }

  /** A number, or the length of a text; NaN when there is none. */
  #numberOf(cell: Cell): number {
    if (typeof cell === "number") return cell;
    if (typeof cell === "string") return cell.length;
    return cell === null || cell === undefined ? Number.NaN : Number(cell);
  }

  addSample(cell: Cell, weight: number): void {
    const value = this.#numberOf(cell);
    const sample = this.#sample;
    sample.rows++;
    sample.weight += weight;
    sample.squares += weight * weight;
    if (Number.isNaN(value)) {
      sample.missing += weight;
      return;
    }
    this.#isText ||= typeof cell === "string";
    sample.sum += weight * value;
    this.#values.offer({ value, weight });
    if (this.#groups === undefined) return;
    const text = String(cell);
    const group = this.#groups.get(text);
    if (group !== undefined) {
      group.rows++;
      group.weight += weight;
    } else if (this.#groups.size === mostClasses) this.#groups = undefined;
    else this.#groups.set(text, { rows: 1, weight, population: 0 });
  }

  /** Once the sample is whole: a column whose values hardly repeat in it, such as an id, has no classes. */
  #decide(): void {
    if (this.#groups !== undefined && this.#groups.size > this.#sample.rows / 2) this.#groups = undefined;
  }

  #prepare(): Float64Array {
    const items = this.#values.items.toSorted((a, b) => a.value - b.value);
    const points: number[] = [];
    const weights: number[] = [];
    for (const { value, weight } of items) {
      if (value !== points.at(-1)) {
        points.push(value);
        weights.push(0);
      }
      weights[weights.length - 1] = (weights.at(-1) as number) + weight;
    }
    this.#weights = Float64Array.from(weights);
    this.#counts = new Float64Array(2 * points.length + 1);
    return Float64Array.from(points);
  }

  addPopulation(cell: Cell): void {
    const population = this.#population;
    const value = this.#numberOf(cell);
    if (population.rows++ === 0) this.#decide();
    if (Number.isNaN(value)) {
      population.missing++;
      return;
    }
    population.sum += value;
    if (this.#groups !== undefined) {
      const group = this.#groups.get(String(cell));
      if (group === undefined) population.unseen++;
      else group.population++;
      return;
    }
    this.#points ??= this.#prepare();
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#points[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    const at = 2 * low + (this.#points[low] === value ? 1 : 0);
    this.#counts[at] = (this.#counts[at] as number) + 1;
  }

  report(): ColumnReport {
    this.#decide();
    return this.#groups === undefined ? this.#numberReport() : this.#classReport(this.#groups);
  }

  #shares(): { missing: SharePair; effective: number; present: number } {
    const { weight, squares, missing } = this.#sample;
    const { rows, missing: without } = this.#population;
    const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
    return {
      missing: { population: share(without, rows), sample: share(missing, weight) },
      // Kish's size, of the rows that have a value.
      effective: share(weight * (weight - missing), squares),
      present: rows - without,
    };
  }

  #numberReport(): ColumnReport {
    this.#points ??= this.#prepare();
    const { missing, effective: all, present } = this.#shares();
    const effective = (all * this.#values.items.length) / Math.max(1, this.#values.seen);
    const whole = this.#weights.reduce((sum, weight) => sum + weight, 0);
    let statistic = 0;
    let psi = 0;
    let below = 0;
    let weightBelow = 0;
    let bin = { weight: 0, count: 0 };
    for (let i = 0; i < this.#points.length; i++) {
      const between = this.#counts[2 * i] as number;
      const equal = this.#counts[2 * i + 1] as number;
      below += between;
      statistic = Math.max(statistic, Math.abs(weightBelow / whole - below / present));
      below += equal;
      weightBelow += this.#weights[i] as number;
      statistic = Math.max(statistic, Math.abs(weightBelow / whole - below / present));
      bin = { weight: bin.weight + (this.#weights[i] as number), count: bin.count + between + equal };
      const isLast = i === this.#points.length - 1;
      if (bin.weight < whole / 10 && !isLast) continue;
      if (isLast) bin.count += this.#counts.at(-1) as number;
      psi += stability(bin.weight / whole, bin.count / present, effective, present);
      bin = { weight: 0, count: 0 };
    }
    const isEmpty = this.#points.length === 0 || present === 0;
    if (isEmpty) [statistic, psi] = [0, 0];
    const pValue = isEmpty ? 1 : ksPValue(statistic, effective, present);
    const verdict = verdictOf(pValue, statistic, effectLimits.ks);
    const { weight, missing: without, sum } = this.#sample;
    const mean = { population: this.#population.sum / present, sample: sum / (weight - without) };
    return {
      name: this.#name,
      measure: this.#isText ? "length" : "number",
      verdict,
      line: `${this.#name}: ${verdict}; ${this.#isText ? "mean length" : "mean"} ${digits(mean.sample)} of ${digits(mean.population)}, KS ${digits(statistic)}, p ${digits(pValue)}`,
      missing,
      statistic,
      pValue,
      psi,
      totalVariation: statistic,
      ...(!isEmpty && { mean }),
    };
  }

  #classReport(groups: ReadonlyMap<string, Group>): ColumnReport {
    const { missing, effective, present } = this.#shares();
    const whole = [...groups.values()].reduce((sum, { weight }) => sum + weight, 0);
    const rows = [...groups.values()].reduce((sum, group) => sum + group.rows, 0);
    const classes = [...groups].map(([value, group]) => ({
      value,
      population: present === 0 ? 0 : group.population / present,
      sample: group.weight / whole,
      drawn: group.rows / rows,
    }));
    const unseen = { population: present === 0 ? 0 : this.#population.unseen / present, sample: 0 };
    const pairs = unseen.population > 0 ? [...classes, unseen] : classes;
    const totalVariation = pairs.reduce((sum, pair) => sum + Math.abs(pair.sample - pair.population), 0) / 2;
    const psi = pairs.reduce((sum, pair) => sum + stability(pair.sample, pair.population, effective, present), 0);
    const { statistic, degreesOfFreedom } = chiSquare(pairs, effective);
    const isEmpty = groups.size === 0 || present === 0;
    const pValue = isEmpty || degreesOfFreedom === 0 ? 1 : chiSquareSurvival(statistic, degreesOfFreedom);
    const verdict = isEmpty ? "alike" : verdictOf(pValue, psi, effectLimits.psi);
    classes.sort((a, b) => b.population - a.population || b.sample - a.sample);
    return {
      name: this.#name,
      measure: "class",
      verdict,
      line: `${this.#name}: ${verdict}; ${groups.size} classes, total variation ${digits(totalVariation)}, PSI ${digits(psi)}, chi-square p ${digits(pValue)}`,
      missing,
      statistic,
      degreesOfFreedom,
      pValue,
      psi,
      totalVariation,
      classes: classes.slice(0, 20),
    };
  }
}

const digits = (value: number): string => (Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "none");
