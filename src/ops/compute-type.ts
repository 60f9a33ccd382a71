/** Which operators may compute in float16 when a model trains in mixed precision. Names operators, so that the pass need not. */

import type { Node, Value } from "../graph/graph.ts";
import { type DType, onnxTypeOf } from "../tensor/dtype.ts";
import type { Builder } from "./operator.ts";
import { keyOf, type OpName } from "./registry.ts";

/**
 * What an operator computes in when float32 is mixed with float16: in float16 whatever it is given, in the dtype it was built with,
 * or in that of its inputs, float32 among them deciding for float32.
 */
export type ComputeType = "float16" | "float32" | "inputs";

/**
 * The rules of Micikevicius et al. ("Mixed Precision Training", 2018, https://arxiv.org/abs/1710.03740, section 3.3) in the form that
 * PyTorch's autocast gives them (https://docs.pytorch.org/docs/stable/amp.html, "CUDA Op-Specific Behavior"): products, which dominate
 * the time and are summed in more bits, take float16; what sums many numbers or has a wide range (reductions, norms, softmax, losses, powers,
 * exponentials) keeps float32; what moves elements or maps each to one of like size takes what it gets.
 *
 * Where we keep float32 and autocast does not: lookups, because their gradient adds rows, and engines cannot add float16 in place (ONNX
 * Runtime 1.30 refuses `ScatterND` that adds in float16 on CPU and on WebGPU); averages over windows and batch normalisation, whose
 * gradients sum; recurrent layers, whose state is a long sum; operators whose kernels are quantised. Integer operators are listed with
 * float32: nothing changes for them.
 */
const operators = {
  float16: [
    ...(["MatMul", "Gemm", "FusedMatMul", "FusedGemm", "Einsum"] as const),
    ...(["Conv", "ConvTranspose", "FusedConv"] as const),
  ],
  inputs: [
    ...(["Add", "Sub", "Mul", "Div", "Neg", "Abs", "Min", "Max", "Sum", "Clip", "Erf"] as const),
    ...(["Relu", "LeakyRelu", "PRelu", "ThresholdedRelu", "HardSigmoid", "HardSwish", "Sigmoid", "Tanh"] as const),
    ...(["Gelu", "MicrosoftGelu", "QuickGelu", "FastGelu", "BiasGelu"] as const),
    ...(["Identity", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Expand", "Tile", "Where"] as const),
    ...(["Concat", "Split", "Slice", "Pad", "DepthToSpace", "SpaceToDepth", "Trilu"] as const),
    ...(["MaxPool", "GlobalMaxPool"] as const),
  ],
  float32: [
    ...(["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceSumSquare", "ReduceL1"] as const),
    ...(["ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ArgMax", "ArgMin", "CumSum", "Mean"] as const),
    ...(["Softmax", "LogSoftmax", "Hardmax", "NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"] as const),
    ...(["LayerNormalization", "SimplifiedLayerNormalization", "LpNormalization"] as const),
    ...(["MeanVarianceNormalization", "BatchNormalization", "InstanceNormalization", "GroupNormalization"] as const),
    ...(["LRN", "SkipLayerNormalization", "SkipSimplifiedLayerNormalization", "EmbedLayerNormalization"] as const),
    ...(["Exp", "Log", "Pow", "Sqrt", "Reciprocal", "Mod", "Softplus", "Softsign", "Shrink"] as const),
    ...(["Elu", "Selu", "Celu", "Mish", "Sign", "Floor", "Ceil", "Round"] as const),
    ...(["Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh"] as const),
    ...(["AveragePool", "GlobalAveragePool", "LpPool", "GlobalLpPool", "MaxUnpool", "Col2Im", "Resize"] as const),
    ...(["GridSample", "AffineGrid", "RoiAlign", "DeformConv", "Det", "DFT", "STFT", "Dropout"] as const),
    ...(["Gather", "GatherElements", "GatherND", "ScatterND", "ScatterElements", "OneHot", "TopK"] as const),
    ...(["NonZero", "Compress", "Unique", "ReverseSequence", "TfIdfVectorizer"] as const),
    ...(["LSTM", "GRU", "RNN", "MultiHeadAttention", "MicrosoftAttention", "GroupQueryAttention"] as const),
    ...(["MicrosoftRotaryEmbedding", "If", "Scan", "Loop", "Cast", "CastLike"] as const),
    ...(["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor", "Not"] as const),
    ...(["IsNaN", "IsInf", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot", "BitShift"] as const),
    ...(["Shape", "Size", "ConstantOfShape", "Range", "EyeLike", "HannWindow", "HammingWindow"] as const),
    ...(["BlackmanWindow", "MelWeightMatrix", "RandomNormal", "RandomNormalLike", "RandomUniform"] as const),
    ...(["RandomUniformLike", "Multinomial", "QuantizeLinear", "DequantizeLinear"] as const),
    ...(["DynamicQuantizeLinear", "MicrosoftQuantizeLinear", "MicrosoftDequantizeLinear"] as const),
    ...(["MatMulInteger", "ConvInteger", "QLinearMatMul", "QLinearConv", "MatMulIntegerToFloat"] as const),
    ...(["DynamicQuantizeMatMul", "MatMulNBits", "GatherBlockQuantized"] as const),
  ],
} as const satisfies Readonly<Record<ComputeType, readonly OpName[]>>;

type Listed = (typeof operators)[ComputeType][number];

/** By operator. An operator of the table that is in no list does not compile here, and the compiler names it. */
const computeTypes: Readonly<Record<OpName, ComputeType>> = Object.fromEntries(
  Object.entries(operators).flatMap(([type, names]) => names.map((name) => [name, type])),
) as Record<Listed, ComputeType>;

/** What a node computes in when float32 is mixed with float16. */
export function computeTypeOf(node: Pick<Node, "op" | "domain">): ComputeType {
  const key = keyOf(node.op, node.domain);
  return key === undefined ? "float32" : computeTypes[key];
}

/** A value in another dtype: a node that can be differentiated. */
export function converted(g: Builder, value: Value, dtype: DType): Value {
  return g.op("Cast", [value], { to: onnxTypeOf(dtype) });
}

/** The float32 value of which a node makes a float16 one; undefined for any other node. */
export function narrowedBy(node: Node): Value | undefined {
  return conversion(node, "float32", "float16");
}

/** The float16 value of which a node makes a float32 one; undefined for any other node. */
export function widenedBy(node: Node): Value | undefined {
  return conversion(node, "float16", "float32");
}

function conversion({ op, inputs, outputs }: Node, from: DType, to: DType): Value | undefined {
  return op === "Cast" && inputs[0]?.dtype === from && outputs[0]?.dtype === to ? inputs[0] : undefined;
}
