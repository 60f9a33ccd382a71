/**
 * Reductions over axes, and the running sum.
 *
 * Axes are the optional second input (the form of opset 18) and must be constant; without them all axes are reduced,
 * or none with `noop_with_empty_axes`. In the formulas `y` and `dy` broadcast along the reduced axes.
 */

import type { Signature, Value } from "../graph/graph.ts";
import { isInteger } from "../tensor/dtype.ts";
import { normalizeAxis, type Shape, sizeOf, stridesOf } from "../tensor/shape.ts";
import { numbersOf, type Tensor, tensor } from "../tensor/tensor.ts";
import { castTo, expandTo, nonzero } from "./_composed.ts";
import { reshape, upstreamOf } from "./_gradient.ts";
import { constantInts, failShape, inputOf, sameAsFirst } from "./_infer.ts";
import { type Builder, type InferContext, int, type Operator } from "./operator.ts";

/** Attributes that all reductions share. */
export interface ReduceAttributes {
  keepdims: number;
  noop_with_empty_axes: number;
}

/** Attributes of {@link ArgMax} and {@link ArgMin}. */
export interface ArgAttributes {
  axis: number;
  keepdims: number;
  select_last_index: number;
}

/** What the formula of one reduction's gradient sees. */
interface Reduced {
  readonly g: Builder;
  readonly x: Value;
  /** Output, with the reduced axes kept at length 1. */
  readonly y: () => Value;
  /** Upstream gradient, with the reduced axes kept at length 1. */
  readonly dy: Value;
  readonly axes: readonly number[];
  /** Elements that went into one element of the output. */
  readonly count: number;
}

/** Reduced axes in ascending order, from the axes themselves or their absence. */
function reducedAxes(op: string, axes: readonly number[] | null, attributes: ReduceAttributes, ndim: number): number[] {
  if (axes === null || axes.length === 0)
    return attributes.noop_with_empty_axes === 1 ? [] : Array.from({ length: ndim }, (_, axis) => axis);
  const normalized = new Set(axes.map((axis) => normalizeAxis(op, axis, ndim)));
  if (normalized.size !== axes.length)
    failShape(op, "reduce axes", `got [${axes.join(", ")}]`, "each axis may be named once");
  return [...normalized].sort((a, b) => a - b);
}

function axesOf(context: Pick<InferContext<ReduceAttributes>, "inputs" | "attributes"> & { op: string }): number[] {
  const axes = context.inputs[1] ?? null;
  const given = axes === null ? null : constantInts(context.op, axes);
  return reducedAxes(context.op, given, context.attributes, inputOf(context, 0).shape.length);
}

/** Shape with the reduced axes at length 1. */
function keptShape(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
}

function reducedShape(shape: Shape, axes: readonly number[], keepdims: number): number[] {
  return keepdims === 0 ? shape.filter((_, axis) => !axes.includes(axis)) : keptShape(shape, axes);
}

/** Repeats a value along the reduced axes. */
function spread({ g, x }: Reduced, value: Value): Value {
  return expandTo(g, value, x.shape);
}

function reduction(
  op: string,
  since: number,
  gradient: (reduced: Reduced) => Value,
  combine?: (a: bigint, b: bigint) => bigint,
): Operator<ReduceAttributes> {
  const operator: Operator<ReduceAttributes> = {
    since,
    inputs: [1, 2],
    attributes: { keepdims: int(1), noop_with_empty_axes: int(0) },
    infer: (context) => {
      const { dtype, shape } = inputOf(context, 0);
      return [{ dtype, shape: reducedShape(shape, axesOf(context), context.attributes.keepdims) }];
    },
    gradient: (context) => {
      const { g, inputs, outputs, attributes } = context;
      const x = inputOf(context, 0);
      const axes = axesOf({ op, inputs, attributes });
      const kept = keptShape(x.shape, axes);
      return [
        gradient({
          g,
          x,
          y: () => reshape(g, outputs[0] as Value, kept),
          dy: reshape(g, upstreamOf(context), kept),
          axes,
          count: sizeOf(axes.map((axis) => x.shape[axis] as number)),
        }),
        null,
      ];
    },
  };
  if (combine === undefined) return operator;
  return {
    ...operator,
    fold: ([x, axes], attributes) => foldIntegers(op, x as Tensor, axes ?? null, attributes, combine),
  };
}

