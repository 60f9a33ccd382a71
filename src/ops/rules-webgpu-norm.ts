/** Norms and the algebra of small matrices on ONNX Runtime's WebGPU provider (1.30). */

import type { Value } from "../graph/graph.ts";
import { normalizeAxis, sizeOf } from "../tensor/shape.ts";
import { filled, tensor } from "../tensor/tensor.ts";
import { asChannels, channelWindows } from "./_channels.ts";
import { scaled } from "./_composed.ts";
import { lengthsOf, spell } from "./_equation.ts";
import { formula } from "./_formula.ts";
import { reshape } from "./_gradient.ts";
import { axisPoints } from "./_sample.ts";
import { rawAttributes } from "./registry.ts";
import type { Rule, Rules } from "./rule.ts";

/** Scale and bias that broadcast within the normalised axes, which the kernel refuses. */
const spreadParameters: Rule = ({ g, node, inputs, attributes }) => {
  const [x, ...parameters] = inputs as [Value, ...(Value | null)[]];
  const axis = normalizeAxis(node.op, attributes.axis as number, x.shape.length);
  const columns = x.shape.slice(axis);
  if (parameters.every((value) => value === null || sizeOf(value.shape) === sizeOf(columns))) return undefined;
  const ones = g.constant(filled(x.dtype, columns, 1));
  const [plain, ...statistics] = g.ops(
    "LayerNormalization",
    [x, ones],
    rawAttributes(node.attributes),
    node.outputs.length,
  ) as [Value, ...Value[]];
  const [scale, bias] = parameters;
  const sized = g.op("Mul", [plain, scale as Value]);
  return [bias ? g.op("Add", [sized, bias]) : sized, ...statistics];
};

/** y = x / (bias + alpha/size · Σ x² over neighbouring channels)^beta. */
const localResponse: Rule = ({ g, inputs, attributes }) => {
  const input = inputs[0] as Value;
  const { alpha, beta, bias, size } = attributes as Readonly<Record<"alpha" | "beta" | "bias" | "size", number>>;
  const x = asChannels(g, input);
  const f = formula(g, x.dtype);
  const squares = g.op("MatMul", [channelWindows(g, x.shape[1] as number, size, x.dtype), f("Mul", x, x)]);
  const power = f("Pow", f("Add", scaled(g, squares, alpha / size), bias), -Math.fround(beta));
  return [reshape(g, f("Mul", x, power), input.shape)];
};

/** Largest matrix whose determinant is written out: the terms grow as its factorial. */
const mostRows = 5;

/** Determinant by its first row: Σ ±x[0, j]·det(rest without column j). */
const determinant: Rule = ({ g, inputs }) => {
  const x = inputs[0] as Value;
  const batch = x.shape.slice(0, -2);
  const size = x.shape.at(-1) as number;
  if (size > mostRows) return undefined;
  const flat = reshape(g, x, [...batch, size * size]);
  if (size === 1) return [reshape(g, x, batch)];
  const axis = batch.length;
  const columns = Array.from({ length: size }, (_, j) => j);
  const rest = columns.flatMap((j) =>
    columns.slice(1).flatMap((row) => columns.filter((c) => c !== j).map((c) => row * size + c)),
  );
  const minors = g.op("Gather", [flat, g.constant(tensor("int64", [size, size - 1, size - 1], rest))], { axis });
  const signs = g.constant(
    tensor(
      "float32",
      [size],
      columns.map((j) => (j % 2 === 0 ? 1 : -1)),
    ),
  );
  const row = g.op("Mul", [g.op("Gather", [flat, g.ints(columns)], { axis }), g.op("CastLike", [signs, x])]);
  const terms = g.op("Mul", [row, g.op("Det", [minors])]);
  return [g.op("ReduceSum", [terms, g.ints([axis])], { keepdims: 0 })];
};

/** Every pixel's coordinates times theta. */
const affineGrid: Rule = ({ g, node, inputs, attributes }) => {
  const theta = inputs[0] as Value;
  const { shape } = node.outputs[0] as Value;
  const lengths = shape.slice(1, -1);
  const points = lengths.map((length) => axisPoints(length, attributes.align_corners === 1));
  const count = sizeOf(lengths);
  const cells: number[] = [];
  for (let pixel = 0; pixel < count; pixel++) {
    let rest = pixel;
    const at: number[] = [];
    for (let axis = lengths.length - 1; axis >= 0; axis--) {
      const length = lengths[axis] as number;
      at.push(points[axis]?.[rest % length] as number); // x before y before z
      rest = Math.floor(rest / length);
    }
    cells.push(...at, 1);
  }
  const base = g.constant(tensor(theta.dtype, [count, lengths.length + 1], cells));
  return [reshape(g, g.op("MatMul", [base, g.op("Transpose", [theta], { perm: [0, 2, 1] })]), shape)];
};

/** An equation in which an axis of length 1 broadcasts, or an ellipsis stands for one: the axis is left out of its operand. */
const plainEinsum: Rule = ({ g, inputs, attributes }) => {
  const values = inputs as Value[];
  const shapes = values.map(({ shape }) => shape);
  const given = attributes.equation as string;
  const equation = spell("Einsum", given, shapes);
  const lengths = lengthsOf("Einsum", equation, shapes);
  const isSpread = (letter: string, length: number | undefined): boolean => length === 1 && lengths.get(letter) !== 1;
  const broadcasts = equation.terms.some((term, i) =>
    [...term].some((letter, axis) => isSpread(letter, shapes[i]?.[axis])),
  );
  if (!broadcasts && !given.includes("...")) return undefined;
  const kept = equation.terms.map((term, i) =>
    [...term].map((letter, axis) => (isSpread(letter, shapes[i]?.[axis]) ? "" : letter)),
  );
  const operands = values.map((value, i) =>
    reshape(
      g,
      value,
      value.shape.filter((_, axis) => kept[i]?.[axis] !== ""),
    ),
  );
  const terms = kept.map((letters) => letters.join(""));
  return [g.op("Einsum", operands, { equation: `${terms.join(",")}->${equation.output}` })];
};

/** Norms, determinants, grids and equations. */
export const webgpuNorm: Rules = {
  AffineGrid: [affineGrid],
  Det: [determinant],
  Einsum: [plainEinsum],
  LRN: [localResponse],
  LayerNormalization: [spreadParameters],
};
