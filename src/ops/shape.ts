/** Operators that give the elements another shape or order, or repeat them: no arithmetic, no selection. */

import type { Value } from "../graph/graph.ts";
import { broadcastShapes, formatShape, normalizeAxis, type Shape, sizeOf, stridesOf } from "../tensor/shape.ts";
import { numbersOf, type Tensor } from "../tensor/tensor.ts";
import { broadcastStrides, isPlain, isSmall, reshaped, strided } from "./_fold-shape.ts";
import { reshape, unbroadcast, upstreamOf } from "./_gradient.ts";
import { constantInts, failShape, inputOf, sameAsFirst } from "./_infer.ts";
import { type GradientRule, int, type Operator, optional, string } from "./operator.ts";

/** Reshapes the upstream gradient back: the rule of everything that only renames axes. */
const reshapeBack: GradientRule<unknown> = ({ g, inputs, upstream }) => [
  reshape(g, upstream[0] as Value, (inputs[0] as Value).shape),
];

/** y = x. */
export const Identity: Operator = {
  since: 21,
  inputs: [1, 1],
  attributes: {},
  infer: sameAsFirst,
  gradient: (context) => [upstreamOf(context)],
  fold: ([x]) => [x as Tensor],
};

interface ReshapeAttributes {
  allowzero: number;
}

/** The shape that a Reshape target means: 0 copies the input's length (unless `allowzero`), one −1 is what remains. */
function reshapeTarget(input: Shape, target: readonly number[], allowzero: number): Shape {
  const fail = (rule: string): never =>
    failShape("Reshape", `reshape ${formatShape(input)}`, `got target ${formatShape(target)}`, rule);
  const shape = target.map((length, axis) => {
    if (length !== 0 || allowzero !== 0) return length;
    return input[axis] ?? fail(`0 copies an axis, and the input has no axis ${axis}`);
  });
  const free = shape.flatMap((length, axis) => (length === -1 ? [axis] : []));
  if (free.length > 1) return fail("at most one length may be -1");
  if (shape.some((length) => length < -1)) return fail("lengths must be at least -1");
  const [axis] = free;
  if (axis !== undefined) {
    if (allowzero !== 0 && target.includes(0)) return fail("with allowzero, 0 and -1 exclude each other");
    const known = sizeOf(shape.toSpliced(axis, 1));
    shape[axis] = sizeOf(input) === 0 && known === 0 ? 0 : sizeOf(input) / known;
  }
  if (!shape.every(Number.isInteger) || sizeOf(shape) !== sizeOf(input))
    return fail(`the input has ${sizeOf(input)} elements`);
  return shape;
}

/** The target shape is a constant input. */
export const Reshape: Operator<ReshapeAttributes> = {
  since: 21,
  inputs: [2, 2],
  attributes: { allowzero: int(0) },
  infer: ({ op, inputs, attributes }) => {
    const [x, target] = inputs as [Value, Value];
    return [{ dtype: x.dtype, shape: reshapeTarget(x.shape, constantInts(op, target), attributes.allowzero) }];
  },
  gradient: reshapeBack,
  fold: ([x, target], { allowzero }) => {
    const value = x as Tensor;
    return [reshaped(value, reshapeTarget(value.shape, numbersOf(target as Tensor), allowzero))];
  },
};

interface TransposeAttributes {
  perm: readonly number[] | null;
}

/** Output axis i is input axis perm[i]; without `perm`, axes are reversed. */
function permutation(shape: Shape, perm: readonly number[] | null): readonly number[] {
  return perm ?? shape.map((_, axis) => shape.length - 1 - axis);
}

/** dx is dy under the inverse permutation. */
export const Transpose: Operator<TransposeAttributes> = {
  since: 21,
  inputs: [1, 1],
  attributes: { perm: optional("ints") },
  infer: (context) => {
    const { dtype, shape } = inputOf(context, 0);
    const perm = permutation(shape, context.attributes.perm);
    if (perm.length !== shape.length || shape.some((_, axis) => !perm.includes(axis)))
      failShape(
        "Transpose",
        `permute ${formatShape(shape)}`,
        `got perm ${formatShape(perm)}`,
        "must name each axis once",
      );
    return [{ dtype, shape: perm.map((axis) => shape[axis] as number) }];
  },
  gradient: ({ g, inputs, attributes, upstream }) => {
    const perm = permutation((inputs[0] as Value).shape, attributes.perm);
    return [g.op("Transpose", [upstream[0] as Value], { perm: perm.map((_, axis) => perm.indexOf(axis)) })];
  },
  fold: ([x], attributes) => {
    const value = x as Tensor;
    if (!isPlain(value)) return undefined;
    const perm = permutation(value.shape, attributes.perm);
    const strides = stridesOf(value.shape);
    return [
      strided(
        value,
        perm.map((axis) => value.shape[axis] as number),
        perm.map((axis) => strides[axis] as number),
      ),
    ];
  },
};

