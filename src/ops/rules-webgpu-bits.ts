/**
 * Bits of integers on ONNX Runtime's WebGPU provider (1.30), which has no operator for them: shifts are products and quotients, and the others
 * work on 32 lanes of one bit each. Meant for seeds, not for tensors: a lane is an element.
 */

import type { Value } from "../graph/graph.ts";
import { tensor } from "../tensor/tensor.ts";
import { castTo } from "./_composed.ts";
import { type Formula, formula } from "./_formula.ts";
import { reshape } from "./_gradient.ts";
import type { Builder } from "./operator.ts";
import type { Rule, Rules } from "./rule.ts";

const width = 32;

/** 2^0 … 2^31 on a new last axis. */
function powers(g: Builder, dtype: "uint32" | "int32"): Value {
  const numbers = Array.from({ length: width }, (_, i) => (dtype === "int32" ? (2 ** i) | 0 : 2 ** i));
  return g.constant(tensor(dtype, [width], numbers));
}

/** The bits of 32-bit integers, lowest first: int32 [..., 32] of 0 and 1. */
function lanesOf(g: Builder, x: Value): Value {
  const f = formula(g, "uint32");
  const shifted = f("Div", reshape(g, castTo(g, x, "uint32"), [...x.shape, 1]), powers(g, "uint32"));
  return castTo(g, f("Sub", shifted, f("Mul", f("Div", shifted, 2), 2)), "int32");
}

/** The integers that lanes make. The last one is −2^31 as an int32, and wraps to what it stands for in a uint32. */
function joined(g: Builder, lanes: Value, dtype: "uint32" | "int32"): Value {
  const parts = g.op("Mul", [lanes, powers(g, "int32")]);
  const sum = g.op("ReduceSum", [parts, g.ints([lanes.shape.length - 1])], { keepdims: 0 });
  return castTo(g, sum, dtype);
}

/** A bitwise operator, from what it does to lanes of 0 and 1. */
function lanewise(apply: (f: Formula, a: Value, b: Value) => Value): Rule {
  return ({ g, inputs }) => {
    const [a, b] = inputs as [Value, Value];
    if (a.dtype !== "uint32" && a.dtype !== "int32") return undefined;
    return [joined(g, apply(formula(g, "int32"), lanesOf(g, a), lanesOf(g, b)), a.dtype)];
  };
}

/** All bits turned: −1 − x, in the arithmetic of 32 bits. */
const complement: Rule = ({ g, inputs }) => {
  const x = inputs[0] as Value;
  if (x.dtype !== "uint32" && x.dtype !== "int32") return undefined;
  return [formula(g, x.dtype)("Sub", x.dtype === "uint32" ? 2 ** 32 - 1 : -1, x)];
};

/** Products with and quotients by powers of two. */
const shift: Rule = ({ g, inputs, attributes }) => {
  const [x, places] = inputs as [Value, Value];
  if (x.dtype !== "uint32") return undefined;
  const factor = g.op("Gather", [powers(g, "uint32"), castTo(g, places, "int64")], { axis: 0 });
  return [g.op(attributes.direction === "LEFT" ? "Mul" : "Div", [x, factor])];
};

/** Operators on bits. */
export const webgpuBits: Rules = {
  BitShift: [shift],
  BitwiseAnd: [lanewise((f, a, b) => f("Mul", a, b))],
  BitwiseNot: [complement],
  BitwiseOr: [lanewise((f, a, b) => f("Max", a, b))],
  BitwiseXor: [lanewise((f, a, b) => f("Abs", f("Sub", a, b)))],
};
