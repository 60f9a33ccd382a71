/**
 * Convolutions. Layouts: input N batch, C channels, then space; weight O output and I input channels, then the kernel
 * (for the transposed one I before O), as PyTorch and ONNX have them.
 */

import type { Value } from "../graph/graph.ts";
import { sizeOf } from "../tensor/shape.ts";
import { type PerAxis, perAxis, requireChannels, requirePositive, requireThat } from "./_check.ts";
import { fansOf, kaimingUniform, uniformBias } from "./initialize.ts";
import { type Initializer, type Layer, layer, parameter } from "./layer.ts";

/** Options that all convolutions share. A number per spatial axis, or one for all of them. */
export interface ConvOptions {
  /** Channels of the input. */
  readonly inputs: number;
  /** Channels of the output. */
  readonly outputs: number;
  /** Length of the kernel. */
  readonly kernel: PerAxis;
  /**
   * Step of the kernel.
   * @defaultValue 1
   */
  readonly stride?: PerAxis;
  /**
   * Zeros at both ends of each spatial axis; `"same"`, for stride 1, as many as keep the lengths (one more at the far end
   * where the number is odd, as in PyTorch).
   * @defaultValue 0
   */
  readonly padding?: PerAxis | "same";
  /**
   * Distance between the elements that the kernel reads.
   * @defaultValue 1
   */
  readonly dilation?: PerAxis;
  /**
   * Groups of channels that do not see each other; divides both channel counts. `inputs` groups: a depthwise convolution.
   * @defaultValue 1
   */
  readonly groups?: number;
  /**
   * Adds a learnt number per output channel, which starts uniform in ±1/√fanIn.
   * @defaultValue true
   */
  readonly bias?: boolean;
  /**
   * Initialiser of the weight.
   * @defaultValue kaimingUniform(), as in PyTorch
   */
  readonly weight?: Initializer;
}

/** Options of {@link convTranspose2d}. */
export interface ConvTransposeOptions extends Omit<ConvOptions, "padding"> {
  /**
   * Rows and columns cut from both ends of the output: the padding of the convolution that this one turns round.
   * @defaultValue 0
   */
  readonly padding?: PerAxis;
  /**
   * Rows and columns added at the far end: a strided convolution gives several input lengths one output length, and this chooses.
   * @defaultValue 0
   */
  readonly outputPadding?: PerAxis;
}

interface Geometry {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly groups: number;
}

function geometryOf(api: string, axes: number, options: Omit<ConvOptions, "padding">): Geometry {
  const { inputs, outputs, groups = 1 } = options;
  requirePositive(api, { inputs, outputs, groups });
  requireThat(
    inputs % groups === 0 && outputs % groups === 0,
    api,
    "groups",
    groups,
    `must divide ${inputs} input and ${outputs} output channels`,
  );
  return {
    kernel: perAxis(api, "kernel", options.kernel, axes, 1),
    strides: perAxis(api, "stride", options.stride ?? 1, axes, 1),
    dilations: perAxis(api, "dilation", options.dilation ?? 1, axes, 1),
    groups,
  };
}

/** ONNX `pads`: all begins, then all ends. */
function padsOf(api: string, padding: PerAxis | "same", { kernel, strides, dilations }: Geometry): number[] {
  if (padding !== "same") {
    const each = perAxis(api, "padding", padding, kernel.length, 0);
    return [...each, ...each];
  }
  requireThat(
    strides.every((stride) => stride === 1),
    api,
    "padding",
    '"same"',
    "needs stride 1",
  );
  const total = kernel.map((length, axis) => (length - 1) * (dilations[axis] as number));
  return [...total.map((count) => Math.floor(count / 2)), ...total.map((count) => Math.ceil(count / 2))];
}

function conv(api: string, axes: number, options: ConvOptions): Layer {
  const { inputs, outputs, padding = 0, bias = true, weight = kaimingUniform() } = options;
  const geometry = geometryOf(api, axes, options);
  const { kernel, strides, dilations, groups } = geometry;
  const pads = padsOf(api, padding, geometry);
  const shape = [outputs, inputs / groups, ...kernel];
  return layer(
    {
      weight: parameter(shape, weight),
      bias: bias ? parameter([outputs], uniformBias(fansOf(shape).fanIn)) : null,
    },
    (parts, x: Value, scope) => {
      requireChannels(api, scope, x, inputs, { least: axes, most: axes });
      const operands = parts.bias === null ? [x, parts.weight] : [x, parts.weight, parts.bias];
      return scope.g.op("Conv", operands, { kernel_shape: kernel, strides, dilations, pads, group: groups });
    },
  );
}