/** Reduces an integer constant exactly; the result wraps as ONNX Runtime's does. Empty reductions are left to it. */
function foldIntegers(
  op: string,
  x: Tensor,
  axes: Tensor | null,
  attributes: ReduceAttributes,
  combine: (a: bigint, b: bigint) => bigint,
): readonly Tensor[] | undefined {
  if (!isInteger(x.dtype) || x.data.length === 0 || x.dtype === "int4" || x.dtype === "uint4") return undefined;
  const reduced = reducedAxes(op, axes === null ? null : numbersOf(axes), attributes, x.shape.length);
  const strides = stridesOf(x.shape);
  const keptStrides = stridesOf(keptShape(x.shape, reduced));
  const result: (bigint | undefined)[] = new Array(sizeOf(keptShape(x.shape, reduced)));
  for (let i = 0; i < x.data.length; i++) {
    let at = 0;
    for (const [axis, length] of x.shape.entries())
      if (!reduced.includes(axis))
        at += (Math.floor(i / (strides[axis] as number)) % length) * (keptStrides[axis] as number);
    const element = BigInt(x.data[i] as number | bigint);
    const current = result[at];
    result[at] = current === undefined ? element : combine(current, element);
  }
  return [tensor(x.dtype, reducedShape(x.shape, reduced, attributes.keepdims), result as bigint[])];
}

/** dx = dy. */
export const ReduceSum: Operator<ReduceAttributes> = reduction(
  "ReduceSum",
  13,
  (r) => spread(r, r.dy),
  (a, b) => a + b,
);

/** dx = dy / count. */
export const ReduceMean: Operator<ReduceAttributes> = reduction("ReduceMean", 18, (r) =>
  spread(r, r.count === 1 ? r.dy : r.g.op("Mul", [r.dy, r.g.scalar(1 / r.count, r.dy.dtype)])),
);

/**
 * dx = [x = y] · dy / ties: every one of several equal extremes gets its share, as elementwise Max and Min do it.
 * (ONNX Runtime's training build gave each the whole gradient, which made tied float16 values diverge.)
 */
function extremeGradient({ g, x, y, dy, axes, count }: Reduced): Value {
  if (count === 1) return dy;
  const mask = castTo(g, g.op("Equal", [x, y()]), x.dtype);
  const ties = g.op("ReduceSum", [mask, g.ints(axes)]);
  return g.op("Mul", [mask, g.op("Div", [dy, ties])]);
}

// Math.max and Math.min take no bigint.
const larger = (a: bigint, b: bigint): bigint => [a, b][Number(a < b)] as bigint;
const smaller = (a: bigint, b: bigint): bigint => [a, b][Number(b < a)] as bigint;

/** Gradient: {@link extremeGradient}, which divides it among ties. */
export const ReduceMax: Operator<ReduceAttributes> = reduction("ReduceMax", 20, extremeGradient, larger);

/** Gradient: {@link extremeGradient}, which divides it among ties. */
export const ReduceMin: Operator<ReduceAttributes> = reduction("ReduceMin", 20, extremeGradient, smaller);

/**
 * Products of all elements of axis 1 but one, of x [outer, n, inner]: (product before) · (product after), each by a scan
 * in log2(n) doubling steps. No division, so zeros in the data are as right as any other number, in every order.
 */
function exclusiveProducts(g: Builder, x: Value): Value {
  const n = x.shape[1] as number;
  const one = g.scalar(1, x.dtype);
  const shift = (value: Value, by: number, forward: boolean): Value => {
    const [start, end] = forward ? [0, n - by] : [by, n];
    const kept = g.op("Slice", [value, g.ints([start]), g.ints([end]), g.ints([1])]);
    return g.op("Pad", [kept, g.ints(forward ? [0, by, 0, 0, 0, 0] : [0, 0, 0, 0, by, 0]), one]);
  };
  const scan = (forward: boolean): Value => {
    let product = shift(x, 1, forward);
    // The first element that `product` lacks is n − 1 places away, so steps up to n − 2 suffice.
    for (let by = 1; by < n - 1; by *= 2) product = g.op("Mul", [product, shift(product, by, forward)]);
    return product;
  };
  return g.op("Mul", [scan(true), scan(false)]);
}

