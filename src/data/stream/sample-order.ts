/** In which order the rows of one source come in each pass over it: arithmetic, so any position of any pass is known at once. */

import { explain } from "../../base/errors.ts";
import { type Permutation, permutation } from "../sample/permutation.ts";

/**
 * An order of rows.
 *
 * - `sequential`: as the source has them.
 * - `global`: every row equally likely at every position. Reads of one row each: for local and seekable data.
 * - `blocks`: files in random order, and rows in random order within blocks of `blockRows` positions. A reader needs the files of one or two
 *   blocks at a time. As MosaicML's py1e in purpose and in the meaning of its parameter; the blocks have sharp edges and one size. A file of
 *   more than `blockRows` rows counts as several.
 */
export type OrderSpec =
  | { readonly kind: "sequential" }
  | { readonly kind: "global" }
  | { readonly kind: "blocks"; readonly blockRows: number };

/** What {@link sampleOrder} needs to know of a source. */
export interface OrderedRows {
  /** Rows of each file, in order. */
  readonly fileRows: readonly number[];
  /** Decides the order, [0, 2^53). */
  readonly seed: number;
  /** Another order of the same seed for each source. */
  readonly name: string;
}

/** An order of the rows of one source. */
export interface SampleOrder {
  /** Rows in a pass. */
  readonly size: number;
  /** The row at `position` [0, size) of a pass [0, 2^53). */
  at(pass: number, position: number): number;
}

/**
 * Orders the rows of a source.
 *
 * @param spec - The kind of order.
 * @param rows - See {@link OrderedRows}.
 * @returns The order, a pure function of the arguments. In every pass each row has exactly one position.
 * @throws RangeError if blockRows is not a positive integer.
 *
 * @example A pass has every row once, and the next pass another order
 * ```ts
 * import assert from "node:assert/strict";
 * import { sampleOrder } from "cameo/data/stream";
 *
 * const order = sampleOrder({ kind: "blocks", blockRows: 4 }, { fileRows: [3, 3, 2], seed: 7, name: "train" });
 * const pass = (number: number) => Array.from({ length: order.size }, (_, i) => order.at(number, i));
 * assert.deepEqual(pass(0).toSorted(), [0, 1, 2, 3, 4, 5, 6, 7]);
 * assert.notDeepEqual(pass(0), pass(1));
 * ```
 */
export function sampleOrder(spec: OrderSpec, rows: OrderedRows): SampleOrder {
  const size = rows.fileRows.reduce((sum, count) => sum + count, 0);
  if (spec.kind === "sequential") return { size, at: (_, position) => position };
  if (spec.kind === "global") {
    const orders = recent((pass) =>
      permutation({ size, seed: rows.seed, epoch: pass, name: `stream/${rows.name}/rows` }),
    );
    return { size, at: (pass, position) => orders(pass).at(position) };
  }
  if (!Number.isSafeInteger(spec.blockRows) || spec.blockRows < 1)
    throw new RangeError(
      explain({
        api: "sampleOrder",
        action: "use blockRows",
        received: `got ${spec.blockRows}`,
        rule: "must be a positive integer",
      }),
    );
  return new BlockOrder(size, rows, spec.blockRows);
}

/** Remembers the last two results: readers go on from one to the next, and sometimes stand across both. */
function recent<Value>(make: (key: number) => Value): (key: number) => Value {
  const known: { key: number; value: Value }[] = [];
  return (key) => {
    const found = known.find((entry) => entry.key === key);
    if (found !== undefined) return found.value;
    const value = make(key);
    known.push({ key, value });
    if (known.length > 2) known.shift();
    return value;
  };
}

interface Pass {
  /** Files in the order of this pass, and the position at which each begins. */
  readonly files: Permutation;
  readonly starts: Float64Array;
  readonly block: (number: number) => Permutation;
}

class BlockOrder implements SampleOrder {
  readonly size: number;
  readonly #blockRows: number;
  /** First row of each file. */
  readonly #firstRows: Float64Array;
  readonly #pass: (pass: number) => Pass;

  constructor(size: number, { fileRows: whole, seed, name }: OrderedRows, blockRows: number) {
    this.size = size;
    this.#blockRows = blockRows;
    const fileRows = whole.flatMap((rows) => pieces(rows, blockRows));
    this.#firstRows = sums(fileRows);
    this.#pass = recent((pass) => {
      const files = permutation({ size: fileRows.length, seed, epoch: pass, name: `stream/${name}/files` });
      const counts = Array.from(fileRows, (_, i) => fileRows[files.at(i)] as number);
      const block = recent((number) =>
        permutation({
          size: Math.min(blockRows, size - number * blockRows),
          seed,
          epoch: pass,
          name: `stream/${name}/block-${number}`,
        }),
      );
      return { files, starts: sums(counts), block };
    });
  }

  at(pass: number, position: number): number {
    const { files, starts, block } = this.#pass(pass);
    const number = Math.floor(position / this.#blockRows);
    const start = number * this.#blockRows;
    const place = start + block(number).at(position - start);
    const file = lastAtMost(starts, place);
    return (this.#firstRows[files.at(file)] as number) + place - (starts[file] as number);
  }
}

/** Counts of at most `most` that sum to `rows`: else a data set of one file would come in the order of its blocks in every pass. */
function pieces(rows: number, most: number): number[] {
  return Array.from({ length: Math.ceil(rows / most) }, (_, i) => Math.min(most, rows - i * most));
}

/** 0, and the sum up to each count. */
function sums(counts: readonly number[]): Float64Array {
  const result = new Float64Array(counts.length + 1);
  for (const [i, count] of counts.entries()) result[i + 1] = (result[i] as number) + count;
  return result;
}

/** Index of the last value that is at most `limit`, not counting the end: values ascend, and equal ones are empty files. */
function lastAtMost(values: Float64Array, limit: number): number {
  let [low, high] = [0, values.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((values[middle] as number) <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}
