/** Elementwise operators that ONNX Runtime's WebGPU provider (1.30) has no kernel for, from those that it has. */

import type { Value } from "../graph/graph.ts";
import { type DType, isFloat, isInteger } from "../tensor/dtype.ts";
import { castTo, expandTo } from "./_composed.ts";
import { type Formula, formula } from "./_formula.ts";
import { widestFloat } from "./_webgpu.ts";
import type { Builder } from "./operator.ts";
import type { Match, Rule, Rules } from "./rule.ts";

/** What a formula of one operand sees. */
interface Unary {
  readonly g: Builder;
  readonly f: Formula;
  readonly x: Value;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Numbers without an operator of their own on the device: what `write` makes of them. */
function unary(write: (context: Unary) => Value | undefined, applies: (dtype: DType) => boolean = isFloat): Rule {
  return ({ g, inputs, attributes }) => {
    const x = inputs[0] as Value;
    const y = applies(x.dtype) ? write({ g, f: formula(g, x.dtype), x, attributes }) : undefined;
    return y && [y];
  };
}

function total(match: Match): Value {
  const { g, inputs, node } = match;
  const sum = (inputs as Value[]).reduce((a, b) => g.op("Add", [a, b]));
  return expandTo(g, sum, (node.outputs[0] as Value).shape);
}

const sum: Rule = (match) => [total(match)];

const mean: Rule = (match) => {
  const factor = match.g.scalar(1 / match.inputs.length, (match.node.outputs[0] as Value).dtype);
  return [match.g.op("Mul", [total(match), factor])];
};

function signOf(g: Builder, f: Formula, x: Value): Value {
  return f("Sub", castTo(g, f("Greater", x, 0), x.dtype), castTo(g, f("Less", x, 0), x.dtype));
}

const sign = unary(
  ({ g, f, x }) => signOf(g, f, x),
  (dtype) => isFloat(dtype) || dtype === "int32" || dtype === "int64",
);

/** Halves go to the even neighbour. Not by adding a large number and taking it off again: a shader compiler may drop both. */
const round = unary(({ g, f, x }) => {
  const whole = f("Floor", x);
  const rest = f("Sub", x, whole);
  const isOdd = f("Sub", whole, f("Mul", f("Floor", f("Mul", whole, 0.5)), 2));
  const above = castTo(g, f("Greater", rest, 0.5), x.dtype);
  const half = castTo(g, f("Equal", rest, 0.5), x.dtype);
  return f("Add", whole, f("Add", above, f("Mul", half, isOdd)));
});

/** a − b·trunc(a/b) with the sign of a; integers without `fmod` then take the sign of b. */
const mod: Rule = ({ g, inputs, attributes }) => {
  const [a, b] = inputs as [Value, Value];
  const f = formula(g, a.dtype);
  if (isFloat(a.dtype)) {
    const ratio = f("Div", a, b);
    const cut = f("Mul", f("Floor", f("Abs", ratio)), signOf(g, f, ratio));
    return [f("Sub", a, f("Mul", b, cut))];
  }
  if (!isInteger(a.dtype)) return undefined;
  const rest = f("Sub", a, f("Mul", b, f("Div", a, b)));
  if (attributes.fmod === 1 || a.dtype.startsWith("uint")) return [rest];
  const is = (op: "Less" | "Greater", value: Value): Value => castTo(g, f(op, value, 0), a.dtype);
  const isNegative = is("Less", b);
  const differs = f(
    "Add",
    f("Mul", is("Less", rest), f("Sub", 1, isNegative)),
    f("Mul", is("Greater", rest), isNegative),
  );
  return [f("Add", rest, f("Mul", b, differs))];
};

const not = (g: Builder, x: Value): Value => g.op("Not", [x]);

function either(g: Builder, a: Value, b: Value): Value {
  return not(g, g.op("And", [not(g, a), not(g, b)]));
}

const or: Rule = ({ g, inputs: [a, b] }) => [either(g, a as Value, b as Value)];

const xor: Rule = ({ g, inputs }) => {
  const [a, b] = inputs as [Value, Value];
  return [g.op("And", [either(g, a, b), not(g, g.op("And", [a, b]))])];
};

/**
 * Neither at most the largest number nor above it. Not `x ≠ x`, which a shader compiler that expects no NaN takes for false; it cannot
 * know that of a comparison with a number.
 */
const isNaN = unary(({ g, f, x }) => {
  const size = f("Abs", x);
  const most = widestFloat(x.dtype);
  return g.op("And", [not(g, f("LessOrEqual", size, most)), not(g, f("Greater", size, most))]);
});

const isInf = unary(({ g, f, x, attributes }) => {
  const most = widestFloat(x.dtype);
  const above = f("Greater", x, most);
  const below = f("Less", x, -most);
  if (attributes.detect_negative === 0) return above;
  return attributes.detect_positive === 0 ? below : either(g, above, below);
});

const softsign = unary(({ f, x }) => f("Div", x, f("Add", f("Abs", x), 1)));

const selu = unary(({ g, f, x, attributes }) =>
  f("Mul", g.op("Elu", [x], { alpha: attributes.alpha as number }), attributes.gamma as number),
);

const celu = unary(({ g, f, x, attributes }) => {
  const alpha = attributes.alpha as number;
  return alpha === 1 ? g.op("Elu", [x]) : f("Mul", g.op("Elu", [f("Mul", x, 1 / alpha)]), alpha);
});

const shrink = unary(({ f, x, attributes }) => {
  const { bias, lambd } = attributes as { bias: number; lambd: number };
  const above = f("Where", f("Greater", x, lambd), f("Sub", x, bias), 0);
  return f("Where", f("Less", x, -lambd), f("Add", x, bias), above);
});

/** Dropout that is switched off: everything stays. */
const inference: Rule = ({ g, node, inputs }) => {
  const [x, , training] = inputs as [Value, (Value | null)?, (Value | null)?];
  if (training && (training.constant === undefined || Number(training.constant.data[0]) !== 0)) return undefined;
  return node.outputs.length > 1 ? [x, expandTo(g, g.scalar(1, "bool"), x.shape)] : [x];
};

/** Integers have the maximum with 0 instead. */
const reluOfIntegers = unary(
  ({ f, x }) => f("Max", x, 0),
  (dtype) => dtype === "int32" || dtype === "int64",
);

/** Elementwise operators. */
export const webgpuElementwise: Rules = {
  Celu: [celu],
  Dropout: [inference],
  IsInf: [isInf],
  IsNaN: [isNaN],
  Mean: [mean],
  Mod: [mod],
  Or: [or],
  Relu: [reluOfIntegers],
  Round: [round],
  Selu: [selu],
  Shrink: [shrink],
  Sign: [sign],
  Softsign: [softsign],
  Sum: [sum],
  Xor: [xor],
};
