/** Operators that place elements, and constants of a shape, on ONNX Runtime's WebGPU provider (1.30). */

import type { Value } from "../graph/graph.ts";
import { normalizeAxis, sizeOf } from "../tensor/shape.ts";
import { tensor } from "../tensor/tensor.ts";
import { castTo } from "./_composed.ts";
import { formula } from "./_formula.ts";
import { reshape } from "./_gradient.ts";
import { constantInts } from "./_infer.ts";
import { countTo } from "./_webgpu.ts";
import type { Builder } from "./operator.ts";
import type { Rule, Rules } from "./rule.ts";

/** Outputs of one Split: a shader may bind eight storage buffers at least, one of them the input. */
const mostParts = 7;

/** Split into more parts than a shader can bind: parts of parts. */
const splitInTurns: Rule = ({ g, node, inputs, attributes }) => {
  const x = inputs[0] as Value;
  if (node.outputs.length <= mostParts) return undefined;
  const axis = normalizeAxis("Split", attributes.axis as number, x.shape.length);
  const infer = (i: number): number => {
    const known = node.outputs.find((output) => output !== null) as Value;
    return (node.outputs[i] ?? known).shape[axis] as number;
  };
  const given = inputs[1] ?? null;
  const lengths = given === null ? node.outputs.map((_, i) => infer(i)) : constantInts("Split", given);
  return splitEvenly(g, x, axis, lengths);
};

function splitEvenly(g: Builder, x: Value, axis: number, lengths: readonly number[]): Value[] {
  if (lengths.length === 1) return [x];
  const each = Math.max(1, Math.ceil(lengths.length / mostParts));
  const groups: number[][] = [];
  for (let i = 0; i < lengths.length; i += each) groups.push(lengths.slice(i, i + each));
  const sizes = groups.map((group) => group.reduce((sum, length) => sum + length, 0));
  const pieces = g.ops("Split", [x, g.ints(sizes)], { axis }, groups.length);
  return pieces.flatMap((piece, i) => splitEvenly(g, piece, axis, groups[i] as number[]));
}

const spaceToDepth: Rule = ({ g, node, inputs, attributes }) => {
  const x = inputs[0] as Value;
  const b = attributes.blocksize as number;
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const blocks = reshape(g, x, [n, c, h / b, b, w / b, b]);
  const turned = g.op("Transpose", [blocks], { perm: [0, 3, 5, 1, 2, 4] });
  return [reshape(g, turned, (node.outputs[0] as Value).shape)];
};

const oneHot: Rule = ({ g, node, inputs, attributes }) => {
  const [indices, depth, values] = inputs as [Value, Value, Value];
  const { shape } = node.outputs[0] as Value;
  const axis = normalizeAxis("OneHot", attributes.axis as number, shape.length);
  const length = constantInts("OneHot", depth)[0] as number;
  const f = formula(g, "int64");
  const classes = castTo(g, indices, "int64");
  const inside = f("Add", classes, f("Mul", castTo(g, f("Less", classes, 0), "int64"), length));
  const range = reshape(g, countTo(g, length, "int64"), [length, ...shape.slice(axis + 1).map(() => 1)]);
  const hot = g.op("Equal", [reshape(g, inside, shape.with(axis, 1)), range]);
  const at = (i: number): Value => reshape(g, g.op("Gather", [values, g.ints([i])], { axis: 0 }), []);
  return [g.op("Where", [hot, at(1), at(0)])];
};

const eyeLike: Rule = ({ g, node, attributes }) => {
  const { dtype, shape } = node.outputs[0] as Value;
  const [, columns] = shape as [number, number];
  const k = attributes.k as number;
  const cells = Array.from({ length: sizeOf(shape) }, (_, i) =>
    (i % columns) - Math.floor(i / columns) === k ? 1 : 0,
  );
  const number = dtype.startsWith("float") ? "float32" : "int32";
  return [castTo(g, g.constant(tensor(number, shape, cells)), dtype)];
};

const constantOfShape: Rule = ({ g, node, attributes }) => {
  const { shape } = node.outputs[0] as Value;
  const value = attributes.value as { dtype: "float32"; data: ArrayLike<number> } | null;
  const filling = value === null ? g.scalar(0) : reshape(g, g.constant(value as never), []);
  return [g.op("Expand", [filling, g.ints(shape)])];
};

/** ReverseSequence: a Gather of rows, of which those before a sequence's end count backwards. */
const reverseSequence: Rule = ({ g, inputs, attributes }) => {
  const [x, lengths] = inputs as [Value, Value];
  const [first, second, ...rest] = x.shape as [number, number, ...number[]];
  const timeFirst = attributes.time_axis === 0;
  const [steps, batch] = timeFirst ? [first, second] : [second, first];
  const f = formula(g, "int64");
  const along = (count: number, isTime: boolean): Value =>
    reshape(g, countTo(g, count, "int64"), isTime === timeFirst ? [count, 1] : [1, count]);
  const [time, sequence] = [along(steps, true), along(batch, false)];
  const ends = reshape(g, castTo(g, lengths, "int64"), timeFirst ? [1, batch] : [batch, 1]);
  const turned = f("Where", f("Less", time, ends), f("Sub", f("Sub", ends, 1), time), time);
  const rows = timeFirst ? f("Add", f("Mul", turned, batch), sequence) : f("Add", turned, f("Mul", sequence, steps));
  return [g.op("Gather", [reshape(g, x, [first * second, ...rest]), rows], { axis: 0 })];
};

/** Operators that place elements, and constants of a shape. */
export const webgpuShape: Rules = {
  ConstantOfShape: [constantOfShape],
  EyeLike: [eyeLike],
  OneHot: [oneHot],
  ReverseSequence: [reverseSequence],
  SpaceToDepth: [spaceToDepth],
  Split: [splitInTurns],
};