function squeezedShape(shape: Shape, axes: readonly number[] | undefined): Shape {
  const dropped = new Set(axes?.map((axis) => normalizeAxis("Squeeze", axis, shape.length)));
  for (const axis of dropped)
    if (shape[axis] !== 1)
      failShape(
        "Squeeze",
        `drop axis ${axis} of ${formatShape(shape)}`,
        `its length is ${shape[axis]}`,
        "only axes of length 1 can be dropped",
      );
  return shape.filter((length, axis) => (axes === undefined ? length !== 1 : !dropped.has(axis)));
}

/** Drops axes of length 1: those of the constant input `axes`, or all. */
export const Squeeze: Operator = {
  since: 21,
  inputs: [1, 2],
  attributes: {},
  infer: ({ op, inputs }) => {
    const [x, axes] = inputs as [Value, Value?];
    return [{ dtype: x.dtype, shape: squeezedShape(x.shape, axes ? constantInts(op, axes) : undefined) }];
  },
  gradient: reshapeBack,
  fold: ([x, axes]) => {
    const value = x as Tensor;
    return [reshaped(value, squeezedShape(value.shape, axes ? numbersOf(axes) : undefined))];
  },
};

function unsqueezedShape(shape: Shape, axes: readonly number[]): Shape {
  const ndim = shape.length + axes.length;
  const added = new Set(axes.map((axis) => normalizeAxis("Unsqueeze", axis, ndim)));
  if (added.size !== axes.length)
    failShape(
      "Unsqueeze",
      `add axes to ${formatShape(shape)}`,
      `got axes ${formatShape(axes)}`,
      "must name each axis once",
    );
  const lengths = [...shape];
  return Array.from({ length: ndim }, (_, axis) => (added.has(axis) ? 1 : (lengths.shift() as number)));
}

/** Adds axes of length 1 at the places they have in the output. */
export const Unsqueeze: Operator = {
  since: 21,
  inputs: [2, 2],
  attributes: {},
  infer: ({ op, inputs }) => {
    const [x, axes] = inputs as [Value, Value];
    return [{ dtype: x.dtype, shape: unsqueezedShape(x.shape, constantInts(op, axes)) }];
  },
  gradient: reshapeBack,
  fold: ([x, axes]) => {
    const value = x as Tensor;
    return [reshaped(value, unsqueezedShape(value.shape, numbersOf(axes as Tensor)))];
  },
};

interface FlattenAttributes {
  axis: number;
}

function flattenedShape(shape: Shape, axis: number): Shape {
  const cut = axis === shape.length ? axis : normalizeAxis("Flatten", axis, shape.length);
  return [sizeOf(shape.slice(0, cut)), sizeOf(shape.slice(cut))];
}

/** Always to two axes: those before `axis` and the rest. */
export const Flatten: Operator<FlattenAttributes> = {
  since: 21,
  inputs: [1, 1],
  attributes: { axis: int(1) },
  infer: (context) => {
    const { dtype, shape } = inputOf(context, 0);
    return [{ dtype, shape: flattenedShape(shape, context.attributes.axis) }];
  },
  gradient: reshapeBack,
  fold: ([x], { axis }) => [reshaped(x as Tensor, flattenedShape((x as Tensor).shape, axis))],
};

/** Broadcasts both ways: where the target says 1 the input's own length stays. */
export const Expand: Operator = {
  since: 13,
  inputs: [2, 2],
  attributes: {},
  infer: ({ op, inputs }) => {
    const [x, target] = inputs as [Value, Value];
    return [{ dtype: x.dtype, shape: broadcastShapes(op, x.shape, constantInts(op, target)) }];
  },
  gradient: ({ g, inputs, upstream }) => [unbroadcast(g, upstream[0] as Value, (inputs[0] as Value).shape), null],
  fold: ([x, target]) => {
    const value = x as Tensor;
    const shape = broadcastShapes("Expand", value.shape, numbersOf(target as Tensor));
    return isPlain(value) && isSmall(shape) ? [strided(value, shape, broadcastStrides(value.shape, shape))] : undefined;
  },
};

