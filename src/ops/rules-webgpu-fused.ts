/**
 * Fused operators on ONNX Runtime's WebGPU provider (1.30): where its kernel is missing, fails, or computes something else, the operator is
 * written as what it stands for, which is also what its gradient is made of.
 */

import { GraphError, UnsupportedOpError } from "../base/errors.ts";
import type { Value } from "../graph/graph.ts";
import { bodyOf } from "./_body.ts";
import { formula } from "./_formula.ts";
import { reshape } from "./_gradient.ts";
import { dequantized } from "./_quantize.ts";
import { readingsPerAxis, resizeByProducts } from "./_resize.ts";
import { type ResizeAttributes, resizedAxes } from "./_resize-geometry.ts";
import type { Builder } from "./operator.ts";
import { operatorOf, rawAttributes } from "./registry.ts";
import type { Match, Rule, Rules } from "./rule.ts";

/** The operator's body, where `applies`, and the body takes the node: some know less than the kernels do. */
function asBody(applies: (match: Match) => boolean = () => true): Rule {
  return (match) => {
    const { g, node, inputs, attributes } = match;
    const body = bodyOf(operatorOf(node).gradient);
    if (body === undefined || !applies(match)) return undefined;
    try {
      return body({ g, inputs, attributes, outputCount: node.outputs.length });
    } catch (error) {
      if (error instanceof GraphError || error instanceof UnsupportedOpError) return undefined;
      throw error;
    }
  };
}

/** True if an output after the first is wanted. */
function wantsMore({ node }: Match): boolean {
  return node.outputs.slice(1).some((output) => output !== null);
}

/** x or its transpose as FusedMatMul reads it: first axis behind the batch axes, then the last two swapped. */
function operand(g: Builder, x: Value, trans: unknown, transBatch: unknown): Value {
  const ndim = x.shape.length;
  if (ndim < 2) return x;
  const axes = x.shape.map((_, axis) => axis);
  const moved = transBatch === 1 ? [...axes.slice(1, -1), 0, ndim - 1] : axes;
  const perm = trans === 1 ? [...moved.slice(0, -2), ...moved.slice(-2).toReversed()] : moved;
  return perm.every((axis, i) => axis === i) ? x : g.op("Transpose", [x], { perm });
}

const fusedMatMul: Rule = ({ g, inputs, attributes }) => {
  const [a, b] = inputs as [Value, Value];
  const { alpha, transA, transB, transBatchA, transBatchB } = attributes;
  const product = g.op("MatMul", [operand(g, a, transA, transBatchA), operand(g, b, transB, transBatchB)]);
  return [alpha === 1 ? product : g.op("Mul", [product, g.scalar(alpha as number, product.dtype)])];
};

/** The kernel knows attention without masks, past and present. */
const isMoreThanAttention = (match: Match): boolean =>
  match.inputs.slice(4).some((input) => input !== null) || match.attributes.unidirectional === 1 || wantsMore(match);

/** The recurrent kernels know the usual activations, and no clipping. */
function isUnusual({ node, attributes }: Match): boolean {
  const usual = { LSTM: "Sigmoid,Tanh,Tanh", GRU: "Sigmoid,Tanh" }[node.op];
  const given = attributes.activations as readonly string[] | null;
  const lists =
    given === null
      ? []
      : given
          .join()
          .split(`${usual},`)
          .join("")
          .split(usual as string);
  return attributes.clip !== null || lists.some((rest) => rest !== "");
}

/** Resize of anything but the last axes of an image, and antialiasing, by products with matrices. */
const resize: Rule = ({ g, node, inputs, attributes }) => {
  const options = attributes as unknown as ResizeAttributes;
  const x = inputs[0] as Value;
  const axes = resizedAxes("Resize", inputs, options);
  const known = ["asymmetric", "half_pixel", "align_corners", "pytorch_half_pixel"];
  const isImage = x.shape.length === 4 && axes.slice(0, 2).every(({ length, resized }) => length === resized);
  const isPlain = options.antialias === 0 && known.includes(options.coordinate_transformation_mode);
  if ((isImage && isPlain) || options.coordinate_transformation_mode === "tf_crop_and_resize") return undefined;
  if (readingsPerAxis(axes, options).every((readings) => readings === null))
    return [reshape(g, x, (node.outputs[0] as Value).shape)];
  return [resizeByProducts(g, x, axes, options)];
};

/** 1/√(mean of squares + ε), which the kernel gives as the mean. */
const rootMeanSquare: Rule = (match) => {
  if (!wantsMore(match)) return undefined;
  const { g, inputs, attributes } = match;
  const [x, scale] = inputs as [Value, Value];
  const { axis, epsilon } = attributes as { axis: number; epsilon: number };
  const y = g.op("SimplifiedLayerNormalization", [x, scale], { axis, epsilon });
  const first = axis < 0 ? axis + x.shape.length : axis;
  const axes = g.ints(x.shape.flatMap((_, i) => (i < first ? [] : [i])));
  const f = formula(g, "float32");
  const squares = g.op("ReduceMean", [f("Mul", x, x), axes]);
  return [y, f("Reciprocal", f("Sqrt", f("Add", squares, Math.fround(epsilon))))];
};

/** Bytes as arithmetic: the kernel reads fewer than four of them wrongly. */
const dequantizeBytes: Rule = ({ g, inputs, attributes }) => {
  const [x, scale, zeroPoint = null] = inputs as [Value, Value, (Value | null)?];
  if (x.dtype !== "uint8" && x.dtype !== "int8") return undefined;
  const { axis, block_size: block = 0 } = attributes as { axis: number; block_size?: number };
  return [dequantized(g, x, scale, zeroPoint, { axis, block_size: block })];
};

/** Gemm with a scalar addend, at which the provider ends the process. */
const scalarAddend: Rule = ({ g, inputs, node }) => {
  const [a, b, addend] = inputs as [Value, Value, (Value | null)?];
  if (addend?.shape.length !== 0) return undefined;
  return [g.op("Gemm", [a, b, reshape(g, addend, [1])], rawAttributes(node.attributes))];
};

/** Fused operators. */
export const webgpuFused: Rules = {
  Compress: [asBody()],
  DeformConv: [asBody()],
  DequantizeLinear: [dequantizeBytes],
  EmbedLayerNormalization: [asBody()],
  FusedConv: [asBody()],
  FusedGemm: [asBody()],
  FusedMatMul: [fusedMatMul],
  GRU: [asBody(isUnusual)],
  Gemm: [scalarAddend],
  GridSample: [asBody()],
  GroupQueryAttention: [asBody()],
  LSTM: [asBody(isUnusual)],
  Loop: [asBody()],
  MatMulNBits: [asBody(({ inputs }) => inputs.length > 3)],
  MeanVarianceNormalization: [asBody()],
  MicrosoftAttention: [asBody()],
  MultiHeadAttention: [asBody(isMoreThanAttention)],
  RNN: [asBody()],
  Resize: [resize],
  RoiAlign: [asBody()],
  STFT: [asBody()],
  SimplifiedLayerNormalization: [rootMeanSquare],
  SkipLayerNormalization: [asBody(wantsMore)],
  SkipSimplifiedLayerNormalization: [asBody(wantsMore)],
};
