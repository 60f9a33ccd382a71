/**
 * Matrix products.
 *
 * Shapes: M rows of the result, N its columns, K the length that is summed away. Gradients of 2-D products are `Gemm`
 * with transpose flags, which every target runs without moving data; batched ones are `MatMul` of a `Transpose` of the
 * last two axes, which the CPU target fuses.
 */

import type { Value } from "../graph/graph.ts";
import { broadcastShapes, formatShape, type Shape, sameShape, sizeOf } from "../tensor/shape.ts";
import { castTo, computeDType, rowSum, scaled } from "./_composed.ts";
import { reshape, unbroadcast, upstreamOf } from "./_gradient.ts";
import { failShape, inputOf, requireSameDType } from "./_infer.ts";
import { type Builder, float, int, type Operator } from "./operator.ts";

/** Attributes of {@link Gemm}. */
export interface GemmAttributes {
  alpha: number;
  beta: number;
  transA: number;
  transB: number;
}

/** Attributes of {@link FusedMatMul}. */
export interface FusedMatMulAttributes {
  alpha: number;
  transA: number;
  transB: number;
  transBatchA: number;
  transBatchB: number;
}

/** Shape of a product of stacks of matrices by NumPy's rule: a vector on the left is a row, on the right a column. */
function productShape(op: string, a: Shape, b: Shape): Shape {
  const fail = (rule: string): never => failShape(op, "multiply", `got ${formatShape(a)} by ${formatShape(b)}`, rule);
  if (a.length === 0 || b.length === 0) return fail("takes vectors and matrices, not scalars");
  const rowsOf = a.length === 1 ? [] : [a[a.length - 2] as number];
  const columnsOf = b.length === 1 ? [] : [b[b.length - 1] as number];
  const left = a[a.length - 1] as number;
  const right = b[Math.max(0, b.length - 2)] as number;
  if (left !== right) return fail(`the inner lengths ${left} and ${right} must be equal`);
  return [...broadcastShapes(op, a.slice(0, -2), b.slice(0, -2)), ...rowsOf, ...columnsOf];
}

/** Vectors as matrices: a [K] as [1, K], b [K] as [K, 1], and dy to fit. */
function asMatrices(g: Builder, a: Value, b: Value, dy: Value): [a: Value, b: Value, dy: Value] {
  const row = a.shape.length === 1;
  const column = b.shape.length === 1;
  if (!row && !column) return [a, b, dy];
  // What the vectors lack in dy: the second to last axis of the row, the last of the column.
  const rest = column ? [...dy.shape, 1] : [...dy.shape];
  if (row) rest.splice(rest.length - 1, 0, 1);
  return [row ? reshape(g, a, [1, ...a.shape]) : a, column ? reshape(g, b, [...b.shape, 1]) : b, reshape(g, dy, rest)];
}

/** True for one matrix on the right (its batch axes all 1) under any number on the left: a 2-D product of all rows at once. */
function isOneMatrix(a: Value, b: Value): boolean {
  return a.shape.length >= b.shape.length && sizeOf(b.shape.slice(0, -2)) === 1;
}

/** All leading axes as rows. */
function asRows(g: Builder, value: Value): Value {
  return reshape(g, value, [sizeOf(value.shape.slice(0, -1)), value.shape[value.shape.length - 1] as number]);
}

/** Attributes of a product without those at their default. */
function flags(given: Partial<FusedMatMulAttributes>): Record<string, number> {
  return Object.fromEntries(Object.entries(given).filter(([name, value]) => value !== (name === "alpha" ? 1 : 0)));
}

interface GemmGradient {
  readonly a: Value;
  readonly b: Value;
  readonly dy: Value;
  readonly alpha: number;
  readonly transA: number;
  readonly transB: number;
  readonly needs: readonly boolean[];
}

/**
 * Gradients of Y = alpha · op(A) · op(B), all 2-D, where op transposes or not:
 *
 * ```text
 * dA = alpha · dY · op(B)ᵀ, or its transpose alpha · op(B) · dYᵀ where A is stored transposed
 * dB = alpha · op(A)ᵀ · dY, or its transpose alpha · dYᵀ · op(A) where B is stored transposed
 * ```
 */
function gemmGradient(
  g: Builder,
  { a, b, dy, alpha, transA, transB, needs }: GemmGradient,
): [Value | null, Value | null] {
  const product = (left: Value, right: Value, transLeft: number, transRight: number): Value =>
    g.op("Gemm", [left, right], flags({ alpha, transA: transLeft, transB: transRight }));
  const da = () => (transA ? product(b, dy, transB, 1) : product(dy, b, 0, 1 - transB));
  const db = () => (transB ? product(dy, a, 1, transA) : product(a, dy, 1 - transA, 0));
  return [needs[0] ? da() : null, needs[1] ? db() : null];
}

