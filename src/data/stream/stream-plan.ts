/** Which sample stands at which position of a run: epochs, batches, ranks and mixing, as arithmetic. */

import { explain } from "../../base/errors.ts";
import { RandomStream } from "../../base/random.ts";
import { type Mixture, mixture } from "../sample/mixture.ts";
import { type OrderSpec, type SampleOrder, sampleOrder } from "./sample-order.ts";

/** What becomes of the samples at the end of an epoch that do not fill a batch. */
export type LastBatch = "wrap" | "drop" | "pad";

/** One source of a plan. */
export interface PlannedSource {
  /** Rows of each of its files. */
  readonly fileRows: readonly number[];
  /** Share of the samples, in proportion to the others'. */
  readonly weight: number;
}

/** Options of {@link streamPlan}. */
export interface StreamPlanOptions {
  /** At least one. */
  readonly sources: readonly PlannedSource[];
  /** Of the rows of each source. */
  readonly order: OrderSpec;
  /** Decides everything, [0, 2^53). */
  readonly seed: number;
  /** Samples in an epoch. @defaultValue the rows of all sources */
  readonly epochSize?: number;
  /** The end of an epoch. @defaultValue "wrap" */
  readonly last?: LastBatch;
}

/** A place in a run: all that is needed to go on from there. */
export interface StreamPosition {
  readonly epoch: number;
  /** Samples of the epoch that came before. */
  readonly position: number;
}

/** One sample: row `row` of a source, in that source's pass number `pass`. */
export interface PlannedSample {
  readonly source: number;
  readonly pass: number;
  readonly row: number;
}

/** See {@link streamPlan}. */
export interface StreamPlan {
  readonly epochSize: number;
  /** Batches in an epoch; a fraction if batches wrap around its end. */
  batchesPerEpoch(batchSize: number): number;
  /** Where a batch begins. */
  positionOf(batch: number, batchSize: number): StreamPosition;
  /** Numbers of the samples of a batch, counted over all epochs, and how many at its end repeat others (`"pad"`). */
  numbersOf(batch: number, batchSize: number): { readonly numbers: Float64Array; readonly padding: number };
  /** The sample with a number. Fastest in ascending order. */
  sampleAt(number: number): PlannedSample;
  /**
   * The sample that stands in for the one with a number when that one is damaged: drawn near to it, in wider and wider circles.
   *
   * @param number - Of the damaged sample.
   * @param attempt - 0, then 1 if the sample drawn is damaged as well, and so on.
   */
  substituteOf(number: number, attempt: number): number;
}

/**
 * Plans the order of samples of a run.
 *
 * Sources are mixed by weight and each is gone through pass by pass, so that none of its rows comes again before all others came, however
 * long an epoch is. Sample number n is the same for any batch size, number of ranks, worker or resume.
 *
 * ```text
 * number = epoch · epochSize + position        batch k begins at position k · batchSize ("wrap": counted on over the epochs)
 * source = mixture(number)        c = samples of that source before        pass = ⌊c / rows⌋        row = order(pass, c mod rows)
 * ```
 *
 * @param options - See {@link StreamPlanOptions}.
 * @throws RangeError if there is nothing to take samples from, or a number is not in its range.
 *
 * @example Two of a batch of four are those of a rank
 * ```ts
 * import assert from "node:assert/strict";
 * import { streamPlan } from "cameo/data/stream";
 *
 * const plan = streamPlan({ sources: [{ fileRows: [5, 5], weight: 1 }], order: { kind: "global" }, seed: 1 });
 * const whole = [...plan.numbersOf(1, 4).numbers].map((number) => plan.sampleAt(number).row);
 * const halves = [2, 3].flatMap((batch) => [...plan.numbersOf(batch, 2).numbers]).map((number) => plan.sampleAt(number).row);
 * assert.deepEqual(halves, whole);
 * ```
 */
