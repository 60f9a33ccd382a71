/**
 * Reading images between their pixels, at positions computed at run time: what samplers stand for when they are differentiated.
 *
 * Suffixes: B sets of points (usually images), Q points of each, K pixels that a point reads along one axis, T = K^axes pixels that it
 * reads, S pixels of an image, C channels.
 */

import type { Value } from "../graph/graph.ts";
import { onnxTypeOf } from "../tensor/dtype.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { tensor } from "../tensor/tensor.ts";
import { castTo } from "./_composed.ts";
import { type Formula, formula } from "./_formula.ts";
import { reshape } from "./_gradient.ts";
import type { Builder } from "./operator.ts";

/** Which pixels around a position count. */
export type Neighbours = "nearest" | "linear" | "cubic";

/** What stands beyond the edge of an image. With "reflection" the edge is a pixel's middle, or half a pixel further out. */
export type Padding = "zeros" | "border" | "reflection" | "reflection of half pixels";

/** Positions along one axis of the images. */
export interface Coordinate {
  /** In pixels, 0 the middle of the first: [B, Q]. */
  readonly position: Value;
  /** Length of the axis. */
  readonly length: number;
}

/**
 * Weight of each pixel read along an axis as a polynomial in t, the distance from the pixel below the position: coefficients of 1, t, t²,
 * t³. The first pixel is `first` after that below. Cubic is Keys' convolution with a = −0.75.
 */
const weightsOf: Readonly<
  Record<Neighbours, { readonly first: number; readonly coefficients: readonly (readonly number[])[] }>
> = {
  nearest: { first: 0, coefficients: [[1]] },
  linear: {
    first: 0,
    coefficients: [
      [1, -1],
      [0, 1],
    ],
  },
  cubic: {
    first: -1,
    coefficients: [
      [0, -0.75, 1.5, -0.75],
      [1, 0, -2.25, 1.25],
      [0, 0.75, 1.5, -1.25],
      [0, 0, -0.75, 0.75],
    ],
  },
};

/** The numbers of one column of the coefficients, [K, 1, 1]. */
function column(g: Builder, rows: readonly (readonly number[])[], power: number, like: Value): Value {
  return g.constant(
    tensor(
      like.dtype,
      [rows.length, 1, 1],
      rows.map((row) => row[power] ?? 0),
    ),
  );
}

/** Triangle wave that is `cell` within [0, length − 1] and turns at the edges. */
function reflected(f: Formula, cell: Value, length: number, margin: number): Value {
  const range = length - 1 + 2 * margin;
  if (range === 0) return f("Mul", cell, 0);
  const distance = f("Abs", f("Add", cell, margin));
  const turns = f("Floor", f("Mul", distance, 1 / (2 * range)));
  const phase = f("Sub", distance, f("Mul", turns, 2 * range));
  return f("Sub", range - margin, f("Abs", f("Sub", phase, range)));
}

/** The pixels that points read along one axis. */
interface Taps {
  /** int32 [K, B, Q], all inside. */
  readonly index: Value;
  /** [K, B, Q]; undefined where all are 1. */
  readonly weight: Value | undefined;
}

function tapsOf(g: Builder, { position, length }: Coordinate, neighbours: Neighbours, padding: Padding): Taps {
  const f = formula(g, position.dtype);
  const { first, coefficients } = weightsOf[neighbours];
  const point = reshape(g, position, [1, ...position.shape]);
  const base = f(neighbours === "nearest" ? "Round" : "Floor", point);
  const steps = coefficients.map((_, k) => first + k);
  const cell =
    steps.length === 1
      ? base
      : f(
          "Add",
          base,
          column(
            g,
            steps.map((step) => [step]),
            0,
            position,
          ),
        );
  let weight: Value | undefined;
  if (neighbours !== "nearest") {
    const t = f("Sub", point, base);
    const powers = (coefficients[0] as readonly number[]).length;
    for (let power = powers - 1; power >= 0; power--) {
      const term = column(g, coefficients, power, position);
      weight = weight === undefined ? term : f("Add", f("Mul", weight, t), term);
    }
  }
  const placed = padding.startsWith("reflection")
    ? reflected(f, cell, length, padding === "reflection" ? 0 : 0.5)
    : cell;
  const inside = f("Clip", placed, 0, length - 1);
  if (padding === "zeros") {
    const mask = castTo(g, f("Equal", cell, inside), position.dtype);
    weight = weight === undefined ? mask : f("Mul", weight, mask);
  }
  return { index: g.op("Cast", [inside], { to: onnxTypeOf("int32") }), weight };
}

