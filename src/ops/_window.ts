/** Sliding windows: where convolutions and pools read along each spatial axis, and how many outputs they give. */

import { formatShape, type Shape } from "../tensor/shape.ts";
import { failShape } from "./_infer.ts";
import { type AttributeField, optional, string } from "./operator.ts";

/** Attributes that Conv and all pools have. */
export interface WindowAttributes {
  auto_pad: string;
  dilations: readonly number[] | null;
  pads: readonly number[] | null;
  strides: readonly number[] | null;
}

/** Fields of {@link WindowAttributes}, to spread into an operator's own. */
export const windowAttributes: { readonly [K in keyof WindowAttributes]: AttributeField<WindowAttributes[K]> } = {
  auto_pad: string("NOTSET"),
  dilations: optional("ints"),
  pads: optional("ints"),
  strides: optional("ints"),
};

/** A window over one spatial axis, with padding made explicit. Output o reads input positions o·stride − begin + k·dilation. */
export interface Window {
  /** Elements that the window reads. */
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before and after the axis. */
  readonly begin: number;
  readonly end: number;
}

/** Positions from the first element that a window reads to its last, both counted. */
export function reachOf({ kernel, dilation }: Pick<Window, "kernel" | "dilation">): number {
  return (kernel - 1) * dilation + 1;
}

/** Checks the lists of the attributes against the number of spatial axes and fills in their defaults. */
export function listsOf(
  op: string,
  ndim: number,
  attributes: WindowAttributes,
): { strides: readonly number[]; dilations: readonly number[]; pads: readonly number[] } {
  const read = (name: "strides" | "dilations" | "pads", length: number, least: number): readonly number[] => {
    const list = attributes[name] ?? new Array<number>(length).fill(least);
    if (list.length !== length || list.some((value) => value < least))
      failShape(op, `use ${name}`, `got ${formatShape(list)}`, `needs ${length} numbers of at least ${least}`);
    return list;
  };
  if (!["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"].includes(attributes.auto_pad))
    failShape(op, "use auto_pad", `got "${attributes.auto_pad}"`, "must be NOTSET, SAME_UPPER, SAME_LOWER or VALID");
  return { strides: read("strides", ndim, 1), dilations: read("dilations", ndim, 1), pads: read("pads", 2 * ndim, 0) };
}

/**
 * The windows of a Conv or a pool, one per spatial axis, with `auto_pad` worked out.
 *
 * @param op - Name for error messages.
 * @param spatial - Input lengths without batch and channels.
 * @param kernel - Window lengths.
 */
export function windowsOf(op: string, spatial: Shape, kernel: Shape, attributes: WindowAttributes): Window[] {
  if (kernel.length !== spatial.length || kernel.some((length) => length < 1))
    failShape(
      op,
      `slide over ${formatShape(spatial)}`,
      `got kernel ${formatShape(kernel)}`,
      "needs a length of at least 1 per spatial axis",
    );
  const ndim = spatial.length;
  const { strides, dilations, pads } = listsOf(op, ndim, attributes);
  return spatial.map((length, axis) => {
    const base = {
      kernel: kernel[axis] as number,
      stride: strides[axis] as number,
      dilation: dilations[axis] as number,
    };
    if (attributes.auto_pad === "NOTSET")
      return { ...base, begin: pads[axis] as number, end: pads[ndim + axis] as number };
    if (attributes.auto_pad === "VALID") return { ...base, begin: 0, end: 0 };
    if (base.dilation > 1)
      failShape(
        op,
        `use auto_pad ${attributes.auto_pad}`,
        `got dilation ${base.dilation}`,
        "ONNX Runtime pads so for dilation 1 only; write pads out",
      );
    const total = Math.max(0, (Math.ceil(length / base.stride) - 1) * base.stride + reachOf(base) - length);
    const less = Math.floor(total / 2);
    return attributes.auto_pad === "SAME_UPPER"
      ? { ...base, begin: less, end: total - less }
      : { ...base, begin: total - less, end: less };
  });
}

/**
 * Number of window positions along an axis of `length`. With `ceil` a last window may reach past the padded end, if it
 * begins inside the input or the padding before it.
 */
export function outputLength(op: string, length: number, window: Window, ceil = false): number {
  const free = length + window.begin + window.end - reachOf(window);
  if (free < 0)
    failShape(
      op,
      "place a window",
      `it reaches over ${reachOf(window)} elements`,
      `the padded axis has ${length + window.begin + window.end}`,
    );
  if (!ceil) return Math.floor(free / window.stride) + 1;
  const count = Math.ceil(free / window.stride) + 1;
  return (count - 1) * window.stride >= length + window.begin ? count - 1 : count;
}

/** ONNX `pads`: all begins, then all ends. */
export function padsOf(windows: readonly Pick<Window, "begin" | "end">[]): number[] {
  return [...windows.map((window) => window.begin), ...windows.map((window) => window.end)];
}
