/** Pooling: a reduction over sliding windows, or over all spatial axes. Layout is [batch, channels, spatial…]. */

import type { Value } from "../graph/graph.ts";
import { onnxTypeOf } from "../tensor/dtype.ts";
import { formatShape, type Shape, sizeOf } from "../tensor/shape.ts";
import { filled, tensor } from "../tensor/tensor.ts";
import { castTo, computeDType } from "./_composed.ts";
import { spread } from "./_convolve.ts";
import { reshape, upstreamOf, zeros } from "./_gradient.ts";
import { failShape, inputOf } from "./_infer.ts";
import { outputLength, reachOf, type Window, type WindowAttributes, windowAttributes, windowsOf } from "./_window.ts";
import { type AttributeField, type Builder, type InferContext, int, ints, type Operator } from "./operator.ts";

interface PoolAttributes extends WindowAttributes {
  ceil_mode: number;
  kernel_shape: readonly number[];
}

const poolAttributes: { readonly [K in keyof PoolAttributes]: AttributeField<PoolAttributes[K]> } = {
  ...windowAttributes,
  ceil_mode: int(0),
  kernel_shape: ints(),
};

function pooledShape(context: InferContext<PoolAttributes>): Shape {
  const { op, attributes } = context;
  const { shape } = inputOf(context, 0);
  if (shape.length < 3) failShape(op, "pool", `got ${formatShape(shape)}`, "needs [batch, channels, spatial…]");
  const spatial = shape.slice(2);
  const windows = windowsOf(op, spatial, attributes.kernel_shape, attributes);
  for (const window of windows)
    if (attributes.auto_pad === "NOTSET" && Math.max(window.begin, window.end) >= window.kernel)
      failShape(op, "pad", `got ${window.begin} and ${window.end}`, `must be less than the kernel, ${window.kernel}`);
  if (attributes.auto_pad.startsWith("SAME"))
    for (const [i, { kernel, stride }] of windows.entries())
      if ((Math.ceil((spatial[i] as number) / stride) - 1) * stride + kernel < (spatial[i] as number))
        failShape(
          op,
          `use auto_pad ${attributes.auto_pad}`,
          `got kernel ${kernel} and stride ${stride}`,
          "ONNX Runtime would pad by less than 0; write pads out",
        );
  // With SAME the number of outputs follows from the stride alone, and there is nothing to round up.
  const ceil = attributes.ceil_mode === 1 && !attributes.auto_pad.startsWith("SAME");
  return [...shape.slice(0, 2), ...spatial.map((length, i) => outputLength(op, length, windows[i] as Window, ceil))];
}

interface MaxPoolAttributes extends PoolAttributes {
  storage_order: number;
}

/**
 * The largest element of each window; the second output is its flat index in the whole input. The gradient goes to that one
 * element (the first of equals), as in PyTorch.
 */
export const MaxPool: Operator<MaxPoolAttributes> = {
  since: 12,
  inputs: [1, 1],
  outputs: [1, 2],
  attributes: { ...poolAttributes, storage_order: int(0) },
  infer: (context) => {
    const shape = pooledShape(context);
    return [
      { dtype: inputOf(context, 0).dtype, shape },
      { dtype: "int64", shape },
    ];
  },
  gradient: (context) => {
    const { g, attributes } = context;
    const x = context.inputs[0] as Value;
    // No engine writes 16-bit floats to places.
    const dy = castTo(g, upstreamOf(context), computeDType(x.dtype));
    const back = (dx: Value): Value[] => [castTo(g, dx, x.dtype)];
    const { kernel_shape: kernel } = attributes;
    const given = attributes.storage_order === 0 ? context.outputs[1] : null;
    const indices = given ?? (g.ops("MaxPool", [x], windowed(attributes), 2)[1] as Value);
    // Its kernel clears and writes: about 0.8 of ScatterElements' time. It takes float32 alone.
    if (dy.dtype === "float32" && tiles(x.shape, attributes))
      return back(g.op("MaxUnpool", [dy, indices], { kernel_shape: kernel, strides: kernel }));
    const count = sizeOf(indices.shape);
    const flat = zeros(g, { dtype: dy.dtype, shape: [sizeOf(x.shape)] });
    const updates = reshape(g, dy, [count]);
    const reduction = overlaps(attributes) ? "add" : "none";
    // Indices are in range and never negative, which ScatterND could not know where it is rewritten for the CPU.
    const placed = g.op("ScatterElements", [flat, reshape(g, indices, [count]), updates], { axis: 0, reduction });
    return back(reshape(g, placed, x.shape));
  },
};