/** dx = dy · (product of the other elements). */
function productGradient({ g, x, dy, axes, count }: Reduced): Value {
  if (count === 1) return dy;
  const others = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const first = axes[0] as number;
  const last = axes[axes.length - 1] as number;
  if (last - first === axes.length - 1) {
    const outer = sizeOf(x.shape.slice(0, first));
    const products = exclusiveProducts(g, reshape(g, x, [outer, count, sizeOf(x.shape.slice(last + 1))]));
    return g.op("Mul", [reshape(g, products, x.shape), dy]);
  }
  const order = [...others, ...axes];
  const moved = g.op("Transpose", [x], { perm: order });
  const products = exclusiveProducts(g, reshape(g, moved, [sizeOf(x.shape) / count, count, 1]));
  const back = order.map((_, axis) => order.indexOf(axis));
  return g.op("Mul", [g.op("Transpose", [reshape(g, products, moved.shape)], { perm: back }), dy]);
}

/** Gradient exact also where elements are zero: {@link productGradient}. */
export const ReduceProd: Operator<ReduceAttributes> = reduction("ReduceProd", 18, productGradient, (a, b) => a * b);

/** dx = 2·x·dy. */
export const ReduceSumSquare: Operator<ReduceAttributes> = reduction("ReduceSumSquare", 18, ({ g, x, dy }) =>
  g.op("Mul", [x, g.op("Mul", [dy, g.scalar(2, dy.dtype)])]),
);

/** dx = sign(x)·dy. */
export const ReduceL1: Operator<ReduceAttributes> = reduction("ReduceL1", 18, ({ g, x, dy }) =>
  g.op("Mul", [g.op("Sign", [x]), dy]),
);

/** dx = x·dy/y, and 0 where the whole slice is 0 (PyTorch's choice of subgradient). */
export const ReduceL2: Operator<ReduceAttributes> = reduction("ReduceL2", 18, ({ g, x, y, dy }) =>
  g.op("Mul", [x, g.op("Div", [dy, nonzero(g, y())])]),
);

/** dx = dy / Σx = dy·exp(−y). */
export const ReduceLogSum: Operator<ReduceAttributes> = reduction("ReduceLogSum", 18, (r) =>
  spread(r, r.g.op("Mul", [r.dy, r.g.op("Exp", [r.g.op("Neg", [r.y()])])])),
);

/** dx = dy·exp(x − y). */
export const ReduceLogSumExp: Operator<ReduceAttributes> = reduction("ReduceLogSumExp", 18, ({ g, x, y, dy }) =>
  g.op("Mul", [g.op("Exp", [g.op("Sub", [x, y()])]), dy]),
);

const argExtreme: Operator<ArgAttributes> = {
  since: 13,
  inputs: [1, 1],
  attributes: { axis: int(0), keepdims: int(1), select_last_index: int(0) },
  infer: (context) => {
    const { shape } = inputOf(context, 0);
    const axis = normalizeAxis(context.op, context.attributes.axis, shape.length);
    return [{ dtype: "int64", shape: reducedShape(shape, [axis], context.attributes.keepdims) }];
  },
  gradient: "none",
};

/** Index of the largest element along one axis; the first of several unless `select_last_index`. */
export const ArgMax: Operator<ArgAttributes> = argExtreme;

/** Index of the smallest element along one axis; the first of several unless `select_last_index`. */
export const ArgMin: Operator<ArgAttributes> = argExtreme;

/** Attributes of {@link CumSum}. */
export interface CumSumAttributes {
  exclusive: number;
  reverse: number;
}

/** Running sum along a constant axis (second input). dx = the running sum of dy in the other direction. */
export const CumSum: Operator<CumSumAttributes> = {
  since: 14,
  inputs: [2, 2],
  attributes: { exclusive: int(0), reverse: int(0) },
  infer: (context): Signature[] => {
    const axes = constantInts(context.op, inputOf(context, 1));
    if (axes.length !== 1) failShape(context.op, "sum along axes", `got [${axes.join(", ")}]`, "takes one axis");
    normalizeAxis(context.op, axes[0] as number, inputOf(context, 0).shape.length);
    return sameAsFirst(context);
  },
  gradient: ({ g, inputs, attributes: { exclusive, reverse }, upstream }) => [
    g.op("CumSum", [upstreamOf({ upstream }), inputs[1] as Value], { exclusive, reverse: 1 - reverse }),
    null,
  ],
};