/** The case {@link isOneMatrix} of a product: rows of all batches against one matrix. */
function rowsGradient(
  g: Builder,
  a: Value,
  b: Value,
  dy: Value,
  options: Omit<GemmGradient, "a" | "b" | "dy">,
): (Value | null)[] {
  const matrix = reshape(g, b, b.shape.slice(-2));
  const [da, db] = gemmGradient(g, { ...options, a: asRows(g, a), b: matrix, dy: asRows(g, dy) });
  return [da, db];
}

/** Puts gradients back into the shapes of the inputs, which differ from theirs by axes of length 1. */
function reshapeAll(
  g: Builder,
  gradients: readonly (Value | null)[],
  inputs: readonly (Value | null)[],
): (Value | null)[] {
  return gradients.map((gradient, i) => (gradient === null ? null : reshape(g, gradient, (inputs[i] as Value).shape)));
}

function transposed(g: Builder, value: Value): Value {
  const ndim = value.shape.length;
  const perm = Array.from({ length: ndim }, (_, axis) => (axis < ndim - 2 ? axis : 2 * ndim - 3 - axis));
  return g.op("Transpose", [value], { perm });
}

/** Product of vectors, matrices or stacks of matrices. dA = dY·Bᵀ, dB = Aᵀ·dY, summed over broadcast batch axes. */
export const MatMul: Operator = {
  since: 13,
  inputs: [2, 2],
  attributes: {},
  infer: (context) => {
    const [a, b] = [inputOf(context, 0), inputOf(context, 1)];
    requireSameDType(context.op, [a, b]);
    return [{ dtype: a.dtype, shape: productShape(context.op, a.shape, b.shape) }];
  },
  gradient: (context) => {
    const { g, inputs, needs } = context;
    const [a, b, dy] = asMatrices(g, inputOf(context, 0), inputOf(context, 1), upstreamOf(context));
    if (isOneMatrix(a, b))
      return reshapeAll(g, rowsGradient(g, a, b, dy, { alpha: 1, transA: 0, transB: 0, needs }), inputs);
    const da = needs[0] ? unbroadcast(g, g.op("MatMul", [dy, transposed(g, b)]), a.shape) : null;
    const db = needs[1] ? unbroadcast(g, g.op("MatMul", [transposed(g, a), dy]), b.shape) : null;
    return reshapeAll(g, [da, db], inputs);
  },
};

/** alpha · op(A) · op(B) + beta · C, with C broadcast to the product. Gradients: {@link gemmGradient}; dC = beta · dY, summed. */
export const Gemm: Operator<GemmAttributes> = {
  since: 13,
  inputs: [2, 3],
  attributes: { alpha: float(1), beta: float(1), transA: int(0), transB: int(0) },
  infer: (context) => {
    const { op, inputs, attributes } = context;
    const [a, b] = [inputOf(context, 0), inputOf(context, 1)];
    const c = inputs[2] ?? null;
    requireSameDType(op, c === null ? [a, b] : [a, b, c]);
    const received = `got ${formatShape(a.shape)} by ${formatShape(b.shape)}`;
    if (a.shape.length !== 2 || b.shape.length !== 2) failShape(op, "multiply", received, "both must have 2 axes");
    const [m, k] = attributes.transA ? a.shape.toReversed() : a.shape;
    const [k2, n] = attributes.transB ? b.shape.toReversed() : b.shape;
    if (k !== k2)
      failShape(
        op,
        "multiply",
        `${received} with transA ${attributes.transA}, transB ${attributes.transB}`,
        `the inner lengths ${k} and ${k2} must be equal`,
      );
    const shape = [m as number, n as number];
    if (c !== null && !sameShape(broadcastShapes(op, c.shape, shape), shape))
      failShape(op, "add C", `got ${formatShape(c.shape)}`, `must broadcast to ${formatShape(shape)}`);
    return [{ dtype: a.dtype, shape }];
  },
  gradient: (context) => {
    const { g, inputs, needs, attributes } = context;
    const dy = upstreamOf(context);
    const [da, db] = gemmGradient(g, { ...attributes, a: inputOf(context, 0), b: inputOf(context, 1), dy, needs });
    const c = inputs[2] ?? null;
    if (c === null) return [da, db];
    return [da, db, needs[2] ? scaled(g, biasGradient(g, dy, c.shape), attributes.beta) : null];
  },
};