/** Puts the K of axis `axis` of `count` where it is multiplied out with those of the others: [1…, K, 1…, B, Q]. */
function spreadOut(g: Builder, value: Value, axis: number, count: number): Value {
  const [taps, ...points] = value.shape as [number, number, number];
  const shape = Array.from({ length: count }, (_, i) => (i === axis ? taps : 1));
  return reshape(g, value, [...shape, ...points]);
}

/** The pixels that each point reads, before they are summed. */
export interface Samples {
  /** [T, B, Q, C]. */
  readonly values: Value;
  /** [T, B, Q, 1]; undefined where all are 1. */
  readonly weights: Value | undefined;
}

/**
 * Reads pixels around points.
 *
 * @param rows - Pixels of all images, one row of channels each: [images·S, C].
 * @param first - Row at which the image of each set of points begins: int32 [B, 1].
 * @param coordinates - One for each axis of the images, slowest first.
 */
export function samplesAt(
  g: Builder,
  rows: Value,
  first: Value,
  coordinates: readonly Coordinate[],
  neighbours: Neighbours,
  padding: Padding,
): Samples {
  const count = coordinates.length;
  const lengths = coordinates.map(({ length }) => length);
  const integers = formula(g, "int32");
  let index = reshape(g, first, [...lengths.map(() => 1), ...first.shape]);
  let weight: Value | undefined;
  for (const [axis, coordinate] of coordinates.entries()) {
    const taps = tapsOf(g, coordinate, neighbours, padding);
    const stride = sizeOf(lengths.slice(axis + 1));
    const offset = stride === 1 ? taps.index : integers("Mul", taps.index, stride);
    index = integers("Add", index, spreadOut(g, offset, axis, count));
    if (taps.weight === undefined) continue;
    const factor = spreadOut(g, taps.weight, axis, count);
    weight = weight === undefined ? factor : g.op("Mul", [weight, factor]);
  }
  const points = (coordinates[0] as Coordinate).position.shape;
  const flat: Shape = [sizeOf(index.shape.slice(0, count)), ...points];
  return {
    values: g.op("Gather", [rows, reshape(g, index, flat)], { axis: 0 }),
    weights: weight && reshape(g, weight, [...flat, 1]),
  };
}

/** Sum of the pixels that each point reads, with their weights: [B, Q, C]. Arguments as for {@link samplesAt}. */
export function interpolated(...where: Parameters<typeof samplesAt>): Value {
  const [g] = where;
  const { values, weights } = samplesAt(...where);
  const weighted = weights === undefined ? values : g.op("Mul", [values, weights]);
  return values.shape[0] === 1
    ? reshape(g, weighted, values.shape.slice(1))
    : g.op("ReduceSum", [weighted, g.ints([0])], { keepdims: 0 });
}

/** Pixels as rows of channels, image after image: [N, C, spatial…] → [N·S, C]. */
export function pixelRows(g: Builder, images: Value): Value {
  const [, channels, ...spatial] = images.shape as [number, number, ...number[]];
  const last = g.op("Transpose", [images], { perm: [0, ...spatial.map((_, i) => i + 2), 1] });
  return reshape(g, last, [sizeOf(last.shape) / Math.max(channels, 1), channels]);
}

/** Where the pixels of each of `count` images begin among the rows, [count, 1]. */
export function imageStarts(g: Builder, count: number, pixels: number): Value {
  return g.constant(
    tensor(
      "int32",
      [count, 1],
      Array.from({ length: count }, (_, i) => i * pixels),
    ),
  );
}

/**
 * Middles of `length` pixels in [−1, 1], or with `alignCorners` from −1 to 1 (a single one is then at 1, as Eigen's LinSpaced has it).
 */
export function axisPoints(length: number, alignCorners: boolean): number[] {
  if (alignCorners) return Array.from({ length }, (_, i) => (length === 1 ? 1 : -1 + (2 * i) / (length - 1)));
  return Array.from({ length }, (_, i) => (2 * i + 1) / length - 1);
}