/**
 * Slides learnt filters along one axis.
 *
 * @shape x [batch, inputs, length] → [batch, outputs, length']; weight [outputs, inputs/groups, kernel], bias [outputs];
 * length' = ⌊(length + 2·padding − dilation·(kernel − 1) − 1)/stride⌋ + 1
 * @param options - See {@link ConvOptions}.
 * @returns The layer, with parameters `weight` and `bias`.
 * @throws RangeError if an option is out of range. ShapeError when applied to an input that is not [batch, inputs, length] or is
 * shorter than the kernel.
 */
export function conv1d(options: ConvOptions): Layer {
  return conv("conv1d", 1, options);
}

/**
 * Slides learnt filters over images.
 *
 * @shape x [batch, inputs, height, width] (NCHW) → [batch, outputs, height', width']; weight [outputs, inputs/groups, kernel
 * height, kernel width] (OIHW), bias [outputs]; lengths as in {@link conv1d}
 * @param options - See {@link ConvOptions}.
 * @returns The layer, with parameters `weight` and `bias`.
 * @throws RangeError if an option is out of range. ShapeError when applied to an input that is not [batch, inputs, height, width]
 * or is smaller than the kernel.
 *
 * @example A filter bank
 * ```ts
 * import assert from "node:assert/strict";
 * import { conv2d, flattenParameters } from "cameo/nn";
 *
 * const parameters = flattenParameters(conv2d({ inputs: 3, outputs: 8, kernel: 5, padding: "same" }).parameters);
 * assert.deepEqual(parameters.get("weight")?.shape, [8, 3, 5, 5]);
 * ```
 */
export function conv2d(options: ConvOptions): Layer {
  return conv("conv2d", 2, options);
}

/**
 * The transpose of a convolution over images: each input pixel adds a learnt patch to the output. With stride 2 it doubles
 * height and width: decoders, generators, segmentation.
 *
 * @shape x [batch, inputs, height, width] (NCHW) → [batch, outputs, height', width']; weight [inputs, outputs/groups, kernel
 * height, kernel width] (IOHW), bias [outputs]; height' = (height − 1)·stride − 2·padding + dilation·(kernel − 1) + outputPadding + 1
 * @param options - See {@link ConvTransposeOptions}.
 * @returns The layer, with parameters `weight` and `bias`.
 * @throws RangeError if an option is out of range. ShapeError when applied to an input that is not [batch, inputs, height, width].
 */
export function convTranspose2d(options: ConvTransposeOptions): Layer {
  const api = "convTranspose2d";
  const { inputs, outputs, padding = 0, bias = true, weight = kaimingUniform() } = options;
  const geometry = geometryOf(api, 2, options);
  const { kernel, strides, dilations, groups } = geometry;
  const pads = padsOf(api, padding, geometry);
  const extra = perAxis(api, "outputPadding", options.outputPadding ?? 0, 2, 0);
  requireThat(
    extra.every((count, axis) => count < Math.max(strides[axis] as number, dilations[axis] as number)),
    api,
    "outputPadding",
    `[${extra.join(", ")}]`,
    "must be below stride or dilation",
  );
  const shape = [inputs, outputs / groups, ...kernel];
  // PyTorch counts the fan of a transposed weight as if it were a plain one.
  const fanIn = (outputs / groups) * sizeOf(kernel);
  return layer(
    { weight: parameter(shape, weight), bias: bias ? parameter([outputs], uniformBias(fanIn)) : null },
    (parts, x: Value, scope) => {
      requireChannels(api, scope, x, inputs, { least: 2, most: 2 });
      const operands = parts.bias === null ? [x, parts.weight] : [x, parts.weight, parts.bias];
      const attributes = { kernel_shape: kernel, strides, dilations, pads, group: groups, output_padding: extra };
      return scope.g.op("ConvTranspose", operands, attributes);
    },
  );
}