/** True if the windows cover the input side by side, nothing left over: MaxUnpool then knows its shape. */
function tiles(shape: Shape, { dilations, kernel_shape, strides, pads, auto_pad }: PoolAttributes): boolean {
  return (
    kernel_shape.length <= 3 &&
    (pads ?? []).every((pad) => pad === 0) &&
    (auto_pad === "NOTSET" || auto_pad === "VALID") &&
    (dilations ?? []).every((dilation) => dilation === 1) &&
    kernel_shape.every((kernel, i) => kernel === (strides?.[i] ?? 1) && (shape[i + 2] as number) % kernel === 0)
  );
}

/** True if an element may be the largest of two windows. */
function overlaps({ dilations, kernel_shape, strides }: PoolAttributes): boolean {
  return kernel_shape.some((kernel, i) => reachOf({ kernel, dilation: dilations?.[i] ?? 1 }) > (strides?.[i] ?? 1));
}

/** The attributes that say where windows are. */
function windowed({ auto_pad, ceil_mode, dilations, kernel_shape, pads, strides }: PoolAttributes): {
  [name: string]: number | string | readonly number[] | undefined;
} {
  const lists = auto_pad === "NOTSET" && pads !== null ? { pads } : {};
  return {
    auto_pad,
    ceil_mode,
    kernel_shape,
    ...lists,
    dilations: dilations ?? undefined,
    strides: strides ?? undefined,
  };
}

interface AveragePoolAttributes extends PoolAttributes {
  count_include_pad: number;
}

/**
 * How many elements each window averages over, along one axis: those inside the input, or inside the padded input. What lies past
 * the padding (`ceil_mode`) never counts.
 */
function countsOf(window: Window, length: number, outputs: number, includePad: boolean): number[] {
  const [least, most] = includePad ? [-window.begin, length + window.end] : [0, length];
  return Array.from({ length: outputs }, (_, o) => {
    let count = 0;
    for (let k = 0; k < window.kernel; k++) {
      const position = o * window.stride - window.begin + k * window.dilation;
      if (position >= least && position < most) count++;
    }
    return count;
  });
}

/** The mean of each window; padding counts only with `count_include_pad`. */
export const AveragePool: Operator<AveragePoolAttributes> = {
  since: 19,
  inputs: [1, 1],
  attributes: { ...poolAttributes, count_include_pad: int(0) },
  infer: (context) => [{ dtype: inputOf(context, 0).dtype, shape: pooledShape(context) }],
  gradient: (context) => {
    const { g, attributes } = context;
    const x = context.inputs[0] as Value;
    const spatial = x.shape.slice(2);
    const windows = windowsOf("AveragePool", spatial, attributes.kernel_shape, attributes);
    const dy = upstreamOf(context);
    // The count of a window is the product of its counts along the axes, so dy is scaled axis by axis where they vary.
    let scaled = dy;
    let uniform = 1;
    for (const [i, window] of windows.entries()) {
      const counts = countsOf(
        window,
        spatial[i] as number,
        dy.shape[i + 2] as number,
        attributes.count_include_pad === 1,
      );
      const [first] = counts as [number];
      if (counts.every((count) => count === first)) uniform *= first;
      else {
        const shape = [counts.length, ...spatial.slice(i + 1).map(() => 1)];
        scaled = g.op("Mul", [
          scaled,
          g.constant(
            tensor(
              x.dtype,
              shape,
              counts.map((count) => 1 / count),
            ),
          ),
        ]);
      }
    }
    return [spreadSum(g, scaled, windows, x.shape, 1 / uniform)];
  },
};

/**
 * Adjoint of summing each window, times `factor`: a convolution's with a kernel of constants, over one channel at a time.
 *
 * @shape dy [batch, channels, outputs…] → shape
 */
function spreadSum(g: Builder, dy: Value, windows: readonly Window[], shape: Shape, factor: number): Value {
  const [batch, channels, ...spatial] = shape as [number, number, ...number[]];
  const kernel = g.constant(filled(dy.dtype, [1, 1, ...windows.map((window) => window.kernel)], factor));
  const images = reshape(g, dy, [batch * channels, 1, ...dy.shape.slice(2)]);
  return reshape(g, spread(g, images, kernel, windows, 1, spatial), shape);
}

