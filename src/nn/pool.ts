/** Pooling over images, [batch, channels, height, width] (NCHW), and over all of space. */

import type { Value } from "../graph/graph.ts";
import { failInput, type PerAxis, perAxis, requireThat } from "./_check.ts";
import { type Layer, layer } from "./layer.ts";

/** Options of {@link maxPool2d} and {@link averagePool2d}. One number for both axes, or [height, width]. */
export interface PoolOptions {
  /** Size of the window. */
  readonly kernel: PerAxis;
  /**
   * Step of the window.
   * @defaultValue `kernel`: windows side by side
   */
  readonly stride?: PerAxis;
  /**
   * Rows and columns added at both ends, at most half the kernel: −∞ for the maximum, 0 for the average.
   * @defaultValue 0
   */
  readonly padding?: PerAxis;
  /**
   * Keeps a last window that reaches past the end.
   * @defaultValue false
   */
  readonly ceil?: boolean;
}

/** Options of {@link averagePool2d}. */
export interface AveragePoolOptions extends PoolOptions {
  /**
   * Counts padding as zeros of the window, as PyTorch does; false averages over what lies inside the input.
   * @defaultValue true
   */
  readonly countPadding?: boolean;
}

function attributesOf(api: string, options: PoolOptions) {
  const kernel = perAxis(api, "kernel", options.kernel, 2, 1);
  const padding = perAxis(api, "padding", options.padding ?? 0, 2, 0);
  requireThat(
    padding.every((count, axis) => 2 * count <= (kernel[axis] as number)),
    api,
    "padding",
    `[${padding.join(", ")}]`,
    `must be at most half the kernel [${kernel.join(", ")}]`,
  );
  return {
    kernel_shape: kernel,
    strides: perAxis(api, "stride", options.stride ?? kernel, 2, 1),
    pads: [...padding, ...padding],
    ceil_mode: options.ceil === true ? 1 : 0,
  };
}

/**
 * The largest element of each window. The gradient goes to that element, to the first of equals.
 *
 * @shape x [batch, channels, height, width] → [batch, channels, height', width'];
 * height' = ⌊(height + 2·padding − kernel)/stride⌋ + 1
 * @param options - See {@link PoolOptions}.
 * @throws RangeError if an option is out of range. ShapeError when applied to an input without 4 axes or smaller than the window.
 */
export function maxPool2d(options: PoolOptions): Layer {
  const attributes = attributesOf("maxPool2d", options);
  return layer({}, (_, x: Value, scope) => {
    if (x.shape.length !== 4) failInput("maxPool2d", scope, x, "must be [batch, channels, height, width]");
    // The gradient needs the places of the maxima; asked for now, they are not searched a second time.
    return scope.g.ops("MaxPool", [x], attributes, scope.training ? 2 : 1)[0] as Value;
  });
}

/**
 * The mean of each window.
 *
 * @shape x [batch, channels, height, width] → [batch, channels, height', width']; lengths as in {@link maxPool2d}
 * @param options - See {@link AveragePoolOptions}.
 * @throws RangeError if an option is out of range. ShapeError when applied to an input without 4 axes or smaller than the window.
 */
export function averagePool2d(options: AveragePoolOptions): Layer {
  const attributes = {
    ...attributesOf("averagePool2d", options),
    count_include_pad: options.countPadding === false ? 0 : 1,
  };
  return layer({}, (_, x: Value, scope) => {
    if (x.shape.length !== 4) failInput("averagePool2d", scope, x, "must be [batch, channels, height, width]");
    return scope.g.op("AveragePool", [x], attributes);
  });
}

/**
 * The mean of each channel over all of space, without the spatial axes: what stands before the last linear layer of a
 * convolutional net, and makes it take images of any size.
 *
 * @shape x [batch, channels, ...] → [batch, channels]
 * @throws ShapeError when applied to an input without spatial axes.
 */
export function globalAveragePool(): Layer {
  return layer({}, (_, x: Value, scope) => {
    if (x.shape.length < 3) failInput("globalAveragePool", scope, x, "must be [batch, channels, and spatial axes]");
    const axes = x.shape.flatMap((_length, axis) => (axis < 2 ? [] : [axis]));
    return scope.g.op("ReduceMean", [x, scope.g.ints(axes)], { keepdims: 0 });
  });
}