/** dx sums dy over the repeats: reshape each repeated axis to [repeats, length] and reduce. */
export const Tile: Operator = {
  since: 13,
  inputs: [2, 2],
  attributes: {},
  infer: ({ op, inputs }) => {
    const [x, repeats] = inputs as [Value, Value];
    const counts = constantInts(op, repeats);
    if (counts.length !== x.shape.length || counts.some((count) => count < 0))
      failShape(
        op,
        `tile ${formatShape(x.shape)}`,
        `got repeats ${formatShape(counts)}`,
        "needs one count of at least 0 per axis",
      );
    return [{ dtype: x.dtype, shape: x.shape.map((length, axis) => length * (counts[axis] as number)) }];
  },
  gradient: ({ g, inputs, upstream }) => {
    const [x, repeats] = inputs as [Value, Value];
    const counts = constantInts("Tile", repeats);
    const axes: number[] = [];
    const split: number[] = [];
    for (const [axis, length] of x.shape.entries()) {
      const count = counts[axis] as number;
      if (count !== 1) axes.push(split.push(count) - 1);
      split.push(length);
    }
    if (axes.length === 0) return [upstream[0] as Value, null];
    return [g.op("ReduceSum", [reshape(g, upstream[0] as Value, split), g.ints(axes)], { keepdims: 0 }), null];
  },
  fold: ([x, repeats]) => {
    const value = x as Tensor;
    const counts = numbersOf(repeats as Tensor);
    const shape = value.shape.map((length, axis) => length * (counts[axis] as number));
    if (!isPlain(value) || !isSmall(shape)) return undefined;
    const strides = stridesOf(value.shape);
    const split = value.shape.flatMap((length, axis) => [counts[axis] as number, length]);
    return [
      reshaped(
        strided(
          value,
          split,
          strides.flatMap((stride) => [0, stride]),
        ),
        shape,
      ),
    ];
  },
};

interface BlockAttributes {
  blocksize: number;
}

interface DepthToSpaceAttributes extends BlockAttributes {
  mode: string;
}

/** [batch, channels, height, width], or throws. */
function imageShape(op: string, shape: Shape, fits: boolean, blocksize: number): [number, number, number, number] {
  if (shape.length !== 4 || !fits || blocksize < 1)
    failShape(
      op,
      `rearrange ${formatShape(shape)}`,
      `got blocksize ${blocksize}`,
      "needs NCHW lengths that the block divides",
    );
  return shape as unknown as [number, number, number, number];
}

/** Channels to blocks of pixels. `DCR`: channels are [block, block, depth]; `CRD`: [depth, block, block]. */
export const DepthToSpace: Operator<DepthToSpaceAttributes> = {
  since: 13,
  inputs: [1, 1],
  attributes: { blocksize: int(), mode: string("DCR") },
  infer: (context) => {
    const { blocksize: b, mode } = context.attributes;
    const { dtype, shape } = inputOf(context, 0);
    const [n, c, h, w] = imageShape(context.op, shape, (shape[1] ?? 0) % b ** 2 === 0, b);
    if (mode !== "DCR" && mode !== "CRD") failShape(context.op, "use mode", `got "${mode}"`, 'must be "DCR" or "CRD"');
    return [{ dtype, shape: [n, c / b ** 2, h * b, w * b] }];
  },
  gradient: ({ g, inputs, attributes, upstream }) => {
    const { shape } = inputs[0] as Value;
    const { blocksize: b, mode } = attributes;
    const [n, c, h, w] = shape as [number, number, number, number];
    const blocks = reshape(g, upstream[0] as Value, [n, c / b ** 2, h, b, w, b]);
    return [
      reshape(
        g,
        g.op("Transpose", [blocks], { perm: mode === "DCR" ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4] }),
        shape,
      ),
    ];
  },
};

/** Blocks of pixels to channels, ordered [block, block, depth]: the inverse of DepthToSpace in mode `DCR`. */
export const SpaceToDepth: Operator<BlockAttributes> = {
  since: 13,
  inputs: [1, 1],
  attributes: { blocksize: int() },
  infer: (context) => {
    const { blocksize: b } = context.attributes;
    const { dtype, shape } = inputOf(context, 0);
    const [n, c, h, w] = imageShape(context.op, shape, (shape[2] ?? 0) % b === 0 && (shape[3] ?? 0) % b === 0, b);
    return [{ dtype, shape: [n, c * b ** 2, h / b, w / b] }];
  },
  gradient: ({ g, attributes, upstream }) => [
    g.op("DepthToSpace", [upstream[0] as Value], { blocksize: attributes.blocksize, mode: "DCR" }),
  ],
};
