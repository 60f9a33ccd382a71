/**
 * ScatterND with a reduction on ONNX Runtime's CPU build. Its kernel adds in parallel without locks (1.30): where two updates meet at one
 * index, some are lost (100,000 ones added to two rows came out 20 % short) and results differ from run to run. The embedding of
 * every language model meets that case, so it is written another way before a session sees it.
 */

import type { Value } from "../graph/graph.ts";
import { sizeOf } from "../tensor/shape.ts";
import { tensor } from "../tensor/tensor.ts";
import { reshape } from "./_gradient.ts";
import type { Builder } from "./operator.ts";
import type { Match, Rule } from "./rule.ts";
import { isZero } from "./rules-algebra.ts";

/** Most rows for which a product with a one-hot matrix beats ScatterElements, which is correct but runs on one thread. */
const mostOneHotRows = 512;

/** ScatterND that adds, multiplies or takes extrema at indices that may repeat: as a matrix product or ScatterElements. */
export const scatterSafely: Rule = (match) => {
  const { g, inputs, attributes } = match;
  const reduction = attributes.reduction as string;
  const [data, indices, updates] = inputs as [Value, Value, Value];
  const depth = indices.shape.at(-1) as number;
  const count = sizeOf(indices.shape.slice(0, -1));
  if (reduction === "none" || count <= 1 || depth === 0 || areDistinct(match, indices)) return undefined;
  const rows = sizeOf(data.shape.slice(0, depth));
  const width = sizeOf(data.shape.slice(depth));
  if (rows === 0 || width === 0) return undefined;

  const row = rowOf(g, indices, data.shape.slice(0, depth), count);
  const flat = reshape(g, data, [rows, width]);
  const added = reshape(g, updates, [count, width]);
  const result =
    reduction === "add" && data.dtype === "float32" && rows <= mostOneHotRows && width > 1
      ? g.op("Gemm", [oneHot(g, row, rows), added, ...(isZero(match, data) ? [] : [flat])], { transA: 1 })
      : g.op("ScatterElements", [flat, g.op("Expand", [row, g.ints([count, width])]), added], { axis: 0, reduction });
  return [reshape(g, result, data.shape)];
};

/** Number of the row that each index tuple names, [count, 1] int64, never negative. */
function rowOf(g: Builder, indices: Value, lengths: readonly number[], count: number): Value {
  const depth = lengths.length;
  const tuples = reshape(g, indices, [count, depth]);
  const inside = g.op("Mod", [tuples, g.constant(tensor("int64", [depth], lengths))]); // −1 names the last
  if (depth === 1) return inside;
  const strides = lengths.map((_, i) => sizeOf(lengths.slice(i + 1)));
  return g.op("ReduceSum", [g.op("Mul", [inside, g.constant(tensor("int64", [depth], strides))]), g.ints([1])], {
    keepdims: 1,
  });
}

/** [count, rows]: 1 where the row is the update's. */
function oneHot(g: Builder, row: Value, rows: number): Value {
  const all = g.constant(
    tensor(
      "int64",
      [rows],
      Array.from({ length: rows }, (_, i) => i),
    ),
  );
  return g.op("Cast", [g.op("Equal", [row, all])], { to: 1 });
}

/** True for index tuples with a constant column of distinct numbers (`[i, label of sample i]`). */
function areDistinct(match: Match, indices: Value): boolean {
  if (indices.constant !== undefined && indices.shape.at(-1) === 1) return isDistinct(indices.constant.data);
  const concat = match.producer(indices);
  const axis = concat?.attributes.axis?.value;
  if (concat?.op !== "Concat" || (axis !== -1 && axis !== indices.shape.length - 1)) return false;
  return concat.inputs.some(
    (part) => part?.constant !== undefined && part.shape.at(-1) === 1 && isDistinct(part.constant.data),
  );
}

/** True for numbers that name different rows; negative ones may name the same as positive ones. */
function isDistinct(data: ArrayLike<unknown>): boolean {
  const rows = Array.from(data, Number);
  return rows.every((row) => row >= 0) && new Set(rows).size === rows.length;
}
