/** The windows of a ConvTranspose: those of the Conv of which it is the transpose. */

import { formatShape, type Shape } from "../tensor/shape.ts";
import { unreadBy } from "./_convolve.ts";
import { failShape } from "./_infer.ts";
import { listsOf, reachOf, type Window, type WindowAttributes } from "./_window.ts";

/** Attributes that say where the windows are. */
export interface TransposedAttributes extends WindowAttributes {
  output_padding: readonly number[] | null;
  output_shape: readonly number[] | null;
}

/** Windows of the Conv of which this is the transpose, and the lengths that it reads: the output's. */
export function transposedWindows(
  op: string,
  spatial: Shape,
  kernel: Shape,
  attributes: TransposedAttributes,
): { windows: Window[]; lengths: number[] } {
  const ndim = spatial.length;
  const { strides, dilations, pads } = listsOf(op, ndim, attributes);
  const extra = attributes.output_padding ?? spatial.map(() => 0);
  // Older files write output_shape with batch and channels in front.
  const wanted = attributes.output_shape?.slice(-ndim);
  if (extra.length !== ndim || extra.some((count, i) => count < 0 || count >= (strides[i] as number)))
    failShape(
      op,
      "use output_padding",
      `got ${formatShape(extra)}`,
      "needs one number per spatial axis, less than its stride",
    );
  if (wanted && wanted.length !== ndim)
    failShape(op, "use output_shape", `got ${formatShape(wanted)}`, `needs ${ndim} lengths`);
  const lengths: number[] = [];
  const windows = spatial.map((length, axis): Window => {
    const base = {
      kernel: kernel[axis] as number,
      stride: strides[axis] as number,
      dilation: dilations[axis] as number,
    };
    const whole = (length - 1) * base.stride + (extra[axis] as number) + reachOf(base);
    const same = attributes.auto_pad.startsWith("SAME") ? length * base.stride : undefined;
    const target = wanted?.[axis] ?? same;
    let [begin, end] = attributes.auto_pad === "NOTSET" ? [pads[axis] as number, pads[ndim + axis] as number] : [0, 0];
    if (target !== undefined) {
      const total = Math.max(0, whole - target);
      const less = Math.floor(total / 2);
      [begin, end] = attributes.auto_pad === "SAME_UPPER" ? [less, total - less] : [total - less, less];
    }
    const window = { ...base, begin, end };
    const output = wanted?.[axis] ?? whole - begin - end;
    const unread = unreadBy(window, output, length);
    if (wanted && (unread < 0 || unread >= base.stride))
      failShape(
        op,
        "use output_shape",
        `got ${output} for axis ${axis + 2}`,
        `a Conv over it would not give back ${length}`,
      );
    lengths.push(output);
    return window;
  });
  return { windows, lengths };
}