export function streamPlan(options: StreamPlanOptions): StreamPlan {
  const { sources, order, seed, last = "wrap" } = options;
  const fail = (action: string, received: string, rule: string): RangeError =>
    new RangeError(explain({ api: "streamPlan", action, received, rule }));
  const orders = sources.map(({ fileRows }, i) => sampleOrder(order, { fileRows, seed, name: `source-${i}` }));
  const rows = orders.reduce((sum, { size }) => sum + size, 0);
  const epochSize = options.epochSize ?? rows;
  const empty = orders.findIndex(({ size }, i) => size === 0 && (sources[i] as PlannedSource).weight > 0);
  if (empty !== -1 || rows === 0) throw fail("plan samples", `source ${Math.max(0, empty)} has no rows`, "needs some");
  if (!Number.isSafeInteger(epochSize) || epochSize < 1)
    throw fail("use epochSize", `got ${epochSize}`, "must be a positive integer");
  const counter = sources.length === 1 ? undefined : new MixtureCounter(sources, seed);
  const substitutes = new RandomStream(seed, "stream/substitute");

  const checkBatch = (batch: number, batchSize: number): void => {
    if (!Number.isSafeInteger(batch) || batch < 0 || !Number.isSafeInteger(batchSize) || batchSize < 1)
      throw fail(
        "make a batch",
        `got number ${batch} of ${batchSize} samples`,
        "numbers are integers from 0, sizes from 1",
      );
    // Dropping and padding count fewer or more samples, but never as much as another epoch more.
    if (!Number.isSafeInteger((batch + 1) * batchSize + epochSize))
      throw fail("make a batch", `got number ${batch} of ${batchSize} samples`, "samples are counted to 2^53");
    if (last === "drop" && batchSize > epochSize)
      throw fail(
        "make a batch",
        `got ${batchSize} samples`,
        `an epoch has ${epochSize}, and what fills no batch is dropped`,
      );
  };
  const batchesPerEpoch = (batchSize: number): number => {
    const batches = epochSize / batchSize;
    return last === "wrap" ? batches : last === "drop" ? Math.floor(batches) : Math.ceil(batches);
  };
  const positionOf = (batch: number, batchSize: number): StreamPosition => {
    checkBatch(batch, batchSize);
    if (last === "wrap") {
      const first = batch * batchSize;
      return { epoch: Math.floor(first / epochSize), position: first % epochSize };
    }
    const batches = batchesPerEpoch(batchSize);
    return { epoch: Math.floor(batch / batches), position: (batch % batches) * batchSize };
  };
  return {
    epochSize,
    batchesPerEpoch,
    positionOf,
    numbersOf: (batch, batchSize) => {
      const { epoch, position } = positionOf(batch, batchSize);
      const start = epoch * epochSize;
      const numbers = Float64Array.from({ length: batchSize }, (_, i) => {
        const at = position + i;
        return start + (last === "wrap" ? at : at % epochSize);
      });
      return { numbers, padding: last === "pad" ? Math.max(0, position + batchSize - epochSize) : 0 };
    },
    sampleAt: (number) => {
      const [source, count] = counter === undefined ? [0, number] : counter.at(number);
      const own = orders[source] as SampleOrder;
      const pass = Math.floor(count / own.size);
      return { source, pass, row: own.at(pass, count - pass * own.size) };
    },
    substituteOf: (number, attempt) => {
      const epoch = Math.floor(number / epochSize);
      const position = number - epoch * epochSize;
      const width = Math.min(epochSize, 64 * 2 ** Math.min(attempt, 40));
      const first = Math.min(Math.max(0, position - Math.floor(width / 2)), epochSize - width);
      return epoch * epochSize + first + substitutes.child(String(number)).integer(attempt, width);
    },
  };
}

/** Which source, and how many of its samples came before; remembers the counts where it was last. */
class MixtureCounter {
  readonly #mixture: Mixture;
  #next = 0;
  #counts: Float64Array;

  constructor(sources: readonly PlannedSource[], seed: number) {
    // Names that sort as they are numbered, for the mixture orders its sources as an object does its keys.
    const weights = Object.fromEntries(sources.map(({ weight }, i) => [`source-${i}`, weight]));
    this.#mixture = mixture({ weights, seed });
    this.#counts = new Float64Array(sources.length);
  }

  at(number: number): [source: number, count: number] {
    // A short way ahead it is quicker to count on; batches skip what other ranks take.
    if (number < this.#next || number > this.#next + 4096) {
      this.#counts = this.#mixture.countsBefore(number);
      this.#next = number;
    }
    for (; this.#next < number; this.#next++) this.#add(this.#mixture.sourceAt(this.#next));
    const source = this.#mixture.sourceAt(number);
    const count = this.#counts[source] as number;
    this.#add(source);
    this.#next++;
    return [source, count];
  }

  #add(source: number): void {
    this.#counts[source] = (this.#counts[source] as number) + 1;
  }
}