function globalShape(context: InferContext<unknown>): Shape {
  const { shape } = inputOf(context, 0);
  if (shape.length < 3) failShape(context.op, "pool", `got ${formatShape(shape)}`, "needs [batch, channels, spatial…]");
  return shape.map((length, axis) => (axis < 2 ? length : 1));
}

/** The mean over all spatial axes, which stay as length 1. */
export const GlobalAveragePool: Operator = {
  since: 1,
  inputs: [1, 1],
  attributes: {},
  infer: (context) => [{ dtype: inputOf(context, 0).dtype, shape: globalShape(context) }],
  gradient: (context) => {
    const { g } = context;
    const x = context.inputs[0] as Value;
    const scaled = g.op("Mul", [upstreamOf(context), g.scalar(1 / sizeOf(x.shape.slice(2)), x.dtype)]);
    return [g.op("Expand", [scaled, g.ints(x.shape)])];
  },
};

/** The maximum over all spatial axes, which stay as length 1. The gradient is shared equally between equal maxima. */
export const GlobalMaxPool: Operator = {
  since: 1,
  inputs: [1, 1],
  attributes: {},
  infer: (context) => [{ dtype: inputOf(context, 0).dtype, shape: globalShape(context) }],
  gradient: (context) => {
    const { g } = context;
    const x = context.inputs[0] as Value;
    const wins = g.op("Cast", [g.op("Equal", [x, context.outputs[0] as Value])], { to: onnxTypeOf(x.dtype) });
    const axes = g.ints(x.shape.slice(2).map((_, i) => i + 2));
    const ties = g.op("ReduceSum", [wins, axes], { keepdims: 1 });
    return [g.op("Mul", [wins, g.op("Div", [upstreamOf(context), ties])])];
  },
};

/**
 * d‖window‖_p = Σ x·|x|^(p−2) / ‖window‖_p^(p−1): the factor of the output (dy included), and that of the input. Where a window is all
 * zeros the norm has a corner; the gradient is 0 there.
 */
function normFactors(g: Builder, x: Value, y: Value, dy: Value, p: number): { input: Value; output: Value } {
  if (p === 1) return { input: g.op("Sign", [x]), output: dy };
  const isZero = g.op("Cast", [g.op("Equal", [y, g.scalar(0, y.dtype)])], { to: onnxTypeOf(y.dtype) });
  const safe = g.op("Add", [y, isZero]);
  const power = (base: Value, exponent: number): Value =>
    exponent === 1 ? base : g.op("Pow", [base, g.scalar(exponent, base.dtype)]);
  return {
    input: p === 2 ? x : g.op("Mul", [x, power(g.op("Abs", [x]), p - 2)]),
    output: g.op("Div", [dy, power(safe, p - 1)]),
  };
}

interface LpPoolAttributes extends PoolAttributes {
  p: number;
}

/** The p-norm of each window. */
export const LpPool: Operator<LpPoolAttributes> = {
  since: 18,
  inputs: [1, 1],
  attributes: { ...poolAttributes, p: int(2) },
  infer: (context) => [{ dtype: inputOf(context, 0).dtype, shape: pooledShape(context) }],
  gradient: (context) => {
    const { g, attributes } = context;
    const x = context.inputs[0] as Value;
    const windows = windowsOf("LpPool", x.shape.slice(2), attributes.kernel_shape, attributes);
    const { input, output } = normFactors(g, x, context.outputs[0] as Value, upstreamOf(context), attributes.p);
    return [g.op("Mul", [input, spreadSum(g, output, windows, x.shape, 1)])];
  },
};

interface GlobalLpPoolAttributes {
  p: number;
}

/** The p-norm over all spatial axes, which stay as length 1. */
export const GlobalLpPool: Operator<GlobalLpPoolAttributes> = {
  since: 2,
  inputs: [1, 1],
  attributes: { p: int(2) },
  infer: (context) => [{ dtype: inputOf(context, 0).dtype, shape: globalShape(context) }],
  gradient: (context) => {
    const x = context.inputs[0] as Value;
    const { g, attributes } = context;
    const { input, output } = normFactors(g, x, context.outputs[0] as Value, upstreamOf(context), attributes.p);
    return [g.op("Mul", [input, output])];
  },
};