/** Gradient of what was broadcast to [M, N]; the usual bias [N] or [1, N] by {@link rowSum}. */
function biasGradient(g: Builder, dy: Value, shape: Shape): Value {
  const columns = dy.shape[1] as number;
  const isRow = sizeOf(shape) === columns && shape[shape.length - 1] === columns;
  if (!isRow || dy.shape[0] === 1) return unbroadcast(g, dy, shape);
  return reshape(g, castTo(g, rowSum(g, castTo(g, dy, computeDType(dy.dtype))), dy.dtype), shape);
}

/** Moves the first axis behind the batch axes: [a, b..., n] is read as [b..., a, n]. */
function batchMoved(shape: Shape, transBatch: number): Shape {
  if (!transBatch) return shape;
  return [...shape.slice(1, -1), shape[0] as number, shape[shape.length - 1] as number];
}

/** The shape as FusedMatMul reads it: first the batch moved, then the last two axes swapped. Vectors stay vectors. */
function readShape(shape: Shape, trans: number, transBatch: number): Shape {
  const moved = batchMoved(shape, transBatch);
  return trans && shape.length > 1 ? [...moved.slice(0, -2), ...moved.slice(-2).toReversed()] : moved;
}

/** Undoes {@link batchMoved}: [b..., a, n] back to [a, b..., n]. */
function batchMovedBack(g: Builder, value: Value, transBatch: number): Value {
  const ndim = value.shape.length;
  if (!transBatch) return value;
  const batch = Array.from({ length: ndim - 2 }, (_, axis) => axis);
  return g.op("Transpose", [value], { perm: [ndim - 2, ...batch, ndim - 1] });
}

/**
 * ONNX Runtime's MatMul with transposes folded in, as its optimizer writes it (CPU and CUDA; not WebGPU).
 *
 * `transA` swaps the last two axes, which for a vector on the left means nothing; `transBatchA` moves the first axis behind the batch
 * axes before that. Its gradient is made of the same operator, with {@link gemmGradient}'s rule for the flags.
 */
export const FusedMatMul: Operator<FusedMatMulAttributes> = {
  domain: "com.microsoft",
  since: 1,
  inputs: [2, 2],
  attributes: { alpha: float(1), transA: int(0), transB: int(0), transBatchA: int(0), transBatchB: int(0) },
  infer: (context) => {
    const { transA, transB, transBatchA, transBatchB } = context.attributes;
    const [a, b] = [inputOf(context, 0), inputOf(context, 1)];
    requireSameDType(context.op, [a, b]);
    if (transA && b.shape.length === 1)
      failShape(
        context.op,
        "multiply",
        `got transA and a vector ${formatShape(b.shape)} on the right`,
        "ONNX Runtime computes that product wrongly",
      );
    if ((transBatchA || transBatchB) && (a.shape.length < 3 || a.shape.length !== b.shape.length))
      failShape(
        context.op,
        "multiply",
        `got ${formatShape(a.shape)} by ${formatShape(b.shape)}`,
        "with transBatchA or transBatchB both must have the same number of axes, at least 3",
      );
    const read = [readShape(a.shape, transA, transBatchA), readShape(b.shape, transB, transBatchB)] as const;
    return [{ dtype: a.dtype, shape: productShape(context.op, ...read) }];
  },
  gradient: (context) => {
    const { g, inputs, needs, attributes } = context;
    const { alpha, transBatchA, transBatchB } = attributes;
    const [a, b, dy] = asMatrices(g, inputOf(context, 0), inputOf(context, 1), upstreamOf(context));
    const transA = inputOf(context, 0).shape.length > 1 ? attributes.transA : 0;
    const transB = inputOf(context, 1).shape.length > 1 ? attributes.transB : 0;
    if (isOneMatrix(a, b) && !transA && !transBatchA && !transBatchB)
      return reshapeAll(g, rowsGradient(g, a, b, dy, { alpha, transA, transB, needs }), inputs);
    const product = (left: Value, right: Value, given: Partial<FusedMatMulAttributes>): Value =>
      g.op("FusedMatMul", [left, right], flags({ ...given, alpha }));
    const back = (gradient: Value, to: Value, transBatch: number): Value =>
      batchMovedBack(g, unbroadcast(g, gradient, batchMoved(to.shape, transBatch)), transBatch);
    const da = () =>
      transA
        ? product(b, dy, { transA: transB, transBatchA: transBatchB, transB: 1 })
        : product(dy, b, { transB: 1 - transB, transBatchB });
    const db = () =>
      transB
        ? product(dy, a, { transA: 1, transB: transA, transBatchB: transBatchA })
        : product(a, dy, { transA: 1 - transA, transBatchA });
    return reshapeAll(
      g,
      [needs[0] ? back(da(), a, transBatchA) : null, needs[1] ? back(db(), b, transBatchB) : null],
      inputs,
    );
  },
};
