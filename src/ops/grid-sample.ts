/** Sampling images at a grid of positions, and the grids of affine maps: the two halves of a spatial transformer. */

import type { Value } from "../graph/graph.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
import { tensor } from "../tensor/tensor.ts";
import { throughBody } from "./_body.ts";
import { castTo, computeDType } from "./_composed.ts";
import { floats } from "./_elementwise.ts";
import { formula } from "./_formula.ts";
import { reshape, upstreamOf } from "./_gradient.ts";
import { constantInts, failShape, inputOf, requireDType, requireSameDType } from "./_infer.ts";
import { axisPoints, imageStarts, interpolated, type Neighbours, type Padding, pixelRows } from "./_sample.ts";
import { type Body, type Builder, int, type Operator, string } from "./operator.ts";

interface GridSampleAttributes {
  align_corners: number;
  mode: string;
  padding_mode: string;
}

/** From [−1, 1] to pixels: [B, Q, axes] → per axis of the image, slowest first, [B, Q]. The grid has the fastest first. */
function pixelPositions(g: Builder, grid: Value, lengths: readonly number[], alignCorners: boolean): Value[] {
  const f = formula(g, grid.dtype);
  const count = lengths.length;
  const perAxis = lengths.toReversed();
  const constant = (values: readonly number[]): Value => g.constant(tensor(grid.dtype, [count], values));
  const shifted = f("Add", grid, 1);
  const position = alignCorners
    ? f("Mul", f("Mul", shifted, 0.5), constant(perAxis.map((length) => length - 1)))
    : f("Mul", f("Sub", f("Mul", shifted, constant(perAxis)), 1), 0.5);
  const [batch, points] = grid.shape as [number, number];
  return g
    .ops("Split", [position], { axis: -1, num_outputs: count }, count)
    .map((part) => reshape(g, part, [batch, points]))
    .reverse();
}

const sampledGrid: Body<GridSampleAttributes> = ({ g, inputs, attributes }) => {
  const [x, grid] = inputs as [Value, Value];
  const [batch, channels, ...lengths] = x.shape as [number, number, ...number[]];
  const outer = grid.shape.slice(1, -1);
  const dtype = computeDType(x.dtype);
  const alignCorners = attributes.align_corners === 1;
  const points = reshape(g, castTo(g, grid, dtype), [batch, sizeOf(outer), lengths.length]);
  const positions = pixelPositions(g, points, lengths, alignCorners);
  const reflection: Padding = alignCorners ? "reflection" : "reflection of half pixels";
  const sampled = interpolated(
    g,
    castTo(g, pixelRows(g, x), dtype),
    imageStarts(g, batch, sizeOf(lengths)),
    positions.map((position, axis) => ({ position, length: lengths[axis] as number })),
    attributes.mode as Neighbours,
    attributes.padding_mode === "reflection" ? reflection : (attributes.padding_mode as Padding),
  );
  const channelsFirst = g.op("Transpose", [sampled], { perm: [0, 2, 1] });
  return [castTo(g, reshape(g, channelsFirst, [batch, channels, ...outer]), x.dtype)];
};

/**
 * Reads images [N, C, spatial…] at the positions of a grid [N, outer…, axes], whose last axis is (x, y) or (x, y, z) in [−1, 1]. Two
 * axes, or three without cubic.
 *
 * The gradient by X adds into pixels; that by the grid is 0 for mode nearest, and one-sided where a position is on a pixel.
 */
export const GridSample: Operator<GridSampleAttributes> = {
  since: 20,
  inputs: [2, 2],
  attributes: { align_corners: int(0), mode: string("linear"), padding_mode: string("zeros") },
  infer: (context) => {
    const { op, attributes } = context;
    const [x, grid] = [inputOf(context, 0), inputOf(context, 1)];
    requireDType(op, x, floats);
    requireSameDType(op, [x, grid]);
    const [batch, channels, ...lengths] = x.shape as [number, number, ...number[]];
    const axes = lengths.length;
    if (axes < 2 || axes > 3 || grid.shape.length !== axes + 2 || grid.shape[0] !== batch || grid.shape.at(-1) !== axes)
      failShape(
        op,
        `sample ${formatShape(x.shape)}`,
        `got grid ${formatShape(grid.shape)}`,
        "needs [N, C, H, W] and [N, h, w, 2], or [N, C, D, H, W] and [N, d, h, w, 3]",
      );
    const { mode, padding_mode: padding, align_corners: alignCorners } = attributes;
    const modes = axes === 2 ? ["linear", "nearest", "cubic"] : ["linear", "nearest"];
    if (!modes.includes(mode)) failShape(op, "use mode", `got "${mode}"`, `must be ${modes.join(", ")}`);
    if (!["zeros", "border", "reflection"].includes(padding))
      failShape(op, "use padding_mode", `got "${padding}"`, "must be zeros, border or reflection");
    // ONNX Runtime 1.30 divides by that distance, and reads out of bounds.
    if (padding === "reflection" && alignCorners === 1 && lengths.includes(1))
      failShape(op, "reflect", `got ${formatShape(x.shape)} with align_corners`, "edges must be apart");
    return [{ dtype: x.dtype, shape: [batch, channels, ...grid.shape.slice(1, -1)] }];
  },
  gradient: throughBody(sampledGrid),
};

interface AffineGridAttributes {
  align_corners: number;
}

/**
 * Positions that affine maps theta, [N, 2, 3] or [N, 3, 4], give the pixels of an image of `size` (constant): [N, C, H, W] → [N, H, W, 2],
 * or [N, C, D, H, W] → [N, D, H, W, 3]. It is linear in theta.
 */
export const AffineGrid: Operator<AffineGridAttributes> = {
  since: 20,
  inputs: [2, 2],
  attributes: { align_corners: int(0) },
  infer: (context) => {
    const theta = inputOf(context, 0);
    const [batch, , ...lengths] = constantInts(context.op, inputOf(context, 1)) as [number, number, ...number[]];
    const axes = lengths.length;
    if (axes < 2 || axes > 3 || formatShape(theta.shape) !== formatShape([batch, axes, axes + 1]))
      failShape(
        context.op,
        `map pixels of ${formatShape([batch, ...lengths])}`,
        `got theta ${formatShape(theta.shape)}`,
        "needs [N, 2, 3] for N images with two axes, or [N, 3, 4] with three",
      );
    return [{ dtype: theta.dtype, shape: [batch, ...lengths, axes] }];
  },
  // Column j of theta multiplies the coordinate along an axis, so dy summed over the other axes is all it needs; the last adds.
  gradient: (context) => {
    const { g, attributes } = context;
    const dy = upstreamOf(context);
    const [batch, ...lengths] = dy.shape.slice(0, -1) as [number, ...number[]];
    const sumOver = (axes: readonly number[]): Value => g.op("ReduceSum", [dy, g.ints(axes)], { keepdims: 0 });
    const spatial = lengths.map((_, i) => i + 1);
    const columns = spatial.toReversed().map((axis) => {
      const length = lengths[axis - 1] as number;
      const points = axisPoints(length, attributes.align_corners === 1);
      const along = sumOver(spatial.filter((other) => other !== axis));
      const product = g.op("MatMul", [g.constant(tensor(dy.dtype, [1, length], points)), along]);
      return reshape(g, product, [batch, lengths.length, 1]);
    });
    const shift = reshape(g, sumOver(spatial), [batch, lengths.length, 1]);
    return [g.op("Concat", [...columns, shift], { axis: 2 }), null];
  },
};
