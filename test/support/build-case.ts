/** Builds rows of the operators' case tables as graphs: forward, and with gradients. Runs nothing, and runs in browsers too. */

import { gradients } from "../../src/autodiff/gradients.ts";
import { RandomStream } from "../../src/base/random.ts";
import type { Value } from "../../src/graph/graph.ts";
import { allFunctions, expand, type FunctionName } from "../../src/ops/expand.ts";
import type { Builder } from "../../src/ops/operator.ts";
import { allOperators, createBuilder, type OpName } from "../../src/ops/registry.ts";
import { type DType, isFloat } from "../../src/tensor/dtype.ts";
import { fromFloat32 } from "../../src/tensor/float-bits.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import type { CaseInput, OperatorCase } from "./operator-case.ts";

type Feeds = Record<string, Tensor>;

/** A row as a graph without outputs yet. */
export interface BuiltCase {
  readonly g: Builder;
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly Value[];
  /** Values of the inputs that are not constants. */
  readonly feeds: Readonly<Feeds>;
  /** Inputs to differentiate by. */
  readonly variables: readonly Value[];
}

/**
 * Applies a row's operator to its inputs, filled with the row's own random numbers.
 *
 * @param dtype - Of float64 inputs, in place of the row's.
 */
export function buildCase(row: OperatorCase, dtype?: DType): BuiltCase {
  const floating = dtype ?? row.dtype ?? "float64";
  const stream = streamOf(row);
  const g = createBuilder(row.op);
  const feeds: Feeds = {};
  const variables: Value[] = [];
  let drawn = 0;
  const inputs = row.inputs.map((input, i) => {
    if (input === null) return null;
    const given = input.dtype === "float64" ? (dtype ?? "float64") : (input.dtype ?? floating);
    const data = contentsOf(input, given, () => stream.uniform(drawn++));
    if (input.constant === true) return g.constant(data);
    const value = g.input(`x${i}`, data.dtype, data.shape);
    feeds[value.name] = data;
    if (isFloat(data.dtype)) variables.push(value);
    return value;
  });
  return { g, inputs, outputs: apply(g, row, inputs), feeds, variables };
}

/** Adds all outputs of a row to its graph as `y0`, `y1`, … and the gradients of the differentiable ones, where the row has gradients to check. */
export function addOutputs({ g, outputs, variables }: BuiltCase, row: OperatorCase): WeightedGradients | null {
  for (const [i, output] of outputs.entries()) g.output(`y${i}`, output);
  const rule = allOperators().get(row.op)?.gradient;
  const differentiable = outputs.filter((output) => isFloat(output.dtype) && output.constant === undefined);
  if (rule === "none" || row.skipGradient !== undefined || variables.length === 0 || differentiable.length === 0)
    return null;
  return addGradients(g, differentiable, variables, streamOf(row).child("seed"), "d");
}

/** The row's own random numbers. */
export function streamOf(row: OperatorCase): RandomStream {
  return new RandomStream(7, `${row.op}/${row.name}`);
}

function apply(g: Builder, { op, attributes = {}, outputs = 1 }: OperatorCase, inputs: (Value | null)[]): Value[] {
  return allFunctions().has(op)
    ? expand(g, op as FunctionName, inputs, attributes, outputs)
    : g.ops(op as OpName, inputs, attributes, outputs);
}

/** Gradients of Σ weightᵢ·ofᵢ with fixed random weights, which the graph gives out as `<prefix>_<name of the input>`. */
export interface WeightedGradients {
  readonly prefix: string;
  readonly gradients: readonly (Value | null)[];
  /** Computes the sum on the host, in double. */
  evaluate(results: Readonly<Feeds>): number;
}

/** Adds gradients of `of` by each of `wrt`. */
export function addGradients(
  g: Builder,
  of: readonly Value[],
  wrt: readonly Value[],
  stream: RandomStream,
  prefix: string,
): WeightedGradients {
  const weights = of.map((value, i) => {
    const child = stream.child(`${i}`);
    const numbers = Float64Array.from({ length: sizeOf(value.shape) }, (_, k) => child.uniform(k) * 2 - 1);
    return tensorOf(value.dtype, value.shape, numbers);
  });
  let total: (Value | null)[] = wrt.map(() => null);
  for (const [i, value] of of.entries()) {
    const part = gradients(g, value, wrt, { seed: g.constant(weights[i] as Tensor), unreachable: "null" });
    total = total.map((sum, k) => {
      const next = part[k] ?? null;
      return sum === null ? next : next === null ? sum : g.op("Add", [sum, next]);
    });
  }
  const names = of.map((value, i) => {
    const name =
      prefix === "d" ? `y${g.build().outputs.findIndex((output) => output.value === value)}` : `${prefix}_of_${i}`;
    if (prefix !== "d") g.output(name, value);
    return name;
  });
  for (const [k, value] of wrt.entries()) if (total[k] != null) g.output(`${prefix}_${value.name}`, total[k] as Value);
  return {
    prefix,
    gradients: total,
    evaluate: (results) => {
      let sum = 0;
      for (const [i, name] of names.entries()) {
        const { data } = results[name] as Tensor;
        const weight = (weights[i] as Tensor).data;
        for (let k = 0; k < data.length; k++) sum += Number(data[k]) * Number(weight[k]);
      }
      return sum;
    },
  };
}

function contentsOf(input: CaseInput, dtype: DType, uniform: () => number): Tensor {
  const [low, high] = input.range ?? [-1, 1];
  const values =
    input.values ??
    Array.from({ length: sizeOf(input.shape) }, () => {
      const value = low + uniform() * (high - low);
      return isFloat(dtype) ? value : Math.floor(value);
    });
  return tensorOf(dtype, input.shape, values);
}

/** A tensor of these numbers, rounded where the dtype has 16 bits. */
function tensorOf(dtype: DType, shape: Shape, numbers: ArrayLike<number>): Tensor {
  return dtype === "float16" ? fromFloat32(dtype, shape, Float32Array.from(numbers)) : tensor(dtype, shape, numbers);
}
