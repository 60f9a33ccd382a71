/** How a column is compressed best: found by trying. */

import { type DType, isFloat } from "../../tensor/dtype.ts";
import type { Column, Field } from "../table.ts";
import { columnBytes } from "./column-bytes.ts";
import { type ColumnEncoding, decodeColumn, encodeColumn } from "./column-codec.ts";
import type { LossyMethod } from "./lossy.ts";

/** What a choice is for: fewest bytes, least time, or least time where bytes come over a disk or network of 100 MB/s. */
export type CodecGoal = "ratio" | "balanced" | "speed";

/** Options of {@link chooseCodec}. */
export interface ChooseCodecOptions {
  /** See {@link CodecGoal}. @defaultValue "balanced" */
  readonly goal?: CodecGoal;
  /** Only this coder. @defaultValue lz4 and zstd, where the goal is not "ratio" */
  readonly codec?: ColumnEncoding["codec"];
  /** Only this level [0, 9]. @defaultValue several */
  readonly level?: number;
  /** How floats may lose. @defaultValue not at all */
  readonly lossy?: LossyMethod;
}

/** One encoding, tried. */
export interface CodecTrial {
  readonly encoding: ColumnEncoding;
  /** Bytes before over bytes after. */
  readonly ratio: number;
  /** Of uncompressed bytes, on one thread [MB/s]. */
  readonly encodeSpeed: number;
  readonly decodeSpeed: number;
}

/** What {@link chooseCodec} chose and what it tried. */
export interface CodecChoice extends CodecTrial {
  readonly trials: readonly CodecTrial[];
}

/** How the goals weigh: the way that compressed bytes take [MB/s], and how often a column is written for each time it is read. */
const goals: Readonly<Record<CodecGoal, { readonly bandwidth: number; readonly writes: number }>> = {
  ratio: { bandwidth: 0.1, writes: 0 },
  balanced: { bandwidth: 100, writes: 0.25 },
  speed: { bandwidth: 4000, writes: 1 },
};

const levels: Readonly<Record<CodecGoal, readonly (readonly [ColumnEncoding["codec"], number])[]>> = {
  ratio: [
    ["zstd", 2],
    ["zstd", 5],
    ["zstd", 7],
  ],
  balanced: [
    ["lz4", 5],
    ["zstd", 1],
    ["zstd", 2],
    ["zstd", 4],
  ],
  speed: [
    ["lz4", 1],
    ["lz4", 5],
    ["zstd", 1],
  ],
};

/** What can come before the coder. */
function filtersOf(field: Field, lossy: LossyMethod | undefined): Pick<ColumnEncoding, "transform" | "shuffle">[] {
  const shuffles = ["none", "byte", "bit"] as const;
  switch (field.type) {
    case "string":
    case "bytes":
      return (["none", "dictionary"] as const).map((transform) => ({ transform, shuffle: "none" as const }));
    case "image":
    case "json":
      return [{ transform: "none", shuffle: "none" }];
    default: {
      const type =
        field.type === "tensor" ? (field.element ?? "float32") : field.type === "timestamp" ? "int64" : field.type;
      // Quantised floats are integers; rounded ones stay floats.
      const float = isFloat(type as DType);
      const transforms = !float
        ? (["none", "delta"] as const)
        : lossy === undefined
          ? (["none", "xor"] as const)
          : (["none", "delta", "xor"] as const);
      return transforms.flatMap((transform) => shuffles.map((shuffle) => ({ transform, shuffle })));
    }
  }
}

/**
 * Chooses how to compress a column by trying transform, shuffle, codec and level on some of its rows, and measuring size and time.
 *
 * Times differ from run to run, and so may a choice between two that are about as good: keep the encoding with the data (a pack does)
 * to write the same bytes again.
 *
 * @param sample - Rows that follow one another; a quarter of a mebibyte is enough.
 * @param field - The column's type.
 * @param options - See {@link ChooseCodecOptions}.
 * @returns The best and all that were tried, in that order.
 *
 * @example A counter is stored as differences
 * ```ts
 * import assert from "node:assert/strict";
 * import { chooseCodec } from "cameo/data/codec";
 *
 * const ids = BigInt64Array.from({ length: 20_000 }, (_, i) => 7_000_000n + BigInt(3 * i));
 * const choice = chooseCodec(ids, { name: "id", type: "int64", nullable: false }, { goal: "ratio" });
 * assert.equal(choice.encoding.transform, "delta");
 * assert.ok(choice.ratio > 500);
 * ```
 */
export function chooseCodec(sample: Column, field: Field, options: ChooseCodecOptions = {}): CodecChoice {
  const { goal = "balanced", codec, level, lossy } = options;
  const coders =
    codec === undefined
      ? levels[goal].map(([name, each]) => [name, level ?? each] as const)
      : (level !== undefined ? [level] : goal === "ratio" ? [2, 5, 7] : [1, 5]).map((each) => [codec, each] as const);
  const sizeBytes = columnBytes(sample, field);
  const { bandwidth, writes } = goals[goal];
  const distinct = new Map(coders.map(([name, each]) => [`${name} ${each}`, [name, each] as const]));
  const trials = filtersOf(field, lossy)
    .flatMap((filter) =>
      [...distinct.values()].map(
        ([name, each]): ColumnEncoding => ({
          ...filter,
          codec: name,
          level: each,
          ...(lossy === undefined ? {} : { lossy }),
        }),
      ),
    )
    .map((encoding) => tryEncoding(sample, field, encoding, sizeBytes));
  // Of two that are about as good, the one with fewer steps: times are never exact.
  const steps = ({ transform, shuffle }: ColumnEncoding): number =>
    (transform === "none" ? 0 : 1) + (shuffle === "none" ? 0 : 1);
  const cost = ({ encoding, ratio, encodeSpeed, decodeSpeed }: CodecTrial): number =>
    (1 + 0.02 * steps(encoding)) * (1 / (ratio * bandwidth) + 1 / decodeSpeed + writes / encodeSpeed);
  trials.sort((a, b) => cost(a) - cost(b));
  return { ...(trials[0] as CodecTrial), trials };
}

function tryEncoding(sample: Column, field: Field, encoding: ColumnEncoding, sizeBytes: number): CodecTrial {
  let [encodeMs, decodeMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let coded = 1;
  // The second time, code and memory are warm.
  for (let run = 0; run < 2; run++) {
    const start = performance.now();
    const { bytes } = encodeColumn(sample, field, encoding);
    const middle = performance.now();
    decodeColumn(bytes, field);
    encodeMs = Math.min(encodeMs, middle - start);
    decodeMs = Math.min(decodeMs, performance.now() - middle);
    coded = bytes.length;
  }
  const speed = (ms: number): number => sizeBytes / 1000 / Math.max(ms, 0.001);
  return { encoding, ratio: sizeBytes / coded, encodeSpeed: speed(encodeMs), decodeSpeed: speed(decodeMs) };
}
